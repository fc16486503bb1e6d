/** The simulator's calendar: events in the order of their time, those of one moment in the order in which they were planned. */

export interface Calendar {
	/** Plans `run` for `atMs`, never before the present. */
	plan(atMs: number, run: () => void): void;
	/** Time of the next event; infinite when there is none. */
	nextAtMs(): number;
	/** Takes the next event out and runs it. False when there is none. */
	step(): boolean;
	readonly nowMs: number;
}

interface Entry {
	readonly atMs: number;
	readonly order: number;
	readonly run: () => void;
}

/** An empty calendar at time 0. */
export function createCalendar(): Calendar {
	return new HeapCalendar();
}

class HeapCalendar implements Calendar {
	readonly #heap: Entry[] = [];
	#order = 0;
	nowMs = 0;

	plan(atMs: number, run: () => void): void {
		const entry = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, run };
		const heap = this.#heap;
		let at = heap.push(entry) - 1;
		while (at > 0) {
			const parent = (at - 1) >> 1;
			const above = heap[parent] as Entry;
			if (!isBefore(entry, above)) break;
			heap[at] = above;
			at = parent;
		}
		heap[at] = entry;
	}

	nextAtMs(): number {
		return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
	}

	step(): boolean {
		const first = this.#heap[0];
		const last = this.#heap.pop();
		if (first === undefined || last === undefined) return false;
		if (this.#heap.length > 0) this.#sink(last);
		this.nowMs = first.atMs;
		first.run();
		return true;
	}

	#sink(entry: Entry): void {
		const heap = this.#heap;
		let at = 0;
		for (;;) {
			let child = 2 * at + 1;
			const left = heap[child];
			if (left === undefined) break;
			const right = heap[child + 1];
			if (right !== undefined && isBefore(right, left)) child++;
			const below = heap[child] as Entry;
			if (!isBefore(below, entry)) break;
			heap[at] = below;
			at = child;
		}
		heap[at] = entry;
	}
}

function isBefore(a: Entry, b: Entry): boolean {
	return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
