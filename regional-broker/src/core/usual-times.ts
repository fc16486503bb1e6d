/** What is usual of an endpoint: how long a start and a job take, each new one moving the belief a little. */

export interface UsualTimes {
	/** From a worker's start to its readiness. */
	readonly startMs: number;
	/** A job in its worker. */
	readonly runMs: number;
}

/** What is believed before a start or a run was seen. */
export const FIRST_TIMES: UsualTimes = { startMs: 20_000, runMs: 5_000 };
/** Weight of the newest: starts are rare, runs are many. */
const START_WEIGHT = 0.1;
const RUN_WEIGHT = 0.02;

export function noteStart(times: UsualTimes, ms: number): UsualTimes {
	return { ...times, startMs: times.startMs + (ms - times.startMs) * START_WEIGHT };
}

export function noteRun(times: UsualTimes, ms: number): UsualTimes {
	return { ...times, runMs: times.runMs + (ms - times.runMs) * RUN_WEIGHT };
}
