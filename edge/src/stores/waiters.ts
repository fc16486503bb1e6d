/** Callers that wait for something to happen to a job. Memory only: a caller whose object restarts asks again. */

/** Wakes waiting calls by key. */
export class Waiters {
	readonly #byKey = new Map<string, Set<() => void>>();

	/** Resolves when the key is woken or the time is over. */
	wait(key: string, waitMs: number): Promise<void> {
		return new Promise((resolve) => {
			const set = this.#byKey.get(key) ?? new Set();
			this.#byKey.set(key, set);
			const done = (): void => {
				clearTimeout(timer);
				set.delete(done);
				if (set.size === 0) this.#byKey.delete(key);
				resolve();
			};
			const timer = setTimeout(done, waitMs);
			set.add(done);
		});
	}

	/** Wakes everybody who waits for the key. */
	wake(key: string): void {
		for (const done of [...(this.#byKey.get(key) ?? [])]) done();
	}
}
