/** Things that came in, in order, and a wait for the next one that matches: tests wait for events, never for time. */

export interface Inbox<T> {
	readonly all: readonly T[];
	add(item: T): void;
	/** The first item, from `from` on (default: all so far), that matches, as soon as it is there. */
	next(matches: (item: T) => boolean, what: string, options?: { from?: number; timeoutMs?: number }): Promise<T>;
}

export function createInbox<T>(): Inbox<T> {
	const all: T[] = [];
	const waiting = new Set<(item: T) => void>();
	return {
		all,
		add(item) {
			all.push(item);
			for (const offer of waiting) offer(item);
		},
		next(matches, what, { from = 0, timeoutMs = 15_000 } = {}) {
			const found = all.slice(from).find(matches);
			if (found !== undefined) return Promise.resolve(found);
			return new Promise((resolve, reject) => {
				const timer = setTimeout(() => {
					waiting.delete(offer);
					reject(new Error(`${what}: not within ${timeoutMs} ms; came so far: ${JSON.stringify(all.slice(-3)).slice(0, 2_000)}`));
				}, timeoutMs);
				const offer = (item: T): void => {
					if (!matches(item)) return;
					clearTimeout(timer);
					waiting.delete(offer);
					resolve(item);
				};
				waiting.add(offer);
			});
		},
	};
}
