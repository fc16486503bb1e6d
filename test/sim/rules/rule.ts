/** What a scaling rule sees of one endpoint in one region, and what it answers. */
import { chooseSurplus, type Surplus, type SurplusWorker } from '../../../regional-broker/src/core/choose-surplus.ts';
import type { SimEndpoint } from '../scenario.ts';

export interface RuleInput {
	readonly nowMs: number;
	readonly workersMin: number;
	readonly workersMax: number;
	readonly queued: number;
	readonly running: number;
	readonly oldestWaitMs: number;
	/** Waiting jobs that have waited at least that long. */
	readonly waitingOver: (waitMs: number) => number;
	/** Workers that start, idle or run; not those that drain. */
	readonly workers: readonly SurplusWorker[];
	readonly serving: number;
	readonly starting: number;
	readonly slotsFree: number;
}

export interface Decision {
	/** Starts as many as this is above `serving`. */
	readonly workers: number;
	/** Workers to stop; a busy one drains. */
	readonly stops: readonly string[];
	/** When to ask again though nothing happens. */
	readonly wakeAtMs: number | null;
}

/** A rule's memory of one endpoint in one region. `cause`: something happened there, or the time that the rule asked for has come. */
export interface Rule {
	decide(input: RuleInput, cause: 'event' | 'timer'): Decision;
	/** A worker became ready this long after its start. */
	readyAfter?(ms: number): void;
	/** A job ended after this long in its worker. */
	ranFor?(ms: number): void;
}

export interface RuleKind {
	readonly name: string;
	/** Ours, or the name of the system whose published rule it is. */
	readonly of: 'longshore' | 'knative' | 'keda' | 'runpod';
	readonly create: (endpoint: SimEndpoint, seed: number) => Rule;
}

export const NO_STOPS: readonly string[] = [];

const NO_SURPLUS: Surplus = { stops: [], keeper: null, recheckInMs: null };

/** Which workers go when `keep` stay whatever happens and idle ones beyond them stay for the idle timeout. */
export function surplusOf(input: Pick<RuleInput, 'workers'>, workersMax: number, keep: number, idleTimeoutMs: number): Surplus {
	// The answer that it would give, without sorting.
	if (input.workers.length <= Math.min(keep, workersMax)) return NO_SURPLUS;
	return chooseSurplus({ workers: input.workers, workersMax, keep, idleTimeoutMs, demand: keep, mustGiveWay: false });
}
