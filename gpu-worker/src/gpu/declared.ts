/** The GPUs of a host as its operator declares them. */
import type { TopologyHost } from '@longshore/shared-schema/wire/topology';

/** What the agent needs to know of a host's GPUs and models. */
export interface GpuInventory {
	readonly gpuType: string;
	readonly gpus: number;
	readonly cudaVersion: string;
	readonly models: readonly string[];
	/** UUIDs of real GPUs by index; left out: the GPUs are declared. */
	readonly uuids?: readonly string[];
}

/** The inventory that `LONGSHORE_DECLARED_GPUS` describes. */
export function declaredInventory(declared: TopologyHost): GpuInventory {
	return { gpuType: declared.gpuType, gpus: declared.count, cudaVersion: declared.cudaVersion, models: declared.models };
}
