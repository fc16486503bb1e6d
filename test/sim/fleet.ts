/** The simulator's hosts: free GPUs, cached models, workers in place. Where a worker goes is `place-worker`'s decision. */
import type { PlaceHost } from '../../regional-broker/src/core/place-worker.ts';
import type { HostFigure } from '../../shared-schema/src/wire/region.ts';
import type { SimHost } from './scenario.ts';

/** Models that a host keeps, the least recently used one gone first. */
const MODELS_MAX = 20;
const CUDA_VERSION = '12.8';

export interface HostState {
	readonly host: SimHost;
	up: boolean;
	gpusFree: number;
	workers: number;
	readonly workersByEndpoint: Map<string, number>;
	/** Newest last. */
	models: string[];
}

export interface Fleet {
	readonly hosts: ReadonlyMap<string, HostState>;
	/** A region's hosts that are up, as the placement sees them for one endpoint. */
	placeHosts(region: string, endpointId: string): PlaceHost[];
	/** The same as the edge sees them. */
	figures(region: string): HostFigure[];
	/** Takes GPUs; true when the host held the model. */
	take(hostId: string, endpointId: string, gpus: number, model: string | null): boolean;
	giveBack(hostId: string, endpointId: string, gpus: number): void;
}

export function createFleet(hosts: readonly SimHost[]): Fleet {
	const states = new Map<string, HostState>(
		hosts.map((host) => [host.id, { host, up: true, gpusFree: host.gpus, workers: 0, workersByEndpoint: new Map<string, number>(), models: [] }]),
	);
	const byRegion = Map.groupBy(states.values(), ({ host }) => host.region);
	const upIn = (region: string): HostState[] => (byRegion.get(region) ?? []).filter(({ up }) => up);
	return {
		hosts: states,
		placeHosts: (region, endpointId) =>
			upIn(region).map((state) => ({
				...common(state),
				workersOfEndpoint: state.workersByEndpoint.get(endpointId) ?? 0,
				workers: state.workers,
				backoffMs: 0,
			})),
		figures: (region) => upIn(region).map((state) => ({ ...common(state), boot: state.host.id, models: [...state.models] })),
		take: (hostId, endpointId, gpus, model) => {
			const state = states.get(hostId);
			if (state === undefined || state.gpusFree < gpus) throw new Error(`host ${hostId} has no ${gpus} GPUs free`);
			const held = model === null || state.models.includes(model);
			if (model !== null) state.models = [...state.models.filter((other) => other !== model), model].slice(-MODELS_MAX);
			change(state, endpointId, gpus, 1);
			return held;
		},
		giveBack: (hostId, endpointId, gpus) => {
			const state = states.get(hostId);
			if (state !== undefined) change(state, endpointId, gpus, -1);
		},
	};
}

function common({ host, gpusFree, models }: HostState) {
	return { id: host.id, dataCenterId: host.dataCenterId, gpuType: host.gpuType, gpus: host.gpus, gpusFree, cudaVersion: CUDA_VERSION, models, draining: false };
}

function change(state: HostState, endpointId: string, gpus: number, by: 1 | -1): void {
	state.gpusFree -= gpus * by;
	state.workers += by;
	state.workersByEndpoint.set(endpointId, (state.workersByEndpoint.get(endpointId) ?? 0) + by);
}
