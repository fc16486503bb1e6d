/** What the verbs of a JobStore share, and the two row operations that all of them use. */
import { dueAt, isExpired, type Job } from '@longshore/shared-schema/job/job';
import type { JobTimers } from '@longshore/shared-schema/job/settings';
import type { AlarmClock } from './alarm-clock.ts';
import type { GoneTable } from './gone-table.ts';
import type { IdempotencyTable } from './idempotency-table.ts';
import type { JobDispatcher } from './job-dispatcher.ts';
import type { JobRow, JobTable } from './job-table.ts';
import type { Tallies } from './tallies.ts';
import type { TextKeys } from './text-keys.ts';
import type { TextTable } from './text-table.ts';
import type { Waiters } from './waiters.ts';
import { UNSENT_MS, type WebhookTable } from './webhook-table.ts';

/** The parts of one JobStore object. */
export interface StoreParts {
	readonly storage: DurableObjectStorage;
	readonly jobs: JobTable;
	readonly texts: TextTable;
	readonly keys: TextKeys;
	readonly idempotency: IdempotencyTable;
	readonly gone: GoneTable;
	readonly webhooks: WebhookTable;
	readonly tallies: Tallies;
	readonly timers: JobTimers;
	readonly clock: AlarmClock;
	readonly waiters: Waiters;
	readonly dispatcher: JobDispatcher;
}

/** Runs `body` in one transaction. When it throws, rows are as they were, and so are the counts and the alarm that follow them. */
export function transact<T>(parts: StoreParts, body: () => T): T {
	const { storage, jobs, webhooks, tallies, clock } = parts;
	try {
		return storage.transactionSync(body);
	} catch (error) {
		tallies.reload(jobs.countByPhase());
		jobs.reload();
		webhooks.reload();
		clock.rang();
		const next = nextDueAt(parts, Date.now());
		if (next !== null) clock.arm(next);
		throw error;
	}
}

/** The earliest timer of jobs, webhooks, remembered keys and causes, and keys of texts, or null when there is none. Webhooks that are due are looked after in `unsentMs`: they are under way. */
export function nextDueAt({ jobs, webhooks, idempotency, gone, keys }: StoreParts, now: number, unsentMs = UNSENT_MS): number | null {
	const timers = [jobs.nextDueAt(), webhooks.nextDueAt(now, unsentMs), idempotency.nextDueAt(), gone.nextDueAt(), keys.nextEndAt()].filter((at) => at !== null);
	return timers.length === 0 ? null : Math.min(...timers);
}

/** A job that exists for readers: there and not expired. */
export function findLive({ jobs }: StoreParts, id: string, now: number): JobRow | null {
	const row = jobs.find(id);
	return row === null || isExpired(row.job, now) ? null : row;
}

/** Writes a moved job with everything that goes with a move: counts and the alarm. */
export function saveJob({ jobs, tallies, clock }: StoreParts, row: JobRow, job: Job): void {
	jobs.save(row, job);
	countMove(tallies, row.job, job);
	tallies.save();
	clock.arm(dueAt(job));
}

/** Counts what a move of a job means for `/health`. */
export function countMove(tallies: Tallies, before: Job, after: Job): void {
	if (before.phase !== after.phase) tallies.move(before.phase, after.phase);
	if (after.retries > before.retries) tallies.retried();
	if (after.phase === 'completed' && before.phase !== 'completed' && after.executionMs !== null) tallies.ran(after.executionMs);
}
