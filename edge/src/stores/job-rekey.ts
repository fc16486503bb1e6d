/** Seals the texts of jobs that outlive their key with a newer one. */
import { isExpired } from '@longshore/shared-schema/job/job';
import type { SealedTexts } from './erase-keys.ts';
import { type StoreParts, transact } from './store-parts.ts';

/** Rows looked at in one turn: those who wait behind it wait no longer than some milliseconds. */
const LOOK_ROWS = 2_000;
/** Bytes of text sealed anew in one turn, but at least one job's. */
const MOVE_BYTES_MAX = 1024 * 1024;

/** The texts of a store's jobs. */
export function jobTexts(parts: StoreParts): SealedTexts {
	return {
		underKey: (gen) => parts.jobs.underKey(gen),
		moveSome: (gen, after) => transact(parts, () => moveSome(parts, gen, after)),
	};
}

function moveSome(parts: StoreParts, gen: number, after: number): number | null {
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
}
