/** Stands for a worker's process while its start takes long, as the pull of an image does. */
import type { RunningWorker } from '../runtime/runtime.ts';

/** Signals give the start up; `exited` follows the worker once it runs, and tells why when it never does. */
export function startingProcess(starting: Promise<RunningWorker>, abort: AbortController): RunningWorker {
	let running: RunningWorker | null = null;
	const exited = starting.then(
		(process) => {
			running = process;
			// Given up too late to stop the start.
			if (abort.signal.aborted) process.terminate();
			return process.exited;
		},
		(error: Error) => ({ code: null, signal: null, cause: `could not be started: ${error.message}` }),
	);
	return {
		pid: 0,
		exited,
		terminate() {
			abort.abort();
			running?.terminate();
		},
		kill() {
			abort.abort();
			running?.kill();
		},
	};
}
