/** Adds up how a host's workers came to life and what jobs found: cold, frozen and warm kept apart. */
import type { StartFigures, StartKind } from '@longshore/shared-schema/wire/bus';

/** All but the jobs that found a worker up, which are counted where each of them passes. */
export type Starts = Omit<StartFigures, 'warmJobs'>;

/** Of a host that has started nothing yet. */
export const NO_STARTS: Starts = {
	cold: { starts: 0, lastMs: null, totalMs: 0 },
	frozen: { starts: 0, lastMs: null, totalMs: 0 },
	thawsFailed: 0,
	evicted: 0,
};

/** One more worker can be given work, `readyMs` after its start. */
export function noteStart(figures: Starts, kind: StartKind, readyMs: number): Starts {
	const { starts, totalMs } = figures[kind];
	return { ...figures, [kind]: { starts: starts + 1, lastMs: readyMs, totalMs: totalMs + readyMs } };
}

/** One more of what is only counted. */
export function countOne(figures: Starts, what: 'thawsFailed' | 'evicted'): Starts {
	return { ...figures, [what]: figures[what] + 1 };
}
