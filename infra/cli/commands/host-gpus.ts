/** `longshore host quarantine|release` and `longshore worker evict`: takes a GPU or a worker out of service, with the reason that others will read. */
import type { Command } from 'commander';
import { notFound } from '../api/client.ts';
import { callerOf, type RegionCaller, regionOf } from '../api/region-call.ts';
import { listRegions } from '../api/regions.ts';
import { define } from '../help.ts';
import { type Session, withSession } from '../session.ts';

interface HostState {
	readonly id: string;
	readonly gpus: number;
	readonly gpuFaults?: readonly string[];
}

export function addHostGpus(host: Command): void {
	define(host, 'quarantine <host> <gpu>', 'Take one GPU out; its workers end their jobs first', [
		['longshore host quarantine gpu-7 2 --reason "ECC errors, ticket 812"', 'GPUs are numbered as nvidia-smi does'],
	])
		.option('--reason <text>', 'what others are told')
		.action(withSession((session: Session, id: string, gpu: string, flags: { readonly reason?: string }) => setGpu(session, id, gpu, 'quarantine', flags.reason)));
	define(host, 'release <host> <gpu>', 'Let a quarantined GPU back in').action(
		withSession((session: Session, id: string, gpu: string) => setGpu(session, id, gpu, 'release', undefined)),
	);
}

export function addWorker(program: Command): void {
	const worker = define(program, 'worker', 'Single workers', [['longshore worker evict w1a2b3 --reason "hangs"', 'its jobs finish first']]).helpGroup('Operators:');
	define(worker, 'evict <worker>', 'End one worker; its jobs finish first', [
		['longshore worker evict w1a2b3 --reason "hangs"', 'see them: longshore endpoint workers embed'],
		['longshore worker evict w1a2b3 --now', 'its jobs are cut off and get another attempt'],
	])
		.option('--now', 'do not let its jobs finish')
		.option('--reason <text>', 'what others are told')
		.option('--region <id>', 'only look in this region')
		.action(withSession(evict));
}

async function setGpu(session: Session, id: string, gpu: string, verb: 'quarantine' | 'release', reason: string | undefined): Promise<void> {
	const region = await regionOf(session, undefined, id);
	const path = `/operator/v1/hosts/${encodeURIComponent(id)}/gpus/${encodeURIComponent(gpu)}/${verb}`;
	const state = (await region.call('POST', path, reason === undefined ? {} : { body: { reason } })) as unknown as HostState;
	session.show(state, () => []);
	if (verb === 'quarantine')
		session.done(`GPU ${gpu} of host ${id} is taken out; workers on it end their jobs first`, [`longshore host release ${id} ${gpu}`, 'longshore host list']);
	else session.done(`GPU ${gpu} of host ${id} is let back in`, ['longshore host list']);
}

async function evict(session: Session, id: string, flags: { readonly now?: boolean; readonly reason?: string; readonly region?: string }): Promise<void> {
	const region = await regionOfWorker(session, id, flags.region);
	const body = { ...(flags.now === true ? { now: true } : {}), ...(flags.reason === undefined ? {} : { reason: flags.reason }) };
	const answer = (await region.call('POST', `/operator/v1/workers/${encodeURIComponent(id)}/evict`, { body })) as { hostId: string; jobs: number; endpointId: string };
	session.show(answer, () => []);
	const jobs = `${answer.jobs} ${answer.jobs === 1 ? 'job' : 'jobs'}`;
	session.done(`worker ${id} on ${answer.hostId} ${flags.now === true ? `ends now, ${jobs} with it` : `ends when its ${jobs} have`}`, [
		`longshore endpoint workers ${answer.endpointId}`,
	]);
}

/** Asks region after region. */
async function regionOfWorker(session: Session, id: string, only: string | undefined): Promise<RegionCaller> {
	const known: string[] = [];
	for (const { id: regionId, url } of await listRegions(session, only)) {
		const region = callerOf(session, regionId, url);
		const { workers } = (await region.call('GET', '/operator/v1/workers')) as unknown as { workers: readonly { readonly id: string }[] };
		if (workers.some((worker) => worker.id === id)) return region;
		known.push(...workers.map((worker) => worker.id));
	}
	throw notFound('worker', id, known, 'longshore endpoint workers <endpoint>');
}
