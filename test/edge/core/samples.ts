/** Hosts, routes and specifications for tests of the edge's decisions. */
import type { EndpointSpec } from '../../../shared-schema/src/endpoint/endpoint.ts';
import type { HostFigure } from '../../../shared-schema/src/wire/region.ts';
import { specFromV2 } from '../../../shared-schema/src/wire/rest-v2/endpoint-apply.ts';
import { createEndpointV2 } from '../../../shared-schema/src/wire/rest-v2/endpoint-body.ts';
import type { RegionRoute } from '../../../shared-schema/src/wire/route.ts';

export const RTX4090 = 'NVIDIA GeForce RTX 4090';
export const A100 = 'NVIDIA A100 80GB PCIe';
export const L40S = 'NVIDIA L40S';

/** The defaults of REST v2 on ADA_24, with what a test cares about put in. */
export function spec(over: Partial<EndpointSpec> = {}): EndpointSpec {
	return { ...specFromV2(createEndpointV2.parse({ name: 'x', type: 'QUEUE', image: 'i', gpu: { pools: ['ADA_24'] } })), ...over };
}

export function host(over: Partial<HostFigure> = {}): HostFigure {
	return { id: 'h-1', boot: 'boot-1', dataCenterId: 'EU-RO-1', gpuType: RTX4090, gpus: 4, gpusFree: 4, cudaVersion: '12.8', models: [], draining: false, ...over };
}

export function route(region: string, over: Partial<Omit<RegionRoute, 'workers'>> & { workers?: Partial<RegionRoute['workers']> } = {}): RegionRoute {
	const { workers, ...rest } = over;
	return {
		region,
		url: `http://${region}`,
		silentMs: 0,
		workersMax: 3,
		queued: 0,
		slotsFree: 0,
		blocked: null,
		...rest,
		workers: { initializing: 0, idle: 0, running: 0, throttled: 0, unhealthy: 0, outdated: 0, ...workers },
	};
}
