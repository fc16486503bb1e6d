/** The one alarm of a Durable Object, set to the earliest of many timers. */

/** Sets the alarm only when a timer is earlier than what is set, since every change is a write. */
export class AlarmClock {
	readonly #storage: DurableObjectStorage;
	#setFor: number | null = null;

	constructor(storage: DurableObjectStorage) {
		this.#storage = storage;
	}

	/** Makes sure that the alarm rings at `at` or before. */
	arm(at: number): void {
		if (this.#setFor !== null && this.#setFor <= at) return;
		this.#setFor = at;
		void this.#storage.setAlarm(at);
	}

	/** The alarm has rung: nothing is set any more. */
	rang(): void {
		this.#setFor = null;
	}
}
