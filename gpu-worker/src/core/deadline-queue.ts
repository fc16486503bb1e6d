/** Many deadlines, few different lengths: entries of one length end in the order they began, so the next one is the first of some row. */

/** Keys with the time at which each ends. All operations cost as much as there are different lengths. */
export interface DeadlineQueue {
	/** Adds `key`, or starts it anew. */
	add(key: string, lengthMs: number, nowMs: number): void;
	remove(key: string): void;
	/** Takes out and returns every key that has ended at `nowMs`. */
	takeEnded(nowMs: number): string[];
	/** When the next key ends, or null when there is none. */
	nextAtMs(): number | null;
}

/** An empty queue. */
export function createDeadlineQueue(): DeadlineQueue {
	const rows = new Map<number, Map<string, number>>();
	const lengths = new Map<string, number>();
	const remove = (key: string): void => {
		const lengthMs = lengths.get(key);
		if (lengthMs === undefined) return;
		lengths.delete(key);
		const row = rows.get(lengthMs);
		row?.delete(key);
		if (row?.size === 0) rows.delete(lengthMs);
	};
	return {
		add(key, lengthMs, nowMs) {
			remove(key);
			lengths.set(key, lengthMs);
			const row = rows.get(lengthMs);
			if (row === undefined) rows.set(lengthMs, new Map([[key, nowMs + lengthMs]]));
			else row.set(key, nowMs + lengthMs);
		},
		remove,
		takeEnded(nowMs) {
			const ended: string[] = [];
			for (const row of rows.values()) {
				for (const [key, atMs] of row) {
					if (atMs > nowMs) break;
					ended.push(key);
				}
			}
			for (const key of ended) remove(key);
			return ended;
		},
		nextAtMs() {
			let next: number | null = null;
			for (const row of rows.values()) {
				for (const atMs of row.values()) {
					if (next === null || atMs < next) next = atMs;
					break;
				}
			}
			return next;
		},
	};
}
