/** Tells a job's first sighting in a worker's hand from the later ones: its start event and its host's report come in either order. */

/** A job is remembered for one to two of these: longer than an event takes by the slow way. */
const GENERATION_MS = 15_000;

export class StartedJobs {
	readonly #now: () => number;
	#young = new Set<string>();
	#old = new Set<string>();
	#sinceMs: number;

	constructor(now: () => number) {
		this.#now = now;
		this.#sinceMs = now();
	}

	/** True the first time that `<job>.<epoch>` is seen. */
	isFirst(key: string): boolean {
		if (this.#now() - this.#sinceMs > GENERATION_MS) {
			this.#old = this.#young;
			this.#young = new Set();
			this.#sinceMs = this.#now();
		}
		if (this.#young.has(key) || this.#old.has(key)) return false;
		this.#young.add(key);
		return true;
	}
}
