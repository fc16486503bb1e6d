/** Shares waiting jobs out among open takes: the worker with the fewest jobs gets the next one, so that a host's workers fill evenly. */

/** What the choice needs to know of a take. `load`: jobs that its worker has in hand. */
export interface OpenRoom {
	readonly room: number;
	readonly load: number;
	/** Jobs that this take may not get because its worker has another attempt of the same job in hand. */
	refuses(jobId: string): boolean;
}

/** For each job the index of its take, or −1 when none has room. */
export function shareOut(jobIds: readonly string[], takes: readonly OpenRoom[]): number[] {
	const given = takes.map(() => 0);
	return jobIds.map((jobId) => {
		let best = -1;
		let bestLoad = Number.POSITIVE_INFINITY;
		for (const [index, take] of takes.entries()) {
			const count = given[index] ?? 0;
			if (count < take.room && take.load + count < bestLoad && !take.refuses(jobId)) [best, bestLoad] = [index, take.load + count];
		}
		if (best >= 0) given[best] = (given[best] ?? 0) + 1;
		return best;
	});
}
