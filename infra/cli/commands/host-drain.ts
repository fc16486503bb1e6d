/** `longshore host cordon|drain|undrain`: takes hosts out of service before maintenance and puts them back. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { notFound } from '../api/client.ts';
import { type HostView, hostsOf, listRegions } from '../api/regions.ts';
import { Failure } from '../failure.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';
import { parseDurationMs } from '../terminal/duration.ts';
import { withProgress } from '../terminal/progress.ts';

const POLL_MS = 500;

/** A region's answer about one host. */
interface HostState {
	readonly id: string;
	readonly duty: 'open' | 'cordoned' | 'drained';
	readonly workers: number;
	readonly jobs: number;
}

export function addHostDrain(host: Command): void {
	define(host, 'drain <host>', 'Take no new work: idle workers stop, busy ones finish', [
		['longshore host drain eu-ro-1-a', 'waits until the host is empty'],
		['longshore host drain eu-ro-1-a --no-wait', 'only gives the order'],
	])
		.option('--no-wait', 'do not wait until the host is empty')
		.option('--timeout <duration>', 'wait at most this long', '30m')
		.action(withSession(drain));
	define(host, 'cordon <host>', 'Start no new workers; those that are there work on').action(
		withSession((session: Session, id: string) => order(session, id, 'cordon', `host ${id} starts no new workers; those that are there work on`)),
	);
	define(host, 'undrain <host>', 'Put a drained or cordoned host back to work')
		.alias('uncordon')
		.action(withSession((session: Session, id: string) => order(session, id, 'undrain', `host ${id} takes work again`)));
}

async function drain(session: Session, id: string, flags: { readonly wait: boolean; readonly timeout: string }): Promise<void> {
	const deadlineMs = performance.now() + parseDurationMs(flags.timeout, '--timeout');
	const host = await findHost(session, id);
	let state = await send(session, host, 'drain');
	if (flags.wait) state = await untilEmpty(session, host, state, deadlineMs);
	session.show(state, () => []);
	const busy =
		state.workers > 0 ? `; ${state.workers} ${state.workers === 1 ? 'worker' : 'workers'} with ${state.jobs} ${state.jobs === 1 ? 'job' : 'jobs'} finish first` : ' and is empty';
	session.done(`host ${id} takes no new work${busy}`, [`longshore host undrain ${id}`]);
}

async function untilEmpty(session: Session, host: HostView, first: HostState, deadlineMs: number): Promise<HostState> {
	return withProgress(session.terminal, `host ${host.id} drains`, async (progress) => {
		let state = first;
		while (state.workers > 0) {
			if (performance.now() >= deadlineMs)
				throw new Failure(
					`host ${host.id} still has ${state.workers} workers with ${state.jobs} jobs; the drain goes on`,
					`Wait on: longshore host drain ${host.id}\nOr put it back: longshore host undrain ${host.id}`,
				);
			progress.update(`host ${host.id} drains: ${state.workers} workers, ${state.jobs} jobs to finish`);
			await sleep(POLL_MS);
			const answer = await session.region(host.region, await urlOf(session, host.region)).call('GET', `/operator/v1/hosts/${host.id}`);
			state = answer as unknown as HostState;
		}
		return state;
	});
}

async function order(session: Session, id: string, verb: 'cordon' | 'undrain', done: string): Promise<void> {
	const state = await send(session, await findHost(session, id), verb);
	session.show(state, () => []);
	session.done(done, verb === 'cordon' ? [`longshore host drain ${id}`, `longshore host undrain ${id}`] : ['longshore host list']);
}

async function send(session: Session, host: HostView, verb: 'cordon' | 'drain' | 'undrain'): Promise<HostState> {
	return (await session.region(host.region, await urlOf(session, host.region)).call('POST', `/operator/v1/hosts/${host.id}/${verb}`)) as unknown as HostState;
}

async function findHost(session: Session, id: string): Promise<HostView> {
	const hosts = hostsOf(await listRegions(session));
	const found = hosts.find((host) => host.id === id);
	if (found !== undefined) return found;
	throw notFound(
		'host',
		id,
		hosts.map((host) => host.id),
		'longshore host list',
	);
}

/** The region's address as this machine reaches it: a local stack's own list, else what the edge uses. */
async function urlOf(session: Session, region: string): Promise<string> {
	const local = session.context.local?.regions.find(({ id }) => id === region);
	if (local !== undefined) return local.url;
	const [known] = await listRegions(session, region);
	return known?.url ?? '';
}
