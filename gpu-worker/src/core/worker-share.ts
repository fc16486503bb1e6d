/** What of a host's memory and processors one worker may use. */

import { DEFAULT_CATALOG } from '@longshore/shared-schema/catalog/data';
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';

const GIB = 2 ** 30;
/** Stays with the system and the agent. */
const HOST_KEEPS = 0.1;
/** A worker without GPUs and without a flavour, where its host has as much. */
const PLAIN_WORKER = { cpus: 2, memoryBytes: 4 * GIB };

export interface HostSize {
	readonly memoryBytes: number;
	readonly cpus: number;
	readonly gpus: number;
}

export interface WorkerShare {
	readonly memoryBytes: number;
	readonly cpus: number;
}

/** A worker with GPUs gets the host's memory and processors in the same share as its GPUs, a CPU worker what its first flavour says. */
export function workerShare(spec: Pick<EndpointSpec, 'gpuCount' | 'cpuFlavors'>, host: HostSize): WorkerShare {
	const most = { memoryBytes: Math.floor(host.memoryBytes * (1 - HOST_KEEPS)), cpus: host.cpus };
	if (spec.gpuCount > 0) {
		const part = Math.min(1, spec.gpuCount / Math.max(1, host.gpus));
		return { memoryBytes: Math.floor(most.memoryBytes * part), cpus: Math.max(1, Math.floor(most.cpus * part)) };
	}
	const flavor = spec.cpuFlavors[0];
	const ramGb = DEFAULT_CATALOG.cpus.find(({ id }) => id === flavor?.id)?.ramGbPerVcpu ?? 2;
	const asked = flavor === undefined ? PLAIN_WORKER : { cpus: flavor.vcpuCount, memoryBytes: flavor.vcpuCount * ramGb * GIB };
	return { memoryBytes: Math.min(most.memoryBytes, asked.memoryBytes), cpus: Math.min(most.cpus, asked.cpus) };
}
