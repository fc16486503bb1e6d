/** Waits for something that the system does by itself, and says what it saw when that does not happen. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
	/** What is waited for, in the words of the error. */
	readonly what: string;
	readonly timeoutMs?: number;
	readonly everyMs?: number;
}

/**
 * Asks `probe` until it answers something else than undefined or false, and returns that.
 * Throws an error with the last exception of the probe, or what it last saw through `note`, after `timeoutMs` (default 30 s).
 */
export async function until<T>(probe: (note: (seen: unknown) => void) => Promise<T | undefined | false> | T | undefined | false, options: WaitOptions): Promise<T> {
	const timeoutMs = options.timeoutMs ?? 30_000;
	const deadline = performance.now() + timeoutMs;
	let seen: unknown;
	for (;;) {
		const answer = await probe((value) => {
			seen = value;
		});
		if (answer !== undefined && answer !== false) return answer;
		if (performance.now() > deadline) throw new Error(`${options.what}: not within ${timeoutMs} ms; last seen: ${JSON.stringify(seen)}`);
		await sleep(options.everyMs ?? 50);
	}
}
