/** Which queued jobs should leave their region because another one could start them. Pure. */
import type { RegionRoute } from '@longshore/shared-schema/wire/route';

/** `gone`: the region was given up. `unshared`: it has no share of the endpoint any more. `unable`: it has no worker and may or can start none. `slower`: it is full, and another has free slots or room. */
export type MoveReason = 'gone' | 'unshared' | 'unable' | 'slower';

/** So many queued jobs of a region are to go elsewhere. */
export interface Move {
	readonly from: string;
	readonly count: number;
	readonly reason: MoveReason;
}

/** After this age without a heartbeat a region is given up; beyond the second it gets no new work. */
export interface MoveLimits {
	readonly leaseMs: number;
	readonly silentMsMax: number;
}

/**
 * Moves out of regions that may run nothing of the endpoint any more, whatever their figures say: those cross what is on its way there,
 * and a region that has forgotten the endpoint, and its queue with it, gives none. While workers of it still end there, one may be
 * taking the job this very moment: those regions are left to their figures until the workers are gone.
 */
export function unsharedMoves(routes: readonly RegionRoute[], { silentMsMax }: MoveLimits): Move[] {
	const unshared = routes.filter((route) => route.workersMax === 0 && present(route) === 0 && route.silentMs <= silentMsMax);
	return unshared.map(({ region }) => ({ from: region, count: Number.POSITIVE_INFINITY, reason: 'unshared' }));
}

/** The moves that the regions' figures ask for now, at most one a region. */
export function planMoves(routes: readonly RegionRoute[], { leaseMs, silentMsMax }: MoveLimits): Move[] {
	const able = routes.filter((route) => route.silentMs <= silentMsMax && canRun(route));
	let room = able.reduce((sum, route) => sum + roomOf(route), 0);
	const moves: Move[] = [];
	for (const route of routes) {
		if (route.silentMs > leaseMs) {
			moves.push({ from: route.region, count: Number.POSITIVE_INFINITY, reason: 'gone' });
			continue;
		}
		const elsewhere = able.some(({ region }) => region !== route.region);
		if (route.queued === 0 || route.silentMs > silentMsMax || !elsewhere) continue;
		const stuck = !canRun(route);
		// Without a share it will never run them; one that is only blocked may come round, so no more go than the others can start.
		const wanted = stuck ? (route.workersMax === 0 ? Number.POSITIVE_INFINITY : Math.min(route.queued, Math.max(1, room))) : Math.min(surplusOf(route), room);
		if (wanted <= 0) continue;
		moves.push({ from: route.region, count: wanted, reason: stuck ? 'unable' : 'slower' });
		room = Math.max(0, room - wanted);
	}
	return moves;
}

const present = ({ workers }: RegionRoute): number => workers.idle + workers.running + workers.initializing;

function canRun(route: RegionRoute): boolean {
	return route.workersMax > 0 && (route.blocked === null || present(route) > 0);
}

/** Jobs that could start in the region beyond those that wait there: on free slots, and on workers that it may still start. */
function roomOf(route: RegionRoute): number {
	const growth = route.blocked === null ? Math.max(0, route.workersMax - present(route)) : 0;
	return Math.max(0, route.slotsFree + route.workers.initializing + growth - route.queued);
}

/** Jobs that wait for a worker to become free: only in a region that can start no more. */
function surplusOf(route: RegionRoute): number {
	const full = route.blocked !== null || present(route) >= route.workersMax;
	return full ? Math.max(0, route.queued - route.slotsFree - route.workers.initializing) : 0;
}
