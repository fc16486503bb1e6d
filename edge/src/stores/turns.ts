/** One change after another: a change that waits for another object does not overlap the next one. */

/** Runs what it is given after all that it was given before has ended. */
export type Turns = <T>(change: () => Promise<T>) => Promise<T>;

/** Turns with nothing under way. */
export function createTurns(): Turns {
	let last: Promise<unknown> = Promise.resolve();
	return (change) => {
		const turn = last.then(change);
		last = turn.catch(() => undefined); // The caller of the turn has its error.
		return turn;
	};
}
