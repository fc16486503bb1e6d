/** Our own rules: the region's pure functions, asked at every event as the broker's scaler asks them. */
import { type Anticipation, neededWorkers } from '../../../regional-broker/src/core/anticipate-workers.ts';
import { desiredWorkers } from '../../../regional-broker/src/core/desired-workers.ts';
import { type LevelUse, NO_LEVEL_USE, noteLevel } from '../../../regional-broker/src/core/level-use.ts';
import { FIRST_TIMES, noteRun, noteStart, type UsualTimes } from '../../../regional-broker/src/core/usual-times.ts';
import type { Scaling } from '../../../shared-schema/src/endpoint/endpoint.ts';
import { type Decision, type Rule, type RuleInput, type RuleKind, surplusOf } from './rule.ts';

/** `scaling` and the idle timeout as an endpoint would set them. */
export function longshore(name: string, scaling: Scaling, idleTimeoutS: number): RuleKind {
	return {
		name,
		of: 'longshore',
		create: () => ({
			decide: (input) => {
				const desired = desiredWorkers({ ...input, scaling });
				const keep = Math.max(desired.workers, Math.min(input.workersMin, input.workersMax));
				const surplus = surplusOf(input, input.workersMax, keep, idleTimeoutS * 1_000);
				const waits = [desired.recheckInMs, surplus.recheckInMs].filter((wait) => wait !== null);
				return {
					workers: desired.workers,
					stops: surplus.stops.map(({ workerId }) => workerId),
					wakeAtMs: waits.length === 0 ? null : input.nowMs + Math.min(...waits),
				};
			},
		}),
	};
}

/** The scaler with anticipation on. The idle timeout counts by how many workers were needed, not worker by worker. */
export function anticipating(name: string, idleTimeoutS: number, patience: number, spareWorkers = 0): RuleKind {
	return { name, of: 'longshore', create: (endpoint) => new Anticipating(idleTimeoutS * 1_000, { patience, spareWorkers, slotsPerWorker: endpoint.concurrency }) };
}

class Anticipating implements Rule {
	readonly #windowMs: number;
	readonly #wish: Pick<Anticipation, 'patience' | 'spareWorkers' | 'slotsPerWorker'>;
	#use: LevelUse = NO_LEVEL_USE;
	#times: UsualTimes = FIRST_TIMES;

	constructor(windowMs: number, wish: Pick<Anticipation, 'patience' | 'spareWorkers' | 'slotsPerWorker'>) {
		this.#windowMs = windowMs;
		this.#wish = wish;
	}

	readyAfter(ms: number): void {
		this.#times = noteStart(this.#times, ms);
	}

	ranFor(ms: number): void {
		this.#times = noteRun(this.#times, ms);
	}

	decide(input: RuleInput): Decision {
		const needed = neededWorkers(input.queued + input.running, this.#wish);
		this.#use = noteLevel(this.#use, needed, input.nowMs, input.workersMax);
		const anticipation = { ...this.#wish, ...this.#times, use: this.#use, keepMs: this.#windowMs, nowMs: input.nowMs };
		const desired = desiredWorkers({ ...input, scaling: { type: 'REQUEST_COUNT', requestCount: this.#wish.slotsPerWorker }, anticipation });
		const surplus = surplusOf(input, input.workersMax, desired.workers, 0);
		return { workers: desired.workers, stops: surplus.stops.map(({ workerId }) => workerId), wakeAtMs: desired.recheckInMs === null ? null : input.nowMs + desired.recheckInMs };
	}
}
