/** Applies a host's report to a job: only the current attempt counts, terminal is final, progress never reopens. Pure. */
import type { JobEvent, Verdict } from '../wire/region.ts';
import { EXECUTION_TIMEOUT_TEXT, endJob, loseAttempt } from './finish.ts';
import { isTerminal, type Job } from './job.ts';
import type { JobTimers } from './settings.ts';
import { nextWatch } from './watch.ts';

/** `job` is the new record, or null when nothing changes. `keep` says which text of the event is to be stored. */
export interface ReportOutcome {
	readonly verdict: Verdict;
	readonly job: Job | null;
	readonly keep: 'nothing' | 'output' | 'progress' | 'chunk';
}

const stop: ReportOutcome = { verdict: 'stop', job: null, keep: 'nothing' };

/** `region` is the signer of the batch. */
export function applyReport(job: Job | null, event: JobEvent, region: string, now: number, timers: JobTimers): ReportOutcome {
	if (job === null || event.epoch !== job.epoch) return stop;
	if (isTerminal(job.phase)) return { verdict: isRepeat(job, event) ? 'duplicate' : 'stop', job: null, keep: 'nothing' };
	if (event.token !== job.token || region !== job.region || now >= job.ttlAt) return stop;
	switch (event.kind) {
		case 'started':
			return job.phase === 'running' ? startAgain(job, event) : { verdict: 'accepted', job: startJob(job, event, now, timers), keep: 'nothing' };
		case 'progress':
		case 'chunk':
			return { verdict: 'accepted', job: job.phase === 'running' ? null : startJob(job, event, now, timers), keep: event.kind };
		case 'result':
			return { verdict: 'accepted', job: endByResult(job, event, now, timers), keep: 'output' };
		case 'lost':
			return { verdict: 'accepted', job: loseAttempt(job, event.reason, now, timers), keep: 'nothing' };
	}
}

/** A claim of the current attempt by a worker: the started job, or null for `drop`. */
export function grantClaim(
	job: Job | null,
	claim: { epoch: number; token: string; hostBoot: string; workerId: string },
	region: string,
	now: number,
	timers: JobTimers,
): Job | null {
	if (job === null || isTerminal(job.phase) || now >= job.ttlAt) return null;
	if (claim.epoch !== job.epoch || claim.token !== job.token || region !== job.region) return null;
	if (job.phase === 'running' && job.hostBoot !== claim.hostBoot) return null;
	return startJob(job, { ...claim, agoMs: 0 }, now, timers);
}

function startJob(job: Job, by: { hostBoot: string; workerId: string; agoMs: number }, now: number, timers: JobTimers): Job {
	const startedAt = clampStart(job, now - by.agoMs, now);
	return { ...job, phase: 'running', startedAt, hostBoot: by.hostBoot, workerId: by.workerId, nextAt: nextWatch(job, startedAt, now, timers) };
}

/**
 * Two hosts with one attempt can only come from a repeated delivery after its start: the first keeps it. A host never gives one attempt
 * to two workers; when it names another, the first one was a guess (a claim is made before a worker takes the job) or was gone before it had it.
 */
function startAgain(job: Job, event: JobEvent): ReportOutcome {
	if (job.hostBoot !== event.hostBoot) return stop;
	if (job.workerId === event.workerId) return { verdict: 'duplicate', job: null, keep: 'nothing' };
	return { verdict: 'accepted', job: { ...job, workerId: event.workerId }, keep: 'nothing' };
}

function endByResult(job: Job, event: Extract<JobEvent, { kind: 'result' }>, now: number, timers: JobTimers): Job {
	const startedAt = job.startedAt ?? clampStart(job, now - event.agoMs - event.executionMs, now);
	const error = event.cause === 'execution_timeout' ? EXECUTION_TIMEOUT_TEXT : (event.error ?? null);
	const ended = endJob(job, { phase: error === null ? 'completed' : 'failed', error, executionMs: Math.round(event.executionMs) }, now, timers);
	return { ...ended, startedAt, hostBoot: event.hostBoot, workerId: event.workerId };
}

function isRepeat(job: Job, event: JobEvent): boolean {
	return event.kind === 'result' && event.workerId === job.workerId && (job.phase === 'completed' || job.phase === 'failed');
}

function clampStart(job: Job, at: number, now: number): number {
	return Math.round(Math.min(now, Math.max(at, job.sentAt)));
}
