/** An endpoint's order of GPUs: which tiers there are, and where a host's GPU type stands in it. */
import { poolOfGpuType } from '../catalog/gpus.ts';
import { GPU_POOL_IDS } from '../catalog/pools.ts';
import type { EndpointSpec } from './endpoint.ts';

/** What of a specification speaks of GPU kinds. */
export type GpuChoice = Pick<EndpointSpec, 'gpuPools' | 'gpuTypes' | 'excludedGpuTypes' | 'gpuCount'>;

/** The tiers in order of preference: GPU types where the endpoint names some, else pools; without either, every pool. */
export function gpuTiers(spec: GpuChoice): readonly string[] {
	if (spec.gpuTypes.length > 0) return spec.gpuTypes;
	return spec.gpuPools.length > 0 ? spec.gpuPools : GPU_POOL_IDS;
}

/** The tier that a GPU type counts to: itself where the endpoint names types, else its pool; undefined outside the catalogue. */
export function tierNameOf(spec: GpuChoice, gpuType: string): string | undefined {
	return spec.gpuTypes.length > 0 ? gpuType : poolOfGpuType(gpuType)?.id;
}

/** Place of a GPU type in the order, 0 first; -1 when it is not among the chosen ones. An excluded type keeps its place: who excludes asks `excludedGpuTypes`. */
export function gpuTierOf(spec: GpuChoice, gpuType: string): number {
	const name = tierNameOf(spec, gpuType);
	return name === undefined ? -1 : gpuTiers(spec).indexOf(name);
}

/** The pools of GPU types, each once, in the types' order. */
export function poolsOfTypes(gpuTypes: readonly string[]): EndpointSpec['gpuPools'] {
	return [...new Set(gpuTypes.flatMap((gpuType) => poolOfGpuType(gpuType)?.id ?? []))];
}
