/** Time and randomness of the agent, as arguments, so that tests can replace them. */

export interface Clock {
	/** Monotonic milliseconds: for every duration. */
	nowMs(): number;
	/** Wall time in epoch milliseconds: to compare with other machines, and over a restart. */
	wallMs(): number;
	/** In [0, 1). */
	random(): number;
}

/** The machine's own. */
export const systemClock: Clock = { nowMs: () => performance.now(), wallMs: () => Date.now(), random: () => Math.random() };
