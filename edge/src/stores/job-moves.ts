/**
 * Takes queued jobs out of regions that another one could relieve. A region that can run them is asked first for those that no host has, so
 * that none starts twice; elsewhere, and where a host does not start what it has, the attempt ends here first, then its region is told.
 */
import { waitAgain } from '@longshore/shared-schema/job/dispatch';
import { isQueued, type Job } from '@longshore/shared-schema/job/job';
import { planMoves, unsharedMoves } from '../core/plan-moves.ts';
import type { JobRow } from './job-table.ts';
import { type StoreParts, saveJob, transact } from './store-parts.ts';

/** Jobs that move in one transaction. */
const BATCH = 200;
/** How long a move waits for the region to take the attempts out of its queue, so that they do not start there all the same. */
const REVOKE_WAIT_MS = 2_000;

/** An attempt that a host may have is left to it for this long; then it moves all the same. */
const TAKEN_GRACE_MS = 3_000;
const TAKEN_KEEP_MS = 60_000;
const UNSURE_LOOK_MS = 2_000;

/** Moves what has to move; true when jobs now wait for a region. `shards`: each moves its part. */
export async function moveQueued(parts: StoreParts, shards: number): Promise<boolean> {
	const { regions } = await parts.dispatcher.routes();
	let moved = false;
	const limits = parts.dispatcher.moveLimits;
	for (const move of [...unsharedMoves(regions, limits), ...planMoves(regions, limits)]) {
		if (move.reason === 'gone') lookAtRunning(parts, move.from);
		for (let left = Math.ceil(move.count / shards); left > 0; left -= BATCH) {
			const mayRun = move.reason === 'unable' || move.reason === 'slower';
			const rows = parts.jobs.queuedIn(move.from, !mayRun, Math.min(left, BATCH));
			const ended = mayRun ? await withdraw(parts, rows) : endAttempts(parts, rows, Date.now());
			moved ||= ended > 0;
			if (move.reason === 'unshared' && ended > 0) await revoke(parts, rows);
			if (rows.length < BATCH) break;
		}
	}
	return moved;
}

/** Moves what the region gives back unseen, and what a host has had for too long without starting it; how many. */
async function withdraw(parts: StoreParts, rows: readonly JobRow[]): Promise<number> {
	const { takenSince } = parts.dispatcher;
	const askedAt = Date.now();
	for (const [key, since] of takenSince) if (askedAt - since > TAKEN_KEEP_MS) takenSince.delete(key);
	const [overdue, young] = split(rows, ({ job }) => askedAt - (takenSince.get(attemptKey(job)) ?? askedAt) >= TAKEN_GRACE_MS);
	const outcomes = await parts.dispatcher.withdraw(young.map(({ job }) => job));
	const [free, taken] = split(young, ({ job }) => outcomes.get(attemptKey(job)) === 'revoked');
	askSoon(
		parts,
		taken.filter(({ job }) => outcomes.get(attemptKey(job)) === 'unsure'),
	);
	for (const { job } of taken) if (!takenSince.has(attemptKey(job))) takenSince.set(attemptKey(job), askedAt);
	const ended = endAttempts(parts, [...free, ...overdue], Date.now());
	if (overdue.length > 0) await revoke(parts, overdue);
	return ended;
}

/** The region is to say soon where they are: their messages are gone, so nothing else would bring one back that no host starts. */
function askSoon(parts: StoreParts, rows: readonly JobRow[]): void {
	const nextAt = Date.now() + UNSURE_LOOK_MS;
	transact(parts, () => {
		for (const row of currentOf(parts, rows)) if (row.job.nextAt > nextAt) saveJob(parts, row, { ...row.job, nextAt });
	});
}

/** Those that are still queued under the same attempt: while the region was asked a job may have started, ended or been cancelled. */
function currentOf(parts: StoreParts, rows: readonly JobRow[]): JobRow[] {
	return rows.flatMap(({ job: { id, epoch } }) => {
		const row = parts.jobs.find(id);
		return row !== null && isQueued(row.job.phase) && row.job.epoch === epoch && row.job.region !== null ? [row] : [];
	});
}

/** Those that are still queued there wait anew; from here on every report of their attempts is stale. How many. */
function endAttempts(parts: StoreParts, rows: readonly JobRow[], now: number): number {
	return transact(parts, () => {
		const current = currentOf(parts, rows);
		for (const row of current) saveJob(parts, row, { ...waitAgain(row.job, now), nextAt: now });
		return current.length;
	});
}

async function revoke(parts: StoreParts, rows: readonly JobRow[]): Promise<void> {
	await Promise.race([parts.dispatcher.revoke(rows.map(({ job }) => job)), scheduler.wait(REVOKE_WAIT_MS)]);
}

const attemptKey = ({ id, epoch }: Pick<Job, 'id' | 'epoch'>): string => `${id}.${epoch}`;

function split<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
	return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** The region's running jobs are lost: their watch is due now, not when it would next have come round. */
function lookAtRunning(parts: StoreParts, region: string): void {
	const now = Date.now();
	transact(parts, () => {
		for (const row of parts.jobs.runningIn(region)) if (row.job.nextAt > now) saveJob(parts, row, { ...row.job, nextAt: now });
	});
}
