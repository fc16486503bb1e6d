/** Remembers, while a release rolls, how many workers the one before had: as many take their places, whatever the queue says at that moment. */

/** What a roll is judged by. */
export interface RollMuster {
	/** Workers of an older release: that take jobs, and all that are still there. */
	readonly oldReady: number;
	readonly oldAlive: number;
	/** Workers of the current release, and those of them that are not ready yet. */
	readonly serving: number;
	readonly starting: number;
}

export class Rolls {
	readonly #rolls = new Map<string, { readonly version: number; readonly target: number; done: boolean }>();

	/** Workers of the current release that the roll wants; 0 without a roll, and once they have been there: then the scaler decides alone. */
	target(endpointId: string, version: number, muster: RollMuster): number {
		let roll = this.#rolls.get(endpointId);
		if (muster.oldAlive > 0 && roll?.version !== version) {
			roll = { version, target: muster.oldReady + muster.serving, done: false };
			this.#rolls.set(endpointId, roll);
		}
		if (roll === undefined) return 0;
		// The last old worker goes when the first new one is ready, so others may still have to follow.
		if (muster.oldAlive === 0 && (roll.done || muster.serving >= roll.target)) this.#rolls.delete(endpointId);
		if (muster.serving - muster.starting >= roll.target) roll.done = true;
		return roll.done ? 0 : roll.target;
	}

	forget(endpointId: string): void {
		this.#rolls.delete(endpointId);
	}
}
