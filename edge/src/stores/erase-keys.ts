/** Destroys the keys of texts whose time is over; what still lives under one moves to a newer key first. */
import { isExpired } from '@longshore/shared-schema/job/job';
import { logError } from '../log.ts';
import { type StoreParts, transact } from './store-parts.ts';
import { isSyncKey } from './text-keys.ts';

/** Rows looked at in one turn: those who wait behind it wait no longer than some milliseconds. */
const LOOK_ROWS = 2_000;
/** The number of no key: texts from before there were keys. */
const UNSEALED = 0;
/** Bytes of text sealed anew in one turn, but at least one job's. */
const MOVE_BYTES_MAX = 1024 * 1024;

/** Never rejects: what could not be done is due again. A job moves whole, in one transaction, so that other calls may come in between. */
export async function eraseKeys(parts: StoreParts, now: number): Promise<void> {
	if (!parts.keys.begin(now)) return;
	try {
		await erase(parts, now);
	} catch (error) {
		logError('keys not destroyed', error);
	} finally {
		parts.keys.finish();
	}
}

async function erase(parts: StoreParts, now: number): Promise<void> {
	if (parts.jobs.underKey(UNSEALED) > 0) await moveJobs(parts, UNSEALED);
	const over = parts.keys.over(now);
	for (const gen of over) await moveJobs(parts, gen);
	await parts.keys.destroy(over.filter((gen) => parts.jobs.underKey(gen) === 0));
}

/** Seals the texts of every job under `gen` with the key that new ones get. */
async function moveJobs(parts: StoreParts, gen: number): Promise<void> {
	for (let after: number | null = 0; after !== null && parts.jobs.underKey(gen) > 0; await scheduler.wait(0)) {
		for (const sync of gen === UNSEALED ? [false, true] : [isSyncKey(gen)]) await parts.keys.ready(sync, Date.now());
		after = moveSome(parts, gen, after);
	}
}

/** One turn; where to go on, null at the end. */
function moveSome(parts: StoreParts, gen: number, after: number): number | null {
	return transact(parts, () => {
		const { rows, last } = parts.jobs.someUnderKey(gen, after, LOOK_ROWS);
		let bytes = 0;
		for (const row of rows) {
			if (isExpired(row.job, Date.now())) continue; // The sweep is about to delete it.
			const to = parts.keys.current(row.job.sync);
			parts.texts.moveToKey(row.n, gen, to);
			parts.webhooks.moveToKey(row.n, gen, to);
			parts.jobs.moveToKey(row, to);
			bytes += row.payloadBytes + (row.outputBytes ?? 0);
			if (bytes > MOVE_BYTES_MAX) return row.n;
		}
		return last;
	});
}
