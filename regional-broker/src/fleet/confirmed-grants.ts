/** Knows whether the edge has answered a heartbeat of this broker as leader: what it was granted before that, an earlier leader may have given back. */

export class ConfirmedGrants {
	#askedAsLeader = false;
	#confirmed = false;

	/** The leadership changed: nothing is confirmed, and an answer that is under way confirms nothing. */
	reset(): void {
		this.#askedAsLeader = false;
		this.#confirmed = false;
	}

	/** A heartbeat is about to leave. */
	asked(asLeader: boolean): void {
		this.#askedAsLeader = asLeader;
	}

	/** The heartbeat was answered. True when that confirmed the grants for the first time. */
	answered(): boolean {
		const news = this.#askedAsLeader && !this.#confirmed;
		this.#confirmed ||= this.#askedAsLeader;
		return news;
	}

	areConfirmed(): boolean {
		return this.#confirmed;
	}
}
