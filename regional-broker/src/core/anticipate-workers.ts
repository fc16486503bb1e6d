/** Decides how many workers an endpoint should have when it is known how long a start and a job usually take: the scaler's answer where anticipation is on. */

import { type LevelUse, recentPeak } from './level-use.ts';

export interface Anticipation {
	/** Usual time from a worker's start to its readiness. */
	readonly startMs: number;
	/** Usual time of a job in a worker. */
	readonly runMs: number;
	/** Jobs that a worker runs at a time. */
	readonly slotsPerWorker: number;
	/** When so many workers were last needed, and how long that keeps them. */
	readonly use: LevelUse;
	readonly keepMs: number;
	readonly nowMs: number;
	/** 0: a start for every job without a slot. 1: none for jobs that workers at hand will have taken before a new one is ready. */
	readonly patience: number;
	/** Workers beyond those that the jobs need, while there are any: they shorten the next burst's wait, and the quicker of two starts counts. */
	readonly spareWorkers: number;
}

export interface AnticipateInput {
	readonly queued: number;
	readonly running: number;
	readonly serving: number;
	readonly starting: number;
	readonly slotsFree: number;
}

/** Workers that so many jobs need at once, the spare ones included: what `level-use.ts` is to be told. */
export function neededWorkers(jobs: number, anticipation: Pick<Anticipation, 'slotsPerWorker' | 'spareWorkers'>): number {
	return jobs === 0 ? 0 : Math.ceil(jobs / anticipation.slotsPerWorker) + anticipation.spareWorkers;
}

/** Workers wanted: as many more as shorten a wait; else those of the recent peak, none of which is started for it. */
export function anticipateWorkers(input: AnticipateInput, anticipation: Anticipation): { readonly workers: number; readonly reason: string; readonly recheckInMs: number | null } {
	const { startMs, runMs, slotsPerWorker, patience, spareWorkers } = anticipation;
	const peak = recentPeak(anticipation.use, anticipation.nowMs, anticipation.keepMs);
	const soon = Math.floor((patience * input.running * startMs) / Math.max(1, runMs));
	const covered = input.slotsFree + input.starting * slotsPerWorker + soon;
	const missing = Math.ceil((input.queued - covered) / slotsPerWorker);
	const needed = neededWorkers(input.queued + input.running, anticipation);
	const spare = spareWorkers > 0 ? needed - input.serving : input.queued > 0 && input.serving === 0 ? 1 : 0;
	const more = Math.max(missing, Math.min(spare, Math.max(missing, 0) + Math.max(1, spareWorkers)));
	if (more > 0)
		return {
			workers: input.serving + more,
			reason: `${input.queued} waiting, ${input.slotsFree} free slots, ${input.starting} workers starting, ${soon} jobs expected to end within ${Math.round(startMs)} ms, ${spareWorkers} to spare`,
			recheckInMs: peak.fallsInMs,
		};
	return { workers: Math.min(input.serving, Math.max(peak.workers, needed)), reason: `${peak.workers} workers were needed at once lately`, recheckInMs: peak.fallsInMs };
}
