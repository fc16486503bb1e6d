/**
 * Knative's autoscaler (KPA) by its documentation and its configuration map's defaults: average concurrency over a stable window of 60 s and a
 * panic window of a tenth of it, a decision every 2 s, target = concurrency × 70 %, panic at twice the capacity, at most 1,000-fold up and
 * half down at a time, the last worker gone a grace period after the rule says zero. A request to an endpoint at zero is noticed at once (activator).
 */
import { type Decision, NO_STOPS, type Rule, type RuleInput, type RuleKind, surplusOf } from './rule.ts';

export interface KpaSettings {
	/** Requests per worker at a time. */
	readonly concurrency: number;
	/** `container-concurrency-target-percentage`. */
	readonly utilisation: number;
	readonly stableWindowMs: number;
	/** `panic-window-percentage`. */
	readonly panicWindowShare: number;
	/** `panic-threshold-percentage`. */
	readonly panicThreshold: number;
	readonly maxScaleUpRate: number;
	readonly maxScaleDownRate: number;
	readonly tickMs: number;
	/** `scale-to-zero-grace-period`: the longest that the last worker stays when nothing is wanted. */
	readonly graceMs: number;
}

export const KPA_DEFAULTS: KpaSettings = {
	concurrency: 1,
	utilisation: 0.7,
	stableWindowMs: 60_000,
	panicWindowShare: 0.1,
	panicThreshold: 2,
	maxScaleUpRate: 1_000,
	maxScaleDownRate: 2,
	tickMs: 2_000,
	graceMs: 30_000,
};

/** `graceMs` 0: the last worker goes as soon as requests can be held elsewhere, the shortest that the documentation allows. */
export function knative(name: string, settings: Partial<KpaSettings> = {}): RuleKind {
	return { name, of: 'knative', create: (endpoint) => new Kpa({ ...KPA_DEFAULTS, concurrency: endpoint.concurrency, ...settings }) };
}

export interface KpaState {
	readonly stableAverage: number;
	readonly panicAverage: number;
	readonly ready: number;
	/** When panic began or was last confirmed; null outside panic. */
	readonly panicSinceMs: number | null;
	readonly panicPeak: number;
}

/** One decision: workers wanted and the panic state that follows. */
export function kpaDecide(state: KpaState, nowMs: number, settings: KpaSettings): { workers: number; panicSinceMs: number | null; panicPeak: number } {
	const target = settings.concurrency * settings.utilisation;
	const ready = Math.max(1, state.ready);
	const up = Math.ceil(settings.maxScaleUpRate * ready);
	const down = Math.floor(state.ready / settings.maxScaleDownRate);
	const stableWanted = Math.ceil(state.stableAverage / target);
	const panicWanted = Math.ceil(state.panicAverage / target);
	const stable = Math.min(Math.max(stableWanted, down), up);
	const panic = Math.min(Math.max(panicWanted, down), up);
	const over = panicWanted / ready >= settings.panicThreshold;
	let { panicSinceMs, panicPeak } = state;
	if (over) panicSinceMs = nowMs;
	else if (panicSinceMs !== null && panicSinceMs + settings.stableWindowMs < nowMs) [panicSinceMs, panicPeak] = [null, 0];
	if (panicSinceMs === null) return { workers: stable, panicSinceMs, panicPeak };
	// In panic the number only rises.
	panicPeak = Math.max(panicPeak, stable, panic);
	return { workers: panicPeak, panicSinceMs, panicPeak };
}

class Kpa implements Rule {
	readonly #settings: KpaSettings;
	/** Integral of concurrency by second, over the stable window. */
	readonly #buckets = new Map<number, number>();
	#lastMs = 0;
	#lastConcurrency = 0;
	#firstMs: number | null = null;
	#nextTickMs: number | null = null;
	#panicSinceMs: number | null = null;
	#panicPeak = 0;
	#zeroSinceMs: number | null = null;

	constructor(settings: KpaSettings) {
		this.#settings = settings;
	}

	decide(input: RuleInput, cause: 'event' | 'timer'): Decision {
		this.#observe(input);
		const { nowMs } = input;
		if (this.#nextTickMs === null) this.#nextTickMs = (Math.floor(nowMs / this.#settings.tickMs) + 1) * this.#settings.tickMs;
		// The activator pokes the autoscaler for the first request of a revision without pods.
		if (cause === 'event' && input.serving === 0 && input.queued > 0 && input.workersMax > 0) return { workers: 1, stops: NO_STOPS, wakeAtMs: this.#nextTickMs };
		if (nowMs < this.#nextTickMs) return { workers: input.serving, stops: NO_STOPS, wakeAtMs: this.#nextTickMs };
		return this.#tick(input);
	}

	#tick(input: RuleInput): Decision {
		const { nowMs } = input;
		const { stableWindowMs, panicWindowShare, tickMs } = this.#settings;
		const wanted = kpaDecide(
			{
				stableAverage: this.#average(nowMs, stableWindowMs),
				panicAverage: this.#average(nowMs, stableWindowMs * panicWindowShare),
				ready: input.serving - input.starting,
				panicSinceMs: this.#panicSinceMs,
				panicPeak: this.#panicPeak,
			},
			nowMs,
			this.#settings,
		);
		this.#panicSinceMs = wanted.panicSinceMs;
		this.#panicPeak = wanted.panicPeak;
		let workers = Math.min(input.workersMax, Math.max(input.workersMin, wanted.workers));
		if (workers > 0) this.#zeroSinceMs = null;
		else {
			this.#zeroSinceMs ??= nowMs;
			if (input.queued + input.running > 0 || nowMs - this.#zeroSinceMs < this.#settings.graceMs) workers = Math.min(1, input.serving);
		}
		const asleep = workers === 0 && input.serving === 0 && input.queued === 0 && this.#buckets.size === 0;
		this.#nextTickMs = asleep ? null : nowMs + tickMs;
		if (asleep) this.#firstMs = null;
		const stops = surplusOf(input, workers, workers, 0).stops.map(({ workerId }) => workerId);
		return { workers, stops, wakeAtMs: this.#nextTickMs };
	}

	/** Adds the time since the last look at the concurrency of then. */
	#observe(input: RuleInput): void {
		const { nowMs } = input;
		this.#firstMs ??= nowMs;
		if (this.#lastConcurrency > 0) {
			let from = Math.max(this.#lastMs, nowMs - this.#settings.stableWindowMs);
			while (from < nowMs) {
				const second = Math.floor(from / 1_000);
				const to = Math.min(nowMs, (second + 1) * 1_000);
				this.#buckets.set(second, (this.#buckets.get(second) ?? 0) + (to - from) * this.#lastConcurrency);
				from = to;
			}
		}
		this.#lastMs = nowMs;
		this.#lastConcurrency = input.queued + input.running;
		for (const second of this.#buckets.keys()) {
			if ((second + 1) * 1_000 > nowMs - this.#settings.stableWindowMs) break;
			this.#buckets.delete(second);
		}
	}

	/** Mean concurrency of the last `windowMs`, or of the time since the first request when that is shorter. */
	#average(nowMs: number, windowMs: number): number {
		let sum = 0;
		for (const [second, integral] of this.#buckets) if ((second + 1) * 1_000 > nowMs - windowMs) sum += integral;
		const spanMs = Math.min(windowMs, Math.max(1_000, nowMs - (this.#firstMs ?? nowMs)));
		return sum / spanMs;
	}
}
