/**
 * Ends attempts whose worker says that it holds no job and yet never told how they ended. An SDK that cannot write a handler's result as
 * JSON (a date, a set, bytes, half a surrogate pair) logs that and goes on: without this the job would wait for its execution timeout.
 */
import type { Endings } from './endings.ts';
import type { Host } from './host.ts';
import type { Attempt, Worker } from './worker.ts';

/** What the job's owner reads. */
export const NO_RESULT =
	"the worker is done with this job but could not send its result: most often the handler returned something that is no JSON (a date, a set, bytes, a NumPy number); the job's log says what";

export interface LostResults {
	/** A take says that the worker holds no job. */
	seenIdle(worker: Worker): void;
}

/**
 * One such take may have crossed the job on its way to the worker, so the next one decides: the open takes are released after a while,
 * because the worker would be silent for as long as they are held.
 */
export function createLostResults(host: Host, endings: Pick<Endings, 'finish'>): LostResults {
	const { clock, log, timers } = host;
	const suspectedAtMs = new WeakMap<Attempt, number>();
	const askAgain = (worker: Worker): void => {
		const isOpen = [...worker.jobs.values()].some((attempt) => suspectedAtMs.has(attempt));
		if (isOpen) for (const take of [...worker.takes]) take.release();
	};
	return {
		seenIdle(worker) {
			const nowMs = clock.nowMs();
			for (const attempt of [...worker.jobs.values()]) {
				if (attempt.state !== 'running') continue;
				const sinceMs = suspectedAtMs.get(attempt);
				if (sinceMs === undefined || nowMs - sinceMs > 10 * timers.lostResultMs) {
					suspectedAtMs.set(attempt, nowMs);
					setTimeout(askAgain, timers.lostResultMs, worker).unref();
				} else if (nowMs - sinceMs >= timers.lostResultMs / 2) {
					log.warn('a worker is done with a job and sent no result', { workerId: worker.id, jobId: attempt.job.id });
					endings.finish(worker, attempt, { output: null, error: NO_RESULT });
				}
			}
		},
	};
}
