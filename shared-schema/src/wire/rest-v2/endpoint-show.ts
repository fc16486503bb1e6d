/** An endpoint in REST v2's shape. What is shown of its settings can be sent back as an update that changes nothing. */
import { DEFAULT_CATALOG } from '../../catalog/data.ts';
import type { EndpointSpec } from '../../endpoint/endpoint.ts';
import { joinShellWords } from '../../endpoint/shell-words.ts';
import type { EndpointV2 } from '../rest-answers.ts';

/** What of an endpoint can be set. */
export type SettingsV2 = Omit<EndpointV2, 'id' | 'name' | 'type' | 'createdAt' | 'version' | 'requestUrls'>;

/** What of an endpoint is shown besides its specification. */
export interface EndpointFacts {
	readonly id: string;
	/** ISO 8601. */
	readonly createdAt: string;
	readonly version: number;
	/** The address under which the edge was called, without a path. */
	readonly origin: string;
	/** Domain below which load-balanced endpoints have host names of their own; empty or left out: none. */
	readonly endpointDomain?: string;
}

/** The whole endpoint. */
export function toEndpointV2({ id, createdAt, version, origin, endpointDomain = '' }: EndpointFacts, spec: EndpointSpec): EndpointV2 {
	return { id, name: spec.name, type: spec.type, createdAt, version, ...settingsV2(spec), requestUrls: requestUrls(id, spec.type, origin, endpointDomain) };
}

/** The settings alone, without those that make up its identity: what releases compare. */
export function settingsV2(spec: EndpointSpec): SettingsV2 {
	const showsIdleTimeout = spec.type !== 'QUEUE' || spec.scaling.type !== 'REQUEST_COUNT';
	return {
		image: spec.image,
		...(spec.entrypoint === undefined ? {} : { entrypoint: spec.entrypoint }),
		args: joinShellWords(spec.command),
		env: spec.env,
		disk: spec.diskGb,
		ports: spec.ports,
		registry: spec.registryId,
		...compute(spec),
		workers: { min: spec.workersMin, max: spec.workersMax, ...(showsIdleTimeout ? { idleTimeout: spec.idleTimeoutS } : {}) },
		scaling: scaling(spec.scaling),
		dataCenterIds: spec.dataCenterIds,
		networkVolumes: spec.networkVolumeIds,
		timeout: spec.executionTimeoutMs,
		flashboot: spec.flashboot,
		ttl: spec.ttlMs,
		retries: spec.retriesMax,
		model: spec.model,
		webhook: { profile: spec.webhookProfile ?? 'runpod' },
		fallbackOrder: spec.fallbackOrder,
	};
}

function scaling(of: EndpointSpec['scaling']): SettingsV2['scaling'] {
	if (of.type === 'REQUEST_COUNT') return { type: 'REQUEST_COUNT', requestCount: of.requestCount };
	return { type: 'QUEUE_DELAY', queueDelay: of.queueDelayS, ...(of.anticipate === undefined ? {} : { anticipate: of.anticipate }) };
}

function compute(spec: EndpointSpec): Pick<SettingsV2, 'gpu' | 'cpu'> {
	if (spec.gpuCount === 0) {
		// Records of before CPU endpoints had flavours name none: they were the smallest.
		const flavors = spec.cpuFlavors.length > 0 ? spec.cpuFlavors : [{ id: 'cpu3c', vcpuCount: 2 }];
		return { cpu: flavors.map(({ id, vcpuCount }) => ({ id, vcpuCount, memory: memoryGb(id, vcpuCount) })) };
	}
	return {
		gpu: {
			pools: spec.gpuPools,
			...(spec.gpuTypes.length > 0 ? { types: spec.gpuTypes } : {}),
			excludedTypes: spec.excludedGpuTypes,
			count: spec.gpuCount,
			allowedCudaVersions: spec.cudaVersions,
			minCudaVersion: spec.minCudaVersion,
		},
	};
}

/** Memory of a CPU worker in GB. */
export function memoryGb(flavor: string, vcpuCount: number): number {
	return Math.max(1, Math.round((DEFAULT_CATALOG.cpus.find(({ id }) => id === flavor)?.ramGbPerVcpu ?? 2) * vcpuCount));
}

function requestUrls(id: string, type: EndpointSpec['type'], origin: string, endpointDomain: string): Record<string, string> {
	const base = `${origin}/v2/${id}`;
	if (type === 'LOAD_BALANCER')
		return { base: endpointDomain === '' ? `${origin}/lb/${id}` : `${origin.slice(0, origin.indexOf(':'))}://${id}.${endpointDomain}`, health: `${base}/health` };
	return {
		run: `${base}/run`,
		runSync: `${base}/runsync`,
		status: `${base}/status/{job_id}`,
		stream: `${base}/stream/{job_id}`,
		cancel: `${base}/cancel/{job_id}`,
		retry: `${base}/retry/{job_id}`,
		purgeQueue: `${base}/purge-queue`,
		health: `${base}/health`,
	};
}
