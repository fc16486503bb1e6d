/** The last decisions of each endpoint with what they rested on, so that anyone can be told why a job waits or where a worker went. */

const KEPT = 100;

export interface Decision {
	readonly at: string;
	readonly kind: 'scale' | 'place' | 'start' | 'stop' | 'blocked';
	readonly text: string;
	readonly inputs: Readonly<Record<string, unknown>>;
}

export class Decisions {
	readonly #decisions = new Map<string, Decision[]>();
	readonly #wallClock: () => number;

	constructor(wallClock: () => number) {
		this.#wallClock = wallClock;
	}

	/** Keeps a decision; one that only repeats the last of its kind is left out. */
	note(endpointId: string, kind: Decision['kind'], text: string, inputs: Readonly<Record<string, unknown>>): void {
		const kept = this.#decisions.get(endpointId) ?? [];
		this.#decisions.set(endpointId, kept);
		if ((kind === 'scale' || kind === 'blocked') && kept.findLast((decision) => decision.kind === kind)?.text === text) return;
		kept.push({ at: new Date(this.#wallClock()).toISOString(), kind, text, inputs });
		if (kept.length > KEPT) kept.shift();
	}

	of(endpointId: string, last: number = KEPT): readonly Decision[] {
		return (this.#decisions.get(endpointId) ?? []).slice(-last);
	}

	forget(endpointId: string): void {
		this.#decisions.delete(endpointId);
	}
}
