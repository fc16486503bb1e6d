/** `POST revoke`: takes attempts back, out of the stream when no host can have seen them, else by telling the hosts, or not at all where only untaken ones are asked for. */

import type { HostCommand } from '@longshore/shared-schema/wire/bus';
import { type AttemptRef, attemptRefs, type RevokeAnswer } from '@longshore/shared-schema/wire/region';
import type { Bus } from '../bus/bus.ts';
import type { Registry } from '../fleet/registry.ts';
import { errorText, type Log } from '../log.ts';
import { type Answer, badRequest, unavailable } from './answer.ts';
import { mapBounded } from './bounded.ts';

const AT_ONCE = 32;
/** Two tokens, so no endpoint's consumer (`jobs.<endpoint>.>`) ever delivers it. */
const TOMBSTONE_SUBJECT = 'jobs.revoked';

export interface RevokeOptions {
	readonly bus: Pick<Bus, 'isReady' | 'jobMessageId' | 'deleteJobMessage' | 'jobConsumer' | 'publishJob'>;
	readonly registry: Registry;
	readonly command: (hostId: string, command: HostCommand) => Promise<unknown>;
	readonly onRevoked: (endpointIds: ReadonlySet<string>) => void;
	readonly log: Log;
}

type Removal = 'never delivered' | 'maybe delivered' | 'not there';

/** The verb over its parts. */
export function createRevoke(options: RevokeOptions): (body: unknown) => Promise<Answer> {
	return async (body) => {
		const parsed = attemptRefs.safeParse(body);
		if (!parsed.success) return badRequest(`revoke: ${parsed.error.message.slice(0, 500)}`);
		if (!options.bus.isReady()) return unavailable('NATS is not reachable from this region');
		try {
			if (parsed.data.untaken === true) return { status: 200, body: await takeUntaken(options, parsed.data.jobs) };
			const removals = await removeAll(options, parsed.data.jobs);
			const holders = options.registry.holders();
			const signalled = parsed.data.jobs.filter((job, i) => removals[i] !== 'never delivered' || holders.has(`${job.id}.${job.epoch}`));
			signal(options, signalled, holders);
			options.onRevoked(new Set(parsed.data.jobs.map((job) => job.endpointId)));
			const told = new Set(signalled);
			const answer: RevokeAnswer = { results: parsed.data.jobs.map((job) => ({ id: job.id, epoch: job.epoch, outcome: told.has(job) ? 'signalled' : 'revoked' })) };
			return { status: 200, body: answer };
		} catch (error) {
			options.log.warn('a revocation failed', { error: errorText(error) });
			return unavailable(`NATS did not answer: ${errorText(error)}`);
		}
	};
}

/** What was delivered is not touched: its host starts it, and a job that moves must not start twice. */
async function takeUntaken(options: RevokeOptions, jobs: readonly AttemptRef[]): Promise<RevokeAnswer> {
	const [holders, delivered] = [options.registry.holders(), await deliveredSeqs(options.bus, jobs)];
	const seemUntaken = jobs.filter(({ id, epoch, endpointId, seq }) => !holders.has(`${id}.${epoch}`) && (seq === 0 || seq > (delivered.get(endpointId) ?? 0)));
	const removals = await removeAll(options, seemUntaken);
	const removalOf = new Map(seemUntaken.map((job, i) => [job, removals[i]]));
	if (seemUntaken.length > 0) options.onRevoked(new Set(seemUntaken.map(({ endpointId }) => endpointId)));
	// One that was delivered between the two looks is in a host's hand without a message that would come again.
	const outcomeOf = (job: AttemptRef) => (!removalOf.has(job) ? 'taken' : removalOf.get(job) === 'never delivered' ? 'revoked' : 'unsure');
	return { results: jobs.map((job) => ({ id: job.id, epoch: job.epoch, outcome: outcomeOf(job) })) };
}

async function deliveredSeqs(bus: RevokeOptions['bus'], jobs: readonly AttemptRef[]): Promise<ReadonlyMap<string, number>> {
	const endpoints = [...new Set(jobs.map(({ endpointId }) => endpointId))];
	return new Map(await mapBounded(endpoints, AT_ONCE, async (endpointId) => [endpointId, (await bus.jobConsumer(endpointId))?.deliveredSeq ?? 0] as const));
}

async function removeAll({ bus }: RevokeOptions, jobs: readonly AttemptRef[]): Promise<Removal[]> {
	const seqs = await mapBounded(jobs, AT_ONCE, (job) => remove(bus, job));
	// Asked after the deletions: what was not delivered by then never will be.
	const delivered = await deliveredSeqs(
		bus,
		jobs.filter((_, i) => (seqs[i] ?? 0) > 0),
	);
	return jobs.map((job, i) => {
		const seq = seqs[i] ?? 0;
		if (seq < 0) return 'never delivered';
		if (seq === 0) return 'not there';
		return seq > (delivered.get(job.endpointId) ?? 0) ? 'never delivered' : 'maybe delivered';
	});
}

/** Sequence of the message that was deleted; 0 when it was not there; −1 when it was never stored and now never will be. */
async function remove(bus: RevokeOptions['bus'], job: AttemptRef): Promise<number> {
	const messageId = `${job.id}.${job.epoch}`;
	if (job.seq > 0) return (await bus.jobMessageId(job.seq)) === messageId && (await bus.deleteJobMessage(job.seq)) ? job.seq : 0;
	// The edge never learned whether it was stored. A tombstone under the same message id tells: either JetStream names the
	// original's sequence, or the tombstone takes the id and a publish still under way is dropped as its duplicate.
	const outcome = await bus.publishJob(TOMBSTONE_SUBJECT, messageId, new Uint8Array(0));
	if (outcome.kind !== 'stored') throw new Error(outcome.reason);
	if (!outcome.duplicate) {
		await bus.deleteJobMessage(outcome.seq);
		return -1;
	}
	if ((await bus.jobMessageId(outcome.seq)) !== messageId) return 0;
	return (await bus.deleteJobMessage(outcome.seq)) ? outcome.seq : 0;
}

/** Tells each holder; of an attempt without a known holder every host that runs the endpoint. Not waited for: the edge does not rely on it. */
function signal({ registry, command, log }: RevokeOptions, jobs: readonly AttemptRef[], holders: ReadonlyMap<string, string>): void {
	const byHost = new Map<string, { id: string; epoch: number }[]>();
	const workers = registry.workers();
	for (const { id, epoch, endpointId } of jobs) {
		const holder = holders.get(`${id}.${epoch}`);
		const hosts = holder !== undefined ? [holder] : new Set((workers.get(endpointId) ?? []).map((worker) => worker.hostId));
		for (const hostId of hosts) byHost.set(hostId, [...(byHost.get(hostId) ?? []), { id, epoch }]);
	}
	for (const [hostId, list] of byHost) {
		command(hostId, { op: 'stop-jobs', jobs: list }).catch((error: unknown) => log.warn('stop-jobs was not answered', { hostId, jobs: list.length, error: errorText(error) }));
	}
}
