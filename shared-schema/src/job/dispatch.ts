/** Moves of a job between the store and regions: assignment, the region's answer, the sweep. Pure. */
import type { Job } from './job.ts';
import type { JobTimers } from './settings.ts';

const REFUSAL_BACKOFF_MS_MIN = 250;
const REFUSAL_BACKOFF_MS_MAX = 15_000;

/** What a new job needs besides its payload. */
export interface NewJob {
	readonly id: string;
	readonly sync: boolean;
	readonly ttlMs: number;
	readonly executionTimeoutMs: number;
	readonly lowPriority: boolean;
	readonly retriesMax: number;
}

/** A job that no region has yet. */
export function createJob(from: NewJob, now: number): Job {
	return {
		id: from.id,
		sync: from.sync,
		createdAt: now,
		ttlAt: now + from.ttlMs,
		executionTimeoutMs: from.executionTimeoutMs,
		lowPriority: from.lowPriority,
		retriesMax: from.retriesMax,
		phase: 'waiting',
		epoch: 0,
		region: null,
		token: null,
		seq: 0,
		sentAt: now,
		startedAt: null,
		hostBoot: null,
		workerId: null,
		retries: 0,
		refusals: 0,
		nextAt: now,
		executionMs: null,
		endedAt: null,
		expiresAt: null,
		error: null,
	};
}

/** Opens a new attempt in a region. Reports of every earlier attempt are stale from here on. */
export function assignRegion(job: Job, region: string, token: string, now: number, timers: JobTimers): Job {
	return {
		...job,
		phase: 'sent',
		epoch: job.epoch + 1,
		region,
		token,
		seq: 0,
		sentAt: now,
		startedAt: null,
		hostBoot: null,
		workerId: null,
		nextAt: now + timers.dispatchConfirmMs,
	};
}

/** The region holds the attempt. Null when the answer is late: the job has moved on. */
export function acceptDispatch(job: Job, epoch: number, seq: number, now: number, timers: JobTimers): Job | null {
	if (job.phase !== 'sent' || job.epoch !== epoch) return null;
	return { ...job, phase: 'queued', seq, refusals: 0, nextAt: nextSweep(job, now, timers) };
}

/** The region surely did not take the attempt: it waits for another choice. Null when the answer is late. */
export function refuseDispatch(job: Job, epoch: number, now: number): Job | null {
	if (job.phase !== 'sent' || job.epoch !== epoch) return null;
	return waitAgain({ ...job, refusals: job.refusals + 1 }, now);
}

/** No region can take the job now: it waits, longer each time. */
export function waitAgain(job: Job, now: number): Job {
	const backoffMs = Math.min(REFUSAL_BACKOFF_MS_MIN * 2 ** Math.min(job.refusals, 10), REFUSAL_BACKOFF_MS_MAX);
	return { ...job, phase: 'waiting', region: null, token: null, seq: 0, hostBoot: null, workerId: null, startedAt: null, nextAt: now + backoffMs };
}

/** The region still has the queued attempt: look again later. */
export function keepQueued(job: Job, now: number, timers: JobTimers): Job {
	return { ...job, nextAt: nextSweep(job, now, timers) };
}

/** The first look comes after the start window, later ones at growing distance, so that a long queue is not asked about all the time. */
function nextSweep(job: Job, now: number, timers: JobTimers): number {
	const sinceSentMs = now - job.sentAt;
	return Math.max(job.sentAt + timers.startWithinMs, now + timers.sweepMs, now + Math.ceil(sinceSentMs / 2));
}
