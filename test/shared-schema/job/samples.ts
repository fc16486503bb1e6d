/** Jobs, timers and events for tests of the job machine: a sample of each, with what a test cares about put in. */
import { createJob } from '../../../shared-schema/src/job/dispatch.ts';
import type { Job } from '../../../shared-schema/src/job/job.ts';
import type { JobTimers } from '../../../shared-schema/src/job/settings.ts';
import type { Whereabouts } from '../../../shared-schema/src/job/watch.ts';
import type { JobEvent } from '../../../shared-schema/src/wire/region.ts';

export const T0 = 1_760_000_000_000;

export const timers: JobTimers = {
	retentionAsyncMs: 1_800_000,
	retentionSyncMs: 60_000,
	startWithinMs: 60_000,
	dispatchConfirmMs: 20_000,
	sweepMs: 60_000,
	watchdogGraceMs: 15_000,
	leaseCheckMs: 120_000,
};

export const present: Whereabouts = { regionGone: false, regionFailing: false, bootGone: false, askedAt: null };

/** A new job with TTL 24 h, execution timeout 10 min and one retry. */
export function newJob(over: Partial<Parameters<typeof createJob>[0]> = {}, now = T0): Job {
	return createJob({ id: 'job-1', sync: false, ttlMs: 86_400_000, executionTimeoutMs: 600_000, lowPriority: false, retriesMax: 1, ...over }, now);
}

/** An attempt under way, in the given phase. */
export function attempt(phase: 'sent' | 'queued' | 'running', over: Partial<Job> = {}): Job {
	const sent: Job = { ...newJob(), phase: 'sent', epoch: 1, region: 'eu-1', token: 'token-1-0123456789', sentAt: T0, nextAt: T0 + timers.dispatchConfirmMs };
	const started = { startedAt: T0 + 1_000, hostBoot: 'boot-1', workerId: 'worker-1' };
	return { ...sent, phase, ...(phase === 'running' ? started : {}), ...over };
}

const base = { id: 'job-1', endpointId: 'endpoint-1', epoch: 1, token: 'token-1-0123456789', hostBoot: 'boot-1', workerId: 'worker-1', agoMs: 0 };

/** A report of `attempt`'s own worker. */
export function event<K extends JobEvent['kind']>(kind: K, over: Partial<Extract<JobEvent, { kind: K }>> = {}): JobEvent {
	const own: Record<JobEvent['kind'], object> = {
		started: {},
		progress: { n: 0, bytes: 2 },
		chunk: { n: 0, bytes: 2 },
		result: { executionMs: 500, bytes: 2 },
		lost: { reason: 'exit 137' },
	};
	return { kind, ...base, ...own[kind], ...over } as JobEvent;
}
