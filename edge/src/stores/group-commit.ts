/** Lets concurrent writers of one Durable Object share a commit: the sync to disk is the price of a submit, and it is paid once a group. */

/** From this many open items on a group gathers, half a millisecond for each within these bounds: every room behind pays by the group. */
const CROWD_ITEMS = 3;
const GATHER_MS_MIN = 4;
const GATHER_MS_MAX = 16;
/** A group of this size is committed at once. */
const GATHER_ITEMS = 16;
/** A gap this long since the last commit means no load: the writer commits at once instead of waiting for company. */
const IDLE_GAP_MS = 2;

/** Collects items until the event loop comes round (in a crowd a little longer), then commits them together. `commit` runs in one synchronous turn. */
export class GroupCommit<Item, Result> {
	readonly #commit: (items: readonly Item[]) => Result[];
	#waiting: { item: Item; resolve: (result: Result) => void; reject: (reason: unknown) => void }[] = [];
	#lastCommitAt = 0;
	#timer: ReturnType<typeof setTimeout> | null = null;

	constructor(commit: (items: readonly Item[]) => Result[]) {
		this.#commit = commit;
	}

	/** `open`: how many items the store has in hand. Resolves with the item's result when its group is written. The caller's answer is held back by the output gate until the disk has it. */
	add(item: Item, now: number, open: number): Promise<Result> {
		return new Promise((resolve, reject) => {
			this.#waiting.push({ item, resolve, reject });
			if (this.#waiting.length === GATHER_ITEMS) this.flush(now);
			if (this.#waiting.length !== 1) return;
			if (open >= CROWD_ITEMS) this.#flushIn(Math.min(GATHER_MS_MAX, Math.max(GATHER_MS_MIN, open / 2)));
			else if (now - this.#lastCommitAt > IDLE_GAP_MS) this.flush(now);
			else this.#flushIn(0);
		});
	}

	/** Commits what waits, in the caller's turn. */
	flush(now: number): void {
		if (this.#waiting.length === 0) return;
		if (this.#timer !== null) clearTimeout(this.#timer);
		this.#timer = null;
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

	#flushIn(delayMs: number): void {
		this.#timer = setTimeout(() => this.flush(Date.now()), delayMs);
	}
}
