/** Counts events of the last ten seconds in slices of a tenth, so that a limit is exact within 1 %. Pure: the caller brings the time. */

/** Length of the window that RunPod's limits are stated for. */
export const WINDOW_MS = 10_000;
const SLICES = 100;
const SLICE_MS = WINDOW_MS / SLICES;

/** Counts by slice; `head` is the newest slice's number since the epoch. */
export interface Window {
	readonly counts: Uint32Array;
	head: number;
	total: number;
}

/** An empty window. */
export function createWindow(): Window {
	return { counts: new Uint32Array(SLICES), head: 0, total: 0 };
}

/** Counts one event, unless that would make more than `limit` in the window: then the milliseconds until there is room again. */
export function countEvent(window: Window, limit: number, now: number): 'counted' | { readonly retryAfterMs: number } {
	advance(window, Math.floor(now / SLICE_MS));
	if (window.total >= limit) return { retryAfterMs: msUntilRoom(window, limit, now) };
	window.counts[window.head % SLICES] = (window.counts[window.head % SLICES] ?? 0) + 1;
	window.total++;
	return 'counted';
}

/** Forgets slices that have left the window. */
function advance(window: Window, slice: number): void {
	const steps = Math.min(SLICES, slice - window.head);
	for (let step = 1; step <= steps; step++) {
		const at = (window.head + step) % SLICES;
		window.total -= window.counts[at] ?? 0;
		window.counts[at] = 0;
	}
	if (steps > 0) clearSkipped(window, slice, steps);
}

/** After a pause longer than the window every slice has been cleared, whatever its place. */
function clearSkipped(window: Window, slice: number, steps: number): void {
	if (steps === SLICES) {
		window.counts.fill(0);
		window.total = 0;
	}
	window.head = slice;
}

function msUntilRoom(window: Window, limit: number, now: number): number {
	let left = window.total;
	for (let age = SLICES - 1; age >= 0; age--) {
		left -= window.counts[(window.head - age + SLICES) % SLICES] ?? 0;
		if (left < limit) return (window.head - age + SLICES) * SLICE_MS - now;
	}
	return WINDOW_MS;
}
