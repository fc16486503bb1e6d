/** How an endpoint's workers are shared among regions. Pure. Their sum never exceeds the maximum. */
import { isCudaAllowed } from '@longshore/shared-schema/endpoint/cuda';
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { gpuTierOf } from '@longshore/shared-schema/endpoint/gpu-preference';
import type { HostFigure } from '@longshore/shared-schema/wire/region';

/** A region as the allocator sees it. `held` grants stay until the region is given up. */
export interface RegionCapacity {
	readonly region: string;
	readonly alive: boolean;
	readonly hosts: readonly HostFigure[];
}

/** A region's share of an endpoint's workers. */
export interface Share {
	readonly region: string;
	readonly workersMax: number;
	readonly workersMin: number;
}

/**
 * Live regions keep what they hold (a share moves only when its region is given up); the rest goes by tier, then by room.
 * A region gets no more than its hosts could ever run, except that the last of the rest is parked in the best region.
 */
export function allocateGrants(spec: EndpointSpec, held: readonly Share[], regions: readonly RegionCapacity[]): Share[] {
	const ranked = rankRegions(spec, regions);
	const maxOf = new Map<string, number>();
	let left = spec.workersMax;
	const give = (region: string, count: number): void => {
		const given = Math.min(count, left);
		maxOf.set(region, (maxOf.get(region) ?? 0) + given);
		left -= given;
	};
	for (const { region, room } of ranked) give(region, Math.min(held.find((share) => share.region === region)?.workersMax ?? 0, room));
	for (const { region, room } of ranked) give(region, Math.max(0, room - (maxOf.get(region) ?? 0)));
	const first = ranked[0];
	if (first !== undefined) give(first.region, left);
	return shareMinimum(spec, ranked, maxOf);
}

function shareMinimum(spec: EndpointSpec, ranked: readonly Ranked[], maxOf: ReadonlyMap<string, number>): Share[] {
	let minLeft = Math.min(spec.workersMin, spec.workersMax);
	const shares: Share[] = [];
	for (const { region } of ranked) {
		const workersMax = maxOf.get(region) ?? 0;
		const workersMin = Math.min(minLeft, workersMax);
		minLeft -= workersMin;
		if (workersMax > 0) shares.push({ region, workersMax, workersMin });
	}
	return shares;
}

interface Ranked {
	readonly region: string;
	readonly tier: number;
	readonly room: number;
}

/** Regions that could run the endpoint, best tier first, then the most room, then by name so that the order is stable. */
function rankRegions(spec: EndpointSpec, regions: readonly RegionCapacity[]): Ranked[] {
	const ranked: Ranked[] = [];
	for (const { region, alive, hosts } of regions) {
		if (!alive) continue;
		const fitting = hosts.map((host) => ({ tier: tierOf(spec, host), room: roomOn(spec, host) })).filter(({ tier, room }) => tier >= 0 && room > 0);
		if (fitting.length === 0) continue;
		ranked.push({ region, tier: Math.min(...fitting.map(({ tier }) => tier)), room: fitting.reduce((sum, { room }) => sum + room, 0) });
	}
	return ranked.sort((a, b) => a.tier - b.tier || b.room - a.room || a.region.localeCompare(b.region));
}

/** Place of the host's GPUs in the endpoint's order of preference; -1 when the endpoint may not run there. */
function tierOf(spec: EndpointSpec, host: HostFigure): number {
	if (spec.dataCenterIds.length > 0 && !spec.dataCenterIds.includes(host.dataCenterId)) return -1;
	if (spec.gpuCount === 0) return 0;
	if (!isCudaAllowed(spec, host.cudaVersion) || spec.excludedGpuTypes.includes(host.gpuType)) return -1;
	return gpuTierOf(spec, host.gpuType);
}

function roomOn(spec: EndpointSpec, host: HostFigure): number {
	return spec.gpuCount === 0 ? Number.POSITIVE_INFINITY : Math.floor(host.gpus / spec.gpuCount);
}
