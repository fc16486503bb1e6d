/** Where an endpoint could run: the GPUs of each region and tier in the order in which it wants them. Pure. */
import { isCudaAllowed } from '@longshore/shared-schema/endpoint/cuda';
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { gpuTierOf } from '@longshore/shared-schema/endpoint/gpu-preference';
import type { HostFigure } from '@longshore/shared-schema/wire/region';

/** A region as the allocator sees it. */
export interface RegionCapacity {
	readonly region: string;
	readonly alive: boolean;
	readonly hosts: readonly HostFigure[];
}

/** The workers that one tier of one region could hold. */
export interface Unit {
	readonly region: string;
	/** Place of the pool or GPU type in the endpoint's order of preference; 0 is the best. */
	readonly tier: number;
	/** Workers that its hosts could hold if nothing else ran there. */
	readonly room: number;
	/** Workers that could start there now. */
	readonly free: number;
}

/** The parts of a specification that say where it may run. */
export type PlaceRules = Pick<EndpointSpec, 'gpuPools' | 'gpuTypes' | 'excludedGpuTypes' | 'gpuCount' | 'cudaVersions' | 'minCudaVersion' | 'dataCenterIds' | 'fallbackOrder'>;

/** Units of all live regions, most wanted first. Ties go to the region with more room, then by name, so that the order is stable. */
export function rankUnits(spec: PlaceRules, regions: readonly RegionCapacity[]): Unit[] {
	const units = regions.filter(({ alive }) => alive).flatMap(({ region, hosts }) => unitsOf(spec, region, hosts));
	const best = new Map<string, { tier: number; room: number }>();
	for (const { region, tier, room } of units) {
		const known = best.get(region);
		best.set(region, { tier: Math.min(known?.tier ?? tier, tier), room: (known?.room ?? 0) + room });
	}
	const byRegion = (a: Unit, b: Unit): number => {
		const [x, y] = [best.get(a.region), best.get(b.region)];
		return (x?.tier ?? 0) - (y?.tier ?? 0) || compareRoom(y?.room ?? 0, x?.room ?? 0) || a.region.localeCompare(b.region);
	};
	const tierFirst = spec.fallbackOrder !== 'region';
	return units.sort((a, b) => (tierFirst ? a.tier - b.tier || byRegion(a, b) : byRegion(a, b) || a.tier - b.tier));
}

function unitsOf(spec: PlaceRules, region: string, hosts: readonly HostFigure[]): Unit[] {
	const units = new Map<number, { room: number; free: number }>();
	for (const host of hosts) {
		const tier = tierOf(spec, host);
		const room = roomOn(spec, host.gpus);
		if (tier < 0 || host.draining || room === 0) continue;
		const unit = units.get(tier) ?? { room: 0, free: 0 };
		units.set(tier, { room: unit.room + room, free: unit.free + roomOn(spec, Math.min(host.gpus, host.gpusFree)) });
	}
	return [...units].map(([tier, unit]) => ({ region, tier, ...unit }));
}

/** Place of the host's GPUs in the endpoint's order of preference; -1 when the endpoint may not run there. */
function tierOf(spec: PlaceRules, host: HostFigure): number {
	if (spec.dataCenterIds.length > 0 && !spec.dataCenterIds.includes(host.dataCenterId)) return -1;
	if (spec.gpuCount === 0) return 0;
	if (!isCudaAllowed(spec, host.cudaVersion) || spec.excludedGpuTypes.includes(host.gpuType)) return -1;
	return gpuTierOf(spec, host.gpuType);
}

function roomOn(spec: PlaceRules, gpus: number): number {
	return spec.gpuCount === 0 ? Number.POSITIVE_INFINITY : Math.floor(gpus / spec.gpuCount);
}

/** Two endless rooms are equal. */
function compareRoom(a: number, b: number): number {
	return a === b ? 0 : a - b;
}
