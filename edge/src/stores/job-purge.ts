/** Cancels what is queued: every job that was accepted before the call and that no worker has. */
import { endJob, PURGED_TEXT } from '@longshore/shared-schema/job/finish';
import { wakeReaders } from './job-stream.ts';
import { type StoreParts, saveJob, transact } from './store-parts.ts';

/** Jobs cancelled in one turn. */
const BATCH = 500;

/** How many jobs were cancelled. A job that is accepted while this runs stays. */
export async function purgeQueue(parts: StoreParts): Promise<number> {
	const upTo = parts.jobs.lastRow();
	let removed = 0;
	for (let batch = purgeSome(parts, upTo); batch > 0; batch = purgeSome(parts, upTo)) {
		removed += batch;
		await scheduler.wait(0);
	}
	return removed;
}

function purgeSome(parts: StoreParts, upTo: number): number {
	const now = Date.now();
	const rows = transact(parts, () => {
		const taken = parts.jobs.queued(upTo, BATCH);
		for (const row of taken) saveJob(parts, row, endJob(row.job, { phase: 'cancelled', error: PURGED_TEXT, executionMs: null }, now, parts.timers));
		return taken;
	});
	for (const { job } of rows) wakeReaders(parts.waiters, job.id);
	void parts.dispatcher.revoke(rows.filter(({ job }) => job.region !== null).map(({ job }) => job));
	return rows.length;
}
