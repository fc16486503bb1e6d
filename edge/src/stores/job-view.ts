/** A job's status answer, put together from its row and its output text. */
import { isExpired, type Job } from '@longshore/shared-schema/job/job';
import { toStatusText } from '@longshore/shared-schema/wire/runpod-job';
import type { StoreParts } from './store-parts.ts';

/** JSON text `head + output + tail`; `output` is null when `head` already holds everything up to `tail`. */
export interface JobView {
	readonly terminal: boolean;
	readonly phase: Job['phase'];
	readonly createdAt: number;
	readonly head: string;
	readonly output: ReadableStream<Uint8Array> | null;
	readonly tail: string;
}

/** The view of a job, or null when there is none or its retention is over, whether its row is deleted yet or not. */
export function viewJob(parts: StoreParts, id: string, now: number): JobView | null {
	const row = parts.jobs.find(id);
	if (row === null || isExpired(row.job, now)) return null;
	const { job, n, outputBytes } = row;
	const { head, tail } = toStatusText(job, outputBytes !== null);
	const known = { terminal: job.endedAt !== null, phase: job.phase, createdAt: job.createdAt };
	const inRow = outputBytes === null ? '' : parts.texts.outputInRow(n);
	if (inRow !== null) return { ...known, head: head + inRow, output: null, tail };
	return { ...known, head, output: streamOutput(parts, id, n), tail };
}

/** Reads a large output row by row. A read that outlives the retention breaks off: never a cut text that parses. */
export function streamOutput(parts: StoreParts, id: string, n: number): ReadableStream<Uint8Array> {
	let part = 0;
	return new ReadableStream({
		type: 'bytes',
		pull(controller) {
			const row = parts.jobs.find(id);
			if (row === null || row.n !== n || isExpired(row.job, Date.now())) {
				controller.error(new Error('the result expired while it was read'));
				return;
			}
			const bytes = parts.texts.outputPart(n, part++);
			if (bytes === null) controller.close();
			else controller.enqueue(bytes);
		},
	});
}
