/**
 * KEDA's queue scaler by its documentation: from 0 to 1 when a poll (every 30 s) finds messages, back to 0 when none was found for the cooldown
 * (300 s); in between the Horizontal Pod Autoscaler on `ceil(queue / target)`, where messages in hand count as queued (the default of the SQS and
 * JetStream scalers). HPA by its documentation: every 15 s, tolerance 10 %, up by at most 100 % or 4 workers a period, down to the highest wish of 300 s.
 */
import { createRandom } from '../random.ts';
import { type Decision, NO_STOPS, type Rule, type RuleInput, type RuleKind, surplusOf } from './rule.ts';

export interface KedaSettings {
	/** Messages per worker. */
	readonly target: number;
	readonly pollMs: number;
	readonly cooldownMs: number;
	readonly hpaSyncMs: number;
	readonly hpaTolerance: number;
	readonly hpaDownWindowMs: number;
}

export const KEDA_DEFAULTS: KedaSettings = { target: 5, pollMs: 30_000, cooldownMs: 300_000, hpaSyncMs: 15_000, hpaTolerance: 0.1, hpaDownWindowMs: 300_000 };

export function keda(name: string, settings: Partial<KedaSettings> = {}): RuleKind {
	return {
		name,
		of: 'keda',
		create: (endpoint, seed) => new Keda({ ...KEDA_DEFAULTS, ...settings }, createRandom(seed, `keda ${endpoint.id}`)()),
	};
}

/** What HPA wants before it looks back: `ceil(queue / target)`, unless that is within the tolerance of what is there. At least 1. */
export function hpaWish(queue: number, current: number, settings: Pick<KedaSettings, 'target' | 'hpaTolerance'>): number {
	const ratio = queue / (settings.target * Math.max(1, current));
	if (Math.abs(ratio - 1) <= settings.hpaTolerance) return current;
	return Math.max(1, Math.ceil(queue / settings.target));
}

/** The default behaviour's step: up at once within the limit of a period, down only to the highest wish of the window. */
export function hpaStep(wish: number, current: number, wishesOfWindow: readonly number[]): number {
	if (wish > current) return Math.min(wish, Math.max(2 * current, current + 4));
	return Math.min(current, Math.max(wish, ...wishesOfWindow));
}

class Keda implements Rule {
	readonly #settings: KedaSettings;
	readonly #phaseMs: number;
	readonly #wishes: { atMs: number; wish: number }[] = [];
	#replicas = 0;
	#activeAtMs = Number.NEGATIVE_INFINITY;
	#nextMs: number | null = null;

	/** `phase`: where in its period the polling stands at time 0, from 0 to 1. */
	constructor(settings: KedaSettings, phase: number) {
		this.#settings = settings;
		this.#phaseMs = phase * settings.pollMs;
	}

	decide(input: RuleInput): Decision {
		this.#nextMs ??= this.#nextSync(input.nowMs);
		const { workersMin, workersMax, nowMs } = input;
		this.#replicas = Math.min(workersMax, Math.max(workersMin, this.#replicas));
		if (nowMs < this.#nextMs) return { workers: this.#replicas, stops: NO_STOPS, wakeAtMs: this.#nextMs };
		const queue = input.queued + input.running;
		if (this.#isPoll(this.#nextMs)) this.#poll(nowMs, queue);
		if (this.#replicas > 0) this.#sync(nowMs, queue);
		this.#replicas = Math.min(workersMax, Math.max(workersMin, this.#replicas));
		const asleep = this.#replicas === 0 && queue === 0;
		this.#nextMs = asleep ? null : this.#nextSync(nowMs);
		const stops = surplusOf(input, this.#replicas, this.#replicas, 0).stops;
		return { workers: this.#replicas, stops: stops.map(({ workerId }) => workerId), wakeAtMs: this.#nextMs };
	}

	#poll(nowMs: number, queue: number): void {
		if (queue > 0) {
			this.#activeAtMs = nowMs;
			this.#replicas = Math.max(1, this.#replicas);
		} else if (nowMs - this.#activeAtMs >= this.#settings.cooldownMs) {
			this.#replicas = 0;
			this.#wishes.length = 0;
		}
	}

	#sync(nowMs: number, queue: number): void {
		const wish = hpaWish(queue, this.#replicas, this.#settings);
		while (this.#wishes[0] !== undefined && this.#wishes[0].atMs <= nowMs - this.#settings.hpaDownWindowMs) this.#wishes.shift();
		this.#wishes.push({ atMs: nowMs, wish });
		this.#replicas = hpaStep(
			wish,
			this.#replicas,
			this.#wishes.map((entry) => entry.wish),
		);
	}

	/** Polls and syncs share a grid: every poll falls on a sync. */
	#nextSync(nowMs: number): number {
		const { hpaSyncMs } = this.#settings;
		return (Math.floor((nowMs - this.#phaseMs) / hpaSyncMs + 1e-9) + 1) * hpaSyncMs + this.#phaseMs;
	}

	#isPoll(atMs: number): boolean {
		const periods = (atMs - this.#phaseMs) / this.#settings.pollMs;
		return Math.abs(periods - Math.round(periods)) < 1e-6;
	}
}
