/** How attempts end: with a worker's result, by the agent's own decision, or lost. Every result is in the spool before anyone is told. */
import { INLINE_OUTPUT_BYTES_MAX } from '@longshore/shared-schema/limits';
import type { Verdict } from '@longshore/shared-schema/wire/region';
import type { Deadlines } from './deadlines.ts';
import type { Host } from './host.ts';
import type { ReportedEvent, Reporter, ResultEvent } from './reporter.ts';
import type { Spool, SpooledResult } from './spool.ts';
import type { Uploads } from './uploads.ts';
import { type Attempt, attemptKey, noteFinished, type Worker } from './worker.ts';

/** The end of an attempt. `output` is the worker's JSON text. */
export interface Ending {
	readonly output: Uint8Array | null;
	readonly error: string | null;
	readonly cause?: 'execution_timeout' | 'output_too_large';
}

export interface EndingsParts {
	readonly host: Host;
	readonly reporter: Reporter;
	readonly spool: Spool;
	readonly uploads: Uploads;
	readonly timeouts: Deadlines;
	/** A worker has one job less. */
	jobEnded(worker: Worker): void;
	/** The edge wants the attempt stopped. */
	stop(attempt: Attempt): void;
}

export interface Endings {
	finish(worker: Worker, attempt: Attempt, ending: Ending): void;
	lose(attempt: Attempt, worker: Worker | null, reason: string): void;
	/** Sends results that an earlier agent left in the spool. */
	resume(left: ReadonlyMap<string, SpooledResult>): void;
	onVerdicts(settled: readonly { readonly event: ReportedEvent; readonly verdict: Verdict }[]): void;
}

/** `endings` of one agent. */
export function createEndings(parts: EndingsParts): Endings {
	const { host, reporter, spool, uploads } = parts;
	const { clock } = host;
	/** Results without a verdict whose output lies in a file, by attempt. */
	const uploaded = new Map<string, { result: SpooledResult; atMs: number }>();

	const leaveWorker = (attempt: Attempt, worker: Worker): void => {
		worker.jobs.delete(attempt.job.id);
		noteFinished(worker, attempt.job.id);
		parts.timeouts.clear(attempt.key);
		parts.jobEnded(worker);
	};
	const send = (key: string, result: SpooledResult, atMs: number): void => {
		if (result.outputFile === null) {
			reporter.report(result.event, result.frame, atMs);
			return;
		}
		uploaded.set(key, { result, atMs });
		uploads.start(key, result.event, result.outputFile, (stored) => {
			// An output that nobody wants any more still needs its verdict, so that the result leaves the spool.
			if (!stored) host.log.warn('the edge does not take an output any more', { job: key });
			reporter.report(result.event, null, atMs);
		});
	};
	/** False when the edge wants the output again. */
	const resultIsOver = (key: string, verdict: Verdict): boolean => {
		const large = uploaded.get(key);
		if (verdict === 'upload' && large !== undefined) {
			send(key, large.result, large.atMs);
			return false;
		}
		if (verdict === 'upload') host.log.error('the edge asks for an output that was sent inline', { job: key });
		uploaded.delete(key);
		host.attempts.delete(key);
		return true;
	};
	return {
		finish(worker, attempt, ending) {
			const atMs = clock.nowMs();
			attempt.state = 'ended';
			const event = resultEvent(attempt, ending, Math.max(0, Math.round(atMs - attempt.startedAtMs)));
			const large = event.uploadedBytes !== undefined && ending.output !== null;
			const result: SpooledResult = {
				event,
				endedAtWallMs: clock.wallMs(),
				frame: large ? null : ending.output,
				outputFile: large ? spool.writeOutput(attempt.key, ending.output) : null,
			};
			spool.add(attempt.key, result);
			leaveWorker(attempt, worker);
			send(attempt.key, result, atMs);
		},
		lose(attempt, worker, reason) {
			host.attempts.delete(attempt.key);
			if (worker !== null) leaveWorker(attempt, worker);
			reporter.report({ kind: 'lost', ...identity(attempt), reason: reason.slice(0, 2_000) }, null, clock.nowMs());
		},
		resume(left) {
			for (const [key, result] of left) send(key, result, clock.nowMs() - Math.max(0, clock.wallMs() - result.endedAtWallMs));
		},
		onVerdicts(verdicts) {
			const over: string[] = [];
			for (const { event, verdict } of verdicts) {
				const key = attemptKey(event.id, event.epoch);
				if (event.kind === 'result') {
					if (resultIsOver(key, verdict)) over.push(key);
					continue;
				}
				const attempt = host.attempts.get(key);
				if (verdict === 'stop' && attempt !== undefined) parts.stop(attempt);
			}
			if (over.length > 0) spool.settle(over);
		},
	};
}

/** The fields by which an event names its attempt. */
export function identity(attempt: Attempt): { id: string; endpointId: string; epoch: number; token: string; hostBoot: string; workerId: string } {
	const { id, endpointId, epoch, token } = attempt.job;
	return { id, endpointId, epoch, token, hostBoot: attempt.hostBoot, workerId: attempt.workerId };
}

function resultEvent(attempt: Attempt, ending: Ending, executionMs: number): ResultEvent {
	const bytes = ending.output?.length;
	return {
		kind: 'result',
		...identity(attempt),
		executionMs,
		...(bytes === undefined ? {} : bytes > INLINE_OUTPUT_BYTES_MAX ? { uploadedBytes: bytes } : { bytes }),
		...(ending.error === null ? {} : { error: ending.error }),
		...(ending.cause === undefined ? {} : { cause: ending.cause }),
	};
}
