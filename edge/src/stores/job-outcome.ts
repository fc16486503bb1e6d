/** How a job stands and what it gave, for answers that are not RunPod's. */
import { isExpired, isTerminal } from '@longshore/shared-schema/job/job';
import { type RunpodStatus, toRunpodStatus } from '@longshore/shared-schema/wire/runpod-job';
import { streamOutput } from './job-view.ts';
import type { StoreParts } from './store-parts.ts';

/** `output` is raw JSON text, a stream of it when it is large; only a completed job has one here. */
export interface JobOutcome {
	readonly terminal: boolean;
	readonly status: RunpodStatus;
	readonly error: string | null;
	readonly startedAt: number | null;
	readonly endedAt: number | null;
	readonly output: string | ReadableStream<Uint8Array> | null;
}

/** The outcome of a job, or null when there is none or its retention is over. */
export function readOutcome(parts: StoreParts, id: string, now: number): JobOutcome | null {
	const row = parts.jobs.find(id);
	if (row === null || isExpired(row.job, now)) return null;
	const { job, n, outputBytes } = row;
	const output = job.phase === 'completed' && outputBytes !== null ? (parts.texts.outputInRow(n) ?? streamOutput(parts, id, n)) : null;
	return { terminal: isTerminal(job.phase), status: toRunpodStatus(job.phase), error: job.error, startedAt: job.startedAt, endedAt: job.endedAt, output };
}
