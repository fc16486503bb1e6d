/** A job's record as the JobStore keeps it, and the predicates over its phase. */

/**
 * Where a job is. `waiting`: no region has it. `sent`: its dispatch left, unanswered. `queued`: a region acknowledged it.
 * `running`: a worker has it. The last four are terminal and final.
 */
export type JobPhase = 'waiting' | 'sent' | 'queued' | 'running' | 'completed' | 'failed' | 'cancelled' | 'timed_out';

/** One job without its payload and output texts. All times are epoch milliseconds of the JobStore's clock. */
export interface Job {
	readonly id: string;
	/** Came by `/runsync`: its result is kept for the sync retention. */
	readonly sync: boolean;
	readonly createdAt: number;
	readonly ttlAt: number;
	readonly executionTimeoutMs: number;
	readonly lowPriority: boolean;
	readonly retriesMax: number;
	readonly phase: JobPhase;
	/** Number of the current attempt; 0 before the first. Only its reports count. */
	readonly epoch: number;
	readonly region: string | null;
	/** Secret of the current attempt. */
	readonly token: string | null;
	/** Stream sequence in the region, 0 when unknown. */
	readonly seq: number;
	/** When the current attempt was first sent. */
	readonly sentAt: number;
	readonly startedAt: number | null;
	readonly hostBoot: string | null;
	readonly workerId: string | null;
	/** New attempts after lost workers. */
	readonly retries: number;
	/** Dispatches refused in a row. */
	readonly refusals: number;
	/** Next timer of the phase. */
	readonly nextAt: number;
	readonly executionMs: number | null;
	readonly endedAt: number | null;
	/** When a terminal job's record is deleted. */
	readonly expiresAt: number | null;
	readonly error: string | null;
}

const TERMINAL: ReadonlySet<JobPhase> = new Set(['completed', 'failed', 'cancelled', 'timed_out']);

export const isTerminal = (phase: JobPhase): boolean => TERMINAL.has(phase);
/** Not yet with a worker. */
export const isQueued = (phase: JobPhase): boolean => phase === 'waiting' || phase === 'sent' || phase === 'queued';

/** When the job next needs attention: its record's expiry, or the earlier of its phase's timer and its TTL. */
export function dueAt(job: Job): number {
	return job.expiresAt ?? Math.min(job.nextAt, job.ttlAt);
}

/** Whether the record no longer exists for any reader, deleted or not yet. */
export function isExpired(job: Job, now: number): boolean {
	return job.expiresAt !== null && now >= job.expiresAt;
}
