/** Adds up what a worker's time goes into. Every millisecond from its start to its end is in exactly one of the sums, but for those in which it waited for its host or was frozen. */

/** What a worker is at, as it is billed. `waiting`: for its image or model, which is not. */
export type MeterState = 'waiting' | 'starting' | 'running' | 'idle';

export interface Meter {
	readonly state: MeterState;
	/** Until when the sums reach. */
	readonly atMs: number;
	readonly startingMs: number;
	readonly runningMs: number;
	readonly idleMs: number;
	/** It counts no further. */
	readonly ended: boolean;
}

/** A worker that has just been started, or waits for that. */
export function startMeter(nowMs: number, state: 'waiting' | 'starting' = 'starting'): Meter {
	return { state, atMs: nowMs, startingMs: 0, runningMs: 0, idleMs: 0, ended: false };
}

/** Books the time up to `nowMs` to what the worker was at; from then on it is at `state`. An ended meter and a clock that stands still change nothing. */
export function advanceMeter(meter: Meter, state: MeterState, nowMs: number): Meter {
	if (meter.ended) return meter;
	const spentMs = Math.max(0, nowMs - meter.atMs);
	return {
		state,
		atMs: Math.max(nowMs, meter.atMs),
		startingMs: meter.startingMs + (meter.state === 'starting' ? spentMs : 0),
		runningMs: meter.runningMs + (meter.state === 'running' ? spentMs : 0),
		idleMs: meter.idleMs + (meter.state === 'idle' ? spentMs : 0),
		ended: false,
	};
}

/** Books the rest and counts no further. */
export function endMeter(meter: Meter, nowMs: number): Meter {
	return { ...advanceMeter(meter, meter.state, nowMs), ended: true };
}

/** A worker that was frozen starts again: its sums go on from where they stood, and the time in between is nobody's. */
export function resumeMeter(meter: Meter, nowMs: number, state: 'waiting' | 'starting' = 'starting'): Meter {
	return { ...meter, state, atMs: nowMs, ended: false };
}
