/** GPU pools (tiers) and the GPU types in them, as placement and specifications see them. */
import { DEFAULT_CATALOG } from './data.ts';
import type { GpuPoolId } from './pools.ts';

/** One pool: memory of its smallest type in GB, US dollars per second and GPU for flex and active workers (null: no published price). */
export interface GpuPool {
	readonly id: GpuPoolId;
	readonly memoryGb: number;
	readonly flexPerSecond: number | null;
	readonly activePerSecond: number | null;
	readonly gpuTypes: readonly string[];
}

export const GPU_POOLS: readonly GpuPool[] = DEFAULT_CATALOG.pools.map((pool) => ({
	...pool,
	gpuTypes: DEFAULT_CATALOG.gpus.filter((gpu) => gpu.pool === pool.id).map(({ id }) => id),
}));

const POOL_OF_TYPE: ReadonlyMap<string, GpuPool> = new Map(GPU_POOLS.flatMap((pool) => pool.gpuTypes.map((gpuType) => [gpuType, pool] as const)));

/** The pool that a GPU type belongs to, or undefined for a type outside the pools. */
export function poolOfGpuType(gpuType: string): GpuPool | undefined {
	return POOL_OF_TYPE.get(gpuType);
}
