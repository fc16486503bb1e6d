/** Which region gets a load-balanced request. Pure. */
import type { RegionRoute } from '@longshore/shared-schema/wire/route';
import { chooseRegion } from './choose-region.ts';

/** What this edge knows of a region beyond the directory. */
export interface BalancedLoad {
	/** Requests that it has there now. */
	readonly inFlight: number;
	/** Time of a small call there and back; null: not measured. ms. */
	readonly distanceMs: number | null;
	/** It was out of reach a moment ago. */
	readonly failing: boolean;
}

const UNKNOWN: BalancedLoad = { inFlight: 0, distanceMs: null, failing: false };

/**
 * The region with the fewest requests of this edge for each ready worker, the nearer one when they are as busy as each other; `ready` false
 * when none has a worker: then the one that will have one soonest, as for jobs. Null when no region may run the endpoint.
 */
export function chooseBalancedRegion(
	routes: readonly RegionRoute[],
	loads: ReadonlyMap<string, BalancedLoad>,
	silentMsMax: number,
): { readonly route: RegionRoute; readonly ready: boolean } | null {
	let best: { route: RegionRoute; load: number; distanceMs: number } | null = null;
	for (const route of routes) {
		const { inFlight, distanceMs, failing } = loads.get(route.region) ?? UNKNOWN;
		const workers = route.workers.idle + route.workers.running;
		if (workers === 0 || failing || route.silentMs > silentMsMax) continue;
		const candidate = { route, load: Math.floor(inFlight / workers), distanceMs: distanceMs ?? Number.MAX_VALUE };
		if (best === null || candidate.load < best.load || (candidate.load === best.load && candidate.distanceMs < best.distanceMs)) best = candidate;
	}
	if (best !== null) return { route: best.route, ready: true };
	const asJobs = new Map([...loads].map(([region, { inFlight, failing }]) => [region, { unseen: inFlight, freed: 0, failing }]));
	const route = chooseRegion(routes, asJobs, silentMsMax);
	return route === null ? null : { route, ready: false };
}
