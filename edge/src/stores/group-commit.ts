/** Lets concurrent writers of one Durable Object share a commit: the sync to disk is the price of a submit, and it is paid once a group. */

/** A gap this long since the last commit means no load: the writer commits at once instead of waiting for company. */
const IDLE_GAP_MS = 2;

/** Collects items until the event loop comes round, then commits them together. `commit` runs in one synchronous turn. */
export class GroupCommit<Item, Result> {
	readonly #commit: (items: readonly Item[]) => Result[];
	#waiting: { item: Item; resolve: (result: Result) => void; reject: (reason: unknown) => void }[] = [];
	#lastCommitAt = 0;

	constructor(commit: (items: readonly Item[]) => Result[]) {
		this.#commit = commit;
	}

	/** Resolves with the item's result when its group is written. The caller's answer is held back by the output gate until the disk has it. */
	add(item: Item, now: number): Promise<Result> {
		return new Promise((resolve, reject) => {
			this.#waiting.push({ item, resolve, reject });
			if (this.#waiting.length > 1) return;
			if (now - this.#lastCommitAt > IDLE_GAP_MS) this.flush(now);
			else setTimeout(() => this.flush(Date.now()), 0);
		});
	}

	/** Commits what waits, in the caller's turn. */
	flush(now: number): void {
		if (this.#waiting.length === 0) return;
		const group = this.#waiting;
		this.#waiting = [];
		this.#lastCommitAt = now;
		try {
			const results = this.#commit(group.map(({ item }) => item));
			group.forEach(({ resolve }, i) => {
				resolve(results[i] as Result);
			});
		} catch (error) {
			for (const { reject } of group) reject(error);
		}
	}
}
