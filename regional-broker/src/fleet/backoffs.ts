/** Remembers failed starts by endpoint and host: how long to wait before the next try there, and what the worker said last. */

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
const FAILURES_KEPT = 10;

export interface StartFailure {
	readonly workerId: string;
	readonly hostId: string;
	readonly atMs: number;
	readonly reason: string;
	readonly exitCode: number | null;
	readonly lastLog: string;
}

interface Backoff {
	failures: number;
	untilMs: number;
	reason: string;
}

export class Backoffs {
	readonly #now: () => number;
	readonly #backoffs = new Map<string, Map<string, Backoff>>();
	readonly #failures = new Map<string, StartFailure[]>();

	constructor(now: () => number) {
		this.#now = now;
	}

	failed(endpointId: string, failure: Omit<StartFailure, 'atMs'>): void {
		const hosts = this.#backoffs.get(endpointId) ?? new Map<string, Backoff>();
		this.#backoffs.set(endpointId, hosts);
		const backoff = hosts.get(failure.hostId) ?? { failures: 0, untilMs: 0, reason: '' };
		backoff.untilMs = this.#now() + Math.min(LONGEST_MS, FIRST_MS * 2 ** backoff.failures);
		backoff.failures++;
		backoff.reason = failure.reason;
		hosts.set(failure.hostId, backoff);
		this.#failures.set(endpointId, [...(this.#failures.get(endpointId) ?? []).slice(1 - FAILURES_KEPT), { ...failure, atMs: this.#now() }]);
	}

	/** A worker of the endpoint became ready on the host. */
	succeeded(endpointId: string, hostId: string): void {
		this.#backoffs.get(endpointId)?.delete(hostId);
	}

	leftMs(endpointId: string, hostId: string): number {
		return Math.max(0, (this.#backoffs.get(endpointId)?.get(hostId)?.untilMs ?? 0) - this.#now());
	}

	/** Why the endpoint's last start on the host failed; null: it did not. */
	reason(endpointId: string, hostId: string): string | null {
		return this.#backoffs.get(endpointId)?.get(hostId)?.reason ?? null;
	}

	/** Hosts on which the endpoint's last start failed and that wait now. */
	waiting(endpointId: string): number {
		let count = 0;
		for (const backoff of this.#backoffs.get(endpointId)?.values() ?? []) if (backoff.untilMs > this.#now()) count++;
		return count;
	}

	recent(endpointId: string): readonly StartFailure[] {
		return this.#failures.get(endpointId) ?? [];
	}

	forget(endpointId: string): void {
		this.#backoffs.delete(endpointId);
		this.#failures.delete(endpointId);
	}
}
