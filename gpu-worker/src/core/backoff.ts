/** Waiting times between tries. */

/** Doubles from `baseMs` to at most `maxMs`; `random` in [0, 1) spreads the upper half so that hosts do not come back in step. */
export function backoffMs(tries: number, baseMs: number, maxMs: number, random: number): number {
	const full = Math.min(maxMs, baseMs * 2 ** Math.min(tries, 30));
	return full / 2 + (full / 2) * random;
}
