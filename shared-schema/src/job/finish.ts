/** Moves of a job into its one terminal state, and out of a lost attempt. Pure. */
import type { Job, JobPhase } from './job.ts';
import type { JobTimers } from './settings.ts';

/** What ended a job. */
export interface Ending {
	readonly phase: Extract<JobPhase, 'completed' | 'failed' | 'cancelled' | 'timed_out'>;
	readonly error: string | null;
	readonly executionMs: number | null;
}

/** The job's end: arms its retention. The caller has checked that it is not terminal. */
export function endJob(job: Job, ending: Ending, now: number, timers: JobTimers): Job {
	const retentionMs = job.sync ? timers.retentionSyncMs : timers.retentionAsyncMs;
	return { ...job, ...ending, token: null, endedAt: now, expiresAt: now + retentionMs };
}

/** Text of RunPod for a run that exceeded its limit; it ends as FAILED, not TIMED_OUT. */
export const EXECUTION_TIMEOUT_TEXT = 'executionTimeout exceeded';

/** Error of a job that `/purge-queue` took out of its queue. */
export const PURGED_TEXT = 'removed by purge-queue';

/** The attempt's worker is gone: another attempt, or FAILED when the limit of retries is reached. */
export function loseAttempt(job: Job, reason: string, now: number, timers: JobTimers): Job {
	if (job.retries >= job.retriesMax) {
		return endJob(job, { phase: 'failed', error: `job timed out after ${job.retries} retries: ${reason}`, executionMs: runMs(job, now) }, now, timers);
	}
	return {
		...job,
		phase: 'waiting',
		retries: job.retries + 1,
		refusals: 0,
		region: null,
		token: null,
		seq: 0,
		hostBoot: null,
		workerId: null,
		startedAt: null,
		nextAt: now,
	};
}

/** Time that the current attempt has run, or null before its start. */
export function runMs(job: Job, now: number): number | null {
	return job.startedAt === null ? null : Math.max(0, now - job.startedAt);
}

/** A failed or timed-out job starts anew: same id and input, TTL from now, every earlier attempt stale. Null for any other phase. */
export function retryJob(job: Job, now: number): Job | null {
	if (job.phase !== 'failed' && job.phase !== 'timed_out') return null;
	return {
		...job,
		phase: 'waiting',
		createdAt: now,
		ttlAt: now + (job.ttlAt - job.createdAt),
		retries: 0,
		refusals: 0,
		region: null,
		token: null,
		seq: 0,
		startedAt: null,
		hostBoot: null,
		workerId: null,
		nextAt: now,
		executionMs: null,
		endedAt: null,
		expiresAt: null,
		error: null,
	};
}

/** A caller shortens what is left of a result's retention; it cannot extend it. Null when nothing changes. */
export function shortenRetention(job: Job, remainingMs: number, now: number): Job | null {
	if (job.expiresAt === null || now + remainingMs >= job.expiresAt) return null;
	return { ...job, expiresAt: now + remainingMs };
}
