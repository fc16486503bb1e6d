/** What a job's own timer does when it runs out. Pure. */
import { keepQueued, waitAgain } from './dispatch.ts';
import { EXECUTION_TIMEOUT_TEXT, endJob, loseAttempt, runMs } from './finish.ts';
import { isExpired, isTerminal, type Job } from './job.ts';
import type { JobTimers } from './settings.ts';

/** What is known of the place where a job's attempt is. */
export interface Whereabouts {
	/** The region has been silent past its lease: it has fenced itself. */
	readonly regionGone: boolean;
	/** The last calls to the region found no answer. */
	readonly regionFailing: boolean;
	/** The host restarted or was given up. */
	readonly bootGone: boolean;
	/** When the region was last asked whether the host still has the attempt; null: never, as far as is remembered, or the answer is in doubt. */
	readonly askedAt: number | null;
}

/**
 * `delete`: the record is over. `dispatch`: choose a region. `resend`: the same attempt again. `ask`: is it still in the region?
 * `revoke`: ended; tell its region. `none`: only the record changed.
 */
export type WatchAction = 'delete' | 'dispatch' | 'resend' | 'ask' | 'revoke' | 'none';

/** The job after its timer ran out, and what to do about it. */
export interface WatchOutcome {
	readonly job: Job;
	readonly action: WatchAction;
}

/** Applies a timer that has run out. The caller saves the job and then acts. */
export function watchJob(job: Job, where: Whereabouts, now: number, timers: JobTimers): WatchOutcome {
	if (isTerminal(job.phase)) return { job, action: isExpired(job, now) ? 'delete' : 'none' };
	if (now >= job.ttlAt) return expireTtl(job, now, timers);
	switch (job.phase) {
		case 'sent':
			return watchSent(job, where, now, timers);
		case 'queued':
			if (where.regionGone) return { job: waitAgain(job, now), action: 'dispatch' };
			return { job: keepQueued(job, now, timers), action: 'ask' };
		case 'running':
			return watchRun(job, where, now, timers);
		default:
			return { job: { ...job, nextAt: now + timers.dispatchConfirmMs }, action: 'dispatch' };
	}
}

/** Questions about a running attempt are at most this many sweep intervals apart. */
const ASK_SWEEPS_MAX = 15;

/** When to look at a running job next: the edge's own execution timeout, or the next look at its region and host. */
export function nextWatch(job: Job, startedAt: number, now: number, timers: JobTimers): number {
	return Math.min(startedAt + job.executionTimeoutMs + timers.watchdogGraceMs, now + timers.leaseCheckMs);
}

/** A dispatch without an answer stays with its region until its start window is over: a late first delivery has to claim then, and is refused. */
function watchSent(job: Job, where: Whereabouts, now: number, timers: JobTimers): WatchOutcome {
	const windowOver = now >= job.sentAt + timers.startWithinMs;
	if (where.regionGone || (where.regionFailing && windowOver)) return { job: waitAgain(job, now), action: 'dispatch' };
	return { job: { ...job, nextAt: now + timers.dispatchConfirmMs }, action: 'resend' };
}

function watchRun(job: Job, where: Whereabouts, now: number, timers: JobTimers): WatchOutcome {
	const startedAt = job.startedAt ?? now;
	if (now >= startedAt + job.executionTimeoutMs + timers.watchdogGraceMs) {
		return { job: endJob(job, { phase: 'failed', error: EXECUTION_TIMEOUT_TEXT, executionMs: runMs(job, now) }, now, timers), action: 'revoke' };
	}
	if (where.regionGone || where.bootGone) {
		const lost = loseAttempt(job, where.regionGone ? 'its region is out of reach' : 'its host restarted or is out of reach', now, timers);
		return { job: lost, action: isTerminal(lost.phase) ? 'none' : 'dispatch' };
	}
	return { job: { ...job, nextAt: nextWatch(job, startedAt, now, timers) }, action: isAskDue(startedAt, where, now, timers) ? 'ask' : 'none' };
}

/** Nobody asks about a short run; about a long one less and less often. */
function isAskDue(startedAt: number, { askedAt }: Whereabouts, now: number, { sweepMs }: JobTimers): boolean {
	const lastAt = askedAt ?? startedAt;
	return now - lastAt >= Math.min(Math.max(sweepMs, (lastAt - startedAt) / 2), ASK_SWEEPS_MAX * sweepMs);
}

/** The region says that the attempt's host does not have it: asked again soon, so that one wrong word costs nothing. */
export function doubtRun(job: Job, now: number, timers: JobTimers): Job {
	return { ...job, nextAt: Math.min(job.nextAt, now + timers.sweepMs) };
}

function expireTtl(job: Job, now: number, timers: JobTimers): WatchOutcome {
	const where = job.phase === 'running' ? 'while it ran' : 'before a worker took it';
	const error = `job exceeded its ttl of ${job.ttlAt - job.createdAt} ms ${where}`;
	return { job: endJob(job, { phase: 'timed_out', error, executionMs: runMs(job, now) }, now, timers), action: job.region === null ? 'none' : 'revoke' };
}
