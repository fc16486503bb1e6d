/** Chooses GPUs of a host for a worker. */

/** The lowest `count` free indices of a host with `total` GPUs, or null when fewer are free. A CPU worker (`count` 0) always fits. */
export function chooseGpus(total: number, held: ReadonlySet<number>, count: number): number[] | null {
	const chosen: number[] = [];
	for (let index = 0; index < total && chosen.length < count; index++) {
		if (!held.has(index)) chosen.push(index);
	}
	return chosen.length === count ? chosen : null;
}
