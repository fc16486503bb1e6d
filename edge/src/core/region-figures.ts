/** Views over regions' heartbeats and endpoints' grants. Pure. */
import { GPU_POOL_IDS, type GpuPoolId } from '@longshore/shared-schema/catalog/pools';
import type { EndpointGrant, HostFigure, RegionHeartbeat, WorkerCounts } from '@longshore/shared-schema/wire/region';
import type { EndpointRoutes } from '@longshore/shared-schema/wire/route';
import type { RegionUse } from './allocate-grants.ts';
import type { EndpointRecord } from './endpoint-record.ts';
import { placedOf } from './supply.ts';

/** No worker in any state. */
export const NO_WORKERS: WorkerCounts = { initializing: 0, idle: 0, running: 0, throttled: 0, unhealthy: 0, outdated: 0 };

/** Sum of two counts. */
export function addCounts(a: WorkerCounts, b: WorkerCounts): WorkerCounts {
	return {
		initializing: a.initializing + b.initializing,
		idle: a.idle + b.idle,
		running: a.running + b.running,
		throttled: a.throttled + b.throttled,
		unhealthy: a.unhealthy + b.unhealthy,
		outdated: a.outdated + b.outdated,
	};
}

/** Equal exactly when two host lists could run the same: who is there with which GPUs, not how busy they are. */
export function capacityPrint(hosts: readonly HostFigure[]): string {
	return hosts
		.map(({ id, dataCenterId, gpuType, gpus, cudaVersion, draining }) => [id, dataCenterId, gpuType, gpus, cudaVersion, draining].join('/'))
		.sort()
		.join('\n');
}

const poolId = (tier: string): GpuPoolId | undefined => GPU_POOL_IDS.find((id) => id === tier);

/** A region's grant of an endpoint, or null when it has no share. References to secrets are still references. */
export function grantOf(record: EndpointRecord, region: string): EndpointGrant | null {
	const share = record.shares.find((candidate) => candidate.region === region);
	if (share === undefined) return null;
	const { id, accountId, revision, version, spec } = record;
	const home = placedOf(record);
	const placed =
		share.tiers === undefined
			? home
			: { ...home, ...(spec.gpuTypes.length > 0 ? { gpuTypes: [...share.tiers] } : { gpuPools: share.tiers.flatMap((tier) => poolId(tier) ?? []) }) };
	return { endpointId: id, accountId, revision, version, spec: placed, workersMax: share.workersMax, workersMin: share.workersMin };
}

/** What a region's leading broker says of an endpoint, as the allocation of grants takes it; null when it does not name the endpoint. */
export function useOf(heartbeat: RegionHeartbeat, endpointId: string): RegionUse | null {
	const figures = heartbeat.endpoints[endpointId];
	if (figures === undefined) return null;
	const { initializing, idle, running, unhealthy, outdated } = figures.workers;
	const ready = Math.max(0, idle + running - outdated);
	return { revision: figures.revision, alive: figures.alive ?? initializing + idle + running + unhealthy, isServing: ready > 0, blocked: figures.blocked !== undefined };
}

/** Equal exactly when two heartbeats leave the allocation of grants the same: free GPUs, and who uses, confirms or lacks what. */
export function usePrint(heartbeat: RegionHeartbeat): string {
	const free = heartbeat.hosts.map(({ id, gpusFree }) => `${id}/${gpusFree}`).sort();
	const uses = Object.keys(heartbeat.endpoints).map((id) => `${id}/${JSON.stringify(useOf(heartbeat, id))}`);
	return [...free, ...uses.sort()].join('\n');
}

/** All regions with their figures of the endpoint, those with a share first and in the order of preference; one without a share has `workersMax` 0 and takes no new jobs. */
export function routesOf(
	record: EndpointRecord | null,
	regions: ReadonlyMap<string, { readonly url: string }>,
	live: ReadonlyMap<string, { readonly heartbeat: RegionHeartbeat | null }>,
	silentMsOf: (region: string) => number,
	lostBoots: readonly string[],
): EndpointRoutes {
	if (record === null) return { workersMax: 0, regions: [], lostBoots };
	const routes = [...regions].map(([region, { url }]) => {
		const figures = live.get(region)?.heartbeat?.endpoints[record.id];
		return {
			region,
			url,
			silentMs: silentMsOf(region),
			workersMax: record.shares.find((share) => share.region === region)?.workersMax ?? 0,
			workers: figures?.workers ?? NO_WORKERS,
			queued: figures?.queued ?? 0,
			slotsFree: figures?.slotsFree ?? 0,
			blocked: figures?.blocked ?? null,
		};
	});
	const rank = ({ region }: { region: string }): number => {
		const at = record.shares.findIndex((share) => share.region === region);
		return at < 0 ? record.shares.length : at;
	};
	return { workersMax: record.spec.workersMax, regions: routes.sort((a, b) => rank(a) - rank(b)), lostBoots };
}
