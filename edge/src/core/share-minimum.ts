/** How an endpoint's minimum of workers is divided among its regions. Pure. */

/** A region with the maximum that it may run. */
export interface MinimumPlace {
	readonly region: string;
	readonly workersMax: number;
	/** Workers that are there or could start there now. */
	readonly within: number;
}

/** Minimum by region, in the order of `places`: first what each can have now, so that no warm worker is asked of a region that is full, then what is left. */
export function shareMinimum(workersMin: number, places: readonly MinimumPlace[]): Map<string, number> {
	const given = new Map<string, number>();
	let left = workersMin;
	const give = ({ region, workersMax }: MinimumPlace, atMost: number): void => {
		const had = given.get(region) ?? 0;
		const more = Math.max(0, Math.min(left, workersMax - had, atMost - had));
		given.set(region, had + more);
		left -= more;
	};
	for (const place of places) give(place, place.within);
	for (const place of places) give(place, place.workersMax);
	return given;
}
