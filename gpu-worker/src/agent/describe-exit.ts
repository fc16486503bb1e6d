/** Puts the end of a worker's process into words. */
import type { WorkerExit } from '../runtime/runtime.ts';

/** `exited with code 1`, `was ended by SIGKILL (out of memory)`. */
export function describeExit(exit: WorkerExit): string {
	if (exit.code === null && exit.signal === null) return `ended: ${exit.cause ?? 'nobody knows how'}`;
	const how = exit.signal === null ? `exited with code ${exit.code}` : `was ended by ${exit.signal}`;
	return exit.cause === undefined ? how : `${how} (${exit.cause})`;
}
