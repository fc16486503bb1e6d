/** Reads of a job's stream: the classic drain, which hands each chunk out once, and reading from a place, which changes nothing. */
import { isExpired, isTerminal } from '@longshore/shared-schema/job/job';
import { type RunpodStatus, toRunpodStatus } from '@longshore/shared-schema/wire/runpod-job';
import type { StoreParts } from './store-parts.ts';
import type { StreamChunk } from './text-table.ts';
import type { Waiters } from './waiters.ts';

/** One answer carries at most about this much chunk text. */
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

/** Chunks and the state that goes with them: terminal only together with the last chunk. */
export interface StreamPart {
	readonly status: RunpodStatus;
	readonly terminal: boolean;
	/** Attempt that yielded the chunks: after a lost worker the numbers begin again. */
	readonly epoch: number;
	readonly chunks: readonly StreamChunk[];
	readonly error: string | null;
}

/** Where a reader is: the next chunk of an attempt. */
export interface StreamPlace {
	readonly epoch: number;
	readonly n: number;
}

/** Key under which readers of a job's stream wait; those who wait for its end do so under its id. */
export function streamKey(id: string): string {
	return `stream/${id}`;
}

/** A job has ended: wakes everybody who waits for anything of it. */
export function wakeReaders(waiters: Waiters, id: string): void {
	waiters.wake(id);
	waiters.wake(streamKey(id));
}

/** Waits up to `waitMs` for a chunk or the end, then takes what the earlier drains left: of several that wait, one gets a chunk. Null when there is no job. */
export function drainStream(parts: StoreParts, id: string, waitMs: number): Promise<StreamPart | null> {
	return waitFor(parts, id, waitMs, () => {
		const row = parts.jobs.find(id);
		const part = row === null ? null : readStream(parts, id, { epoch: row.job.epoch, n: parts.texts.streamFrom(row.n) });
		const last = part?.chunks.at(-1);
		// In the same turn as the read: whoever reads next must not see these chunks again.
		if (row !== null && last !== undefined) parts.texts.setStreamFrom(row.n, last.n + 1);
		return part;
	});
}

/** Waits up to `waitMs` for a chunk at `place` or the end. Null when there is no job. */
export function followStream(parts: StoreParts, id: string, place: StreamPlace, waitMs: number): Promise<StreamPart | null> {
	return waitFor(parts, id, waitMs, () => readStream(parts, id, place));
}

/** A reader who was woken for a chunk that another one took waits on. */
async function waitFor(parts: StoreParts, id: string, waitMs: number, read: () => StreamPart | null): Promise<StreamPart | null> {
	const until = Date.now() + waitMs;
	for (;;) {
		const part = read();
		const leftMs = until - Date.now();
		if (part === null || part.terminal || part.chunks.length > 0 || leftMs <= 0) return part;
		await parts.waiters.wait(streamKey(id), leftMs);
	}
}

/** A place in an earlier attempt continues at the start of the current one. */
function readStream(parts: StoreParts, id: string, place: StreamPlace): StreamPart | null {
	const row = parts.jobs.find(id);
	if (row === null || isExpired(row.job, Date.now())) return null;
	const { job, n } = row;
	const from = place.epoch === job.epoch ? place.n : 0;
	const { chunks, more } = parts.texts.streamChunks(n, from, ANSWER_BYTES_MAX);
	const terminal = isTerminal(job.phase) && !more;
	return { status: terminal || !isTerminal(job.phase) ? toRunpodStatus(job.phase) : 'IN_PROGRESS', terminal, epoch: job.epoch, chunks, error: terminal ? job.error : null };
}
