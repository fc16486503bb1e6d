/** Takes queued jobs out of regions that another one could relieve: the attempt ends here first, then its region is told, then the job waits for a new one. */
import { waitAgain } from '@longshore/shared-schema/job/dispatch';
import { type Move, planMoves, unsharedMoves } from '../core/plan-moves.ts';
import type { JobRow } from './job-table.ts';
import { type StoreParts, saveJob, transact } from './store-parts.ts';

/** Jobs that move in one transaction. */
const BATCH = 200;
/** How long a move waits for the region to take the attempts out of its queue, so that they do not start there all the same. */
const REVOKE_WAIT_MS = 2_000;

/** Moves what has to move; true when jobs now wait for a region. `shards`: each moves its part. */
export async function moveQueued(parts: StoreParts, shards: number): Promise<boolean> {
	const { regions } = await parts.dispatcher.routes();
	let moved = false;
	const limits = parts.dispatcher.moveLimits;
	for (const move of [...unsharedMoves(regions, limits), ...planMoves(regions, limits)]) {
		if (move.reason === 'gone') lookAtRunning(parts, move.from);
		for (let left = Math.ceil(move.count / shards); left > 0; left -= BATCH) {
			const rows = takeOut(parts, move, Math.min(left, BATCH));
			moved ||= rows.length > 0;
			if (move.reason !== 'gone' && rows.length > 0) {
				await Promise.race([parts.dispatcher.revoke(rows.map(({ job }) => job)), scheduler.wait(REVOKE_WAIT_MS)]);
			}
			if (rows.length < BATCH) break;
		}
	}
	return moved;
}

/** Oldest first. From here on every report of their attempts is stale. */
function takeOut(parts: StoreParts, { from, reason }: Move, limit: number): readonly JobRow[] {
	const now = Date.now();
	return transact(parts, () => {
		const rows = parts.jobs.queuedIn(from, reason === 'gone' || reason === 'unshared', limit);
		for (const row of rows) saveJob(parts, row, { ...waitAgain(row.job, now), nextAt: now });
		return rows;
	});
}

/** The region's running jobs are lost: their watch is due now, not when it would next have come round. */
function lookAtRunning(parts: StoreParts, region: string): void {
	const now = Date.now();
	transact(parts, () => {
		for (const row of parts.jobs.runningIn(region)) if (row.job.nextAt > now) saveJob(parts, row, { ...row.job, nextAt: now });
	});
}
