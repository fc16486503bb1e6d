/** Which region gets a job's next attempt. Pure. */
import type { RegionRoute } from '@longshore/shared-schema/wire/route';

/** What is known beyond the directory's figures, and regions to leave alone for now. */
export interface RegionLoad {
	/** Jobs sent since the figures and not ended since. */
	readonly unseen: number;
	/** Jobs that the figures count, in the queue or on a worker, and that have ended since. */
	readonly freed: number;
	/** The last dispatch failed or the region refused. */
	readonly failing: boolean;
}

const IDLE: RegionLoad = { unseen: 0, freed: 0, failing: false };

/**
 * The first region with a free slot in the order of `routes` (the better tier first), else the first that may still start a worker for
 * the job, else the one with the shortest queue per worker;
 * a region that fails, is silent beyond `silentMsMax` or cannot place a worker only when no other is left. Null when none holds a grant.
 */
export function chooseRegion(routes: readonly RegionRoute[], loads: ReadonlyMap<string, RegionLoad>, silentMsMax: number): RegionRoute | null {
	let best: RegionRoute | null = null;
	let bestScore = Number.POSITIVE_INFINITY;
	for (const route of routes) {
		if (route.workersMax <= 0) continue;
		const score = waitScore(route, loads.get(route.region) ?? IDLE, silentMsMax);
		if (score < bestScore) [best, bestScore] = [route, score];
	}
	return best;
}

/** 0: a free slot. Below 1: a worker starts or can be started for it. Else jobs per worker. Faults weigh more than any queue. */
function waitScore(route: RegionRoute, load: RegionLoad, silentMsMax: number): number {
	const ahead = Math.max(0, route.queued + load.unseen + 1 - route.slotsFree - load.freed);
	const present = route.workers.idle + route.workers.running + route.workers.initializing;
	const growth = route.blocked === null ? Math.max(0, route.workersMax - present) : 0;
	const perWorker = ahead / Math.max(1, Math.min(route.workersMax, Math.max(present, 1)));
	const wait = ahead === 0 ? 0 : ahead <= route.workers.initializing + growth ? 0.5 : 1 + perWorker;
	const faults = (load.failing ? 1 : 0) + (route.silentMs > silentMsMax ? 2 : 0) + (route.blocked !== null && present === 0 ? 1 : 0);
	return faults * 1e9 + wait;
}
