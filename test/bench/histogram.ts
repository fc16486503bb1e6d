/** Latencies in buckets of two percent: small, exact enough for p99, and cheap to record into. */

/** Buckets per natural logarithm unit: a bucket's upper edge is 2 % above its lower one. */
const BUCKETS_PER_E = 1 / Math.log(1.02);
const BUCKETS = Math.ceil(Math.log(1e9) * BUCKETS_PER_E) + 1;

/** Figures of one distribution, in milliseconds. */
export interface Latency {
	readonly count: number;
	readonly meanMs: number;
	readonly p50Ms: number;
	readonly p90Ms: number;
	readonly p99Ms: number;
	readonly maxMs: number;
}

/** Counts durations from 1 µs to 1,000 s. */
export class Histogram {
	readonly #counts = new Uint32Array(BUCKETS);
	#count = 0;
	#sumMs = 0;
	#maxMs = 0;

	/** Adds one duration; below a microsecond (clocks of two processes may disagree so much) it counts as one. */
	record(durationMs: number): void {
		const us = Math.max(1, durationMs * 1_000);
		const bucket = Math.min(BUCKETS - 1, Math.ceil(Math.log(us) * BUCKETS_PER_E));
		this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
		this.#count++;
		this.#sumMs += durationMs;
		this.#maxMs = Math.max(this.#maxMs, durationMs);
	}

	/** The upper edge of the bucket that holds the given share of all values, in milliseconds; 0 when empty. */
	quantileMs(share: number): number {
		let left = Math.ceil(this.#count * share);
		for (let bucket = 0; bucket < BUCKETS; bucket++) {
			left -= this.#counts[bucket] ?? 0;
			if (left <= 0) return Math.min(this.#maxMs, Math.exp(bucket / BUCKETS_PER_E) / 1_000);
		}
		return this.#maxMs;
	}

	summary(): Latency {
		return {
			count: this.#count,
			meanMs: this.#count === 0 ? 0 : this.#sumMs / this.#count,
			p50Ms: this.quantileMs(0.5),
			p90Ms: this.quantileMs(0.9),
			p99Ms: this.quantileMs(0.99),
			maxMs: this.#maxMs,
		};
	}
}
