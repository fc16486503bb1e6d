/** From a REST v2 body to a specification. What a body leaves out stays; nothing here judges, `endpoint-problems.ts` does. */
import type { EndpointSpec } from '../../endpoint/endpoint.ts';
import { poolsOfTypes } from '../../endpoint/gpu-preference.ts';
import { splitShellWords } from '../../endpoint/shell-words.ts';
import { EXECUTION_TIMEOUT_MS, IDLE_TIMEOUT_S, TTL_MS } from '../../limits.ts';
import type { CreateEndpointV2, UpdateEndpointV2 } from './endpoint-body.ts';

/** RunPod's default of workers max. */
const WORKERS_MAX_DEFAULT = 3;
/** RunPod's default of a scaler's value, seconds or requests. */
const SCALER_VALUE_DEFAULT = 4;
const VCPUS_DEFAULT = 2;

/** The specification that a create body asks for. Throws `ShellWordsError` for `args`. */
export function specFromV2(body: CreateEndpointV2): EndpointSpec {
	const blank: EndpointSpec = {
		name: body.name,
		type: body.type,
		image: body.image ?? '',
		command: [],
		env: {},
		gpuPools: [],
		gpuTypes: [],
		excludedGpuTypes: [],
		gpuCount: 0,
		cpuFlavors: [],
		cudaVersions: [],
		minCudaVersion: null,
		dataCenterIds: [],
		networkVolumeIds: [],
		ports: [],
		diskGb: null,
		registryId: null,
		workersMin: 0,
		workersMax: WORKERS_MAX_DEFAULT,
		idleTimeoutS: IDLE_TIMEOUT_S.default,
		scaling: body.type === 'QUEUE' ? { type: 'QUEUE_DELAY', queueDelayS: SCALER_VALUE_DEFAULT } : { type: 'REQUEST_COUNT', requestCount: SCALER_VALUE_DEFAULT },
		executionTimeoutMs: EXECUTION_TIMEOUT_MS.default,
		ttlMs: TTL_MS.default,
		retriesMax: 1,
		flashboot: 'OFF',
		model: null,
		fallbackOrder: 'tier',
	};
	return applyV2(body.gpu === undefined ? blank : { ...blank, gpuCount: 1 }, body);
}

/** The specification after an update. Throws `ShellWordsError` for `args`. */
export function applyV2(before: EndpointSpec, body: UpdateEndpointV2): EndpointSpec {
	const { entrypoint: earlier = [], ...spec } = before;
	const entrypoint = body.entrypoint ?? earlier;
	return {
		...spec,
		...(entrypoint.length === 0 ? {} : { entrypoint }),
		name: body.name ?? spec.name,
		image: body.image ?? spec.image,
		command: body.args === undefined ? spec.command : splitShellWords(body.args),
		env: body.env ?? spec.env,
		diskGb: body.disk === undefined ? spec.diskGb : body.disk,
		ports: body.ports ?? spec.ports,
		registryId: body.registry === undefined ? spec.registryId : body.registry,
		...computeFrom(spec, body),
		dataCenterIds: body.dataCenterIds ?? spec.dataCenterIds,
		networkVolumeIds: body.networkVolumes ?? spec.networkVolumeIds,
		workersMin: body.workers?.min ?? spec.workersMin,
		workersMax: body.workers?.max ?? spec.workersMax,
		idleTimeoutS: body.workers?.idleTimeout ?? spec.idleTimeoutS,
		scaling: body.scaling === undefined ? spec.scaling : scalingFrom(body.scaling),
		executionTimeoutMs: body.timeout === undefined ? spec.executionTimeoutMs : body.timeout || EXECUTION_TIMEOUT_MS.default,
		ttlMs: body.ttl ?? spec.ttlMs,
		retriesMax: body.retries ?? spec.retriesMax,
		flashboot: body.flashboot ?? spec.flashboot,
		model: body.model === undefined ? spec.model : body.model,
		fallbackOrder: body.fallbackOrder ?? spec.fallbackOrder,
		...(body.webhook === undefined ? {} : { webhookProfile: body.webhook.profile }),
	};
}

type Compute = Pick<EndpointSpec, 'gpuPools' | 'gpuTypes' | 'excludedGpuTypes' | 'gpuCount' | 'cpuFlavors' | 'cudaVersions' | 'minCudaVersion'>;

/** As RunPod says: pools come with their exclusions, so naming pools anew clears the exclusions that are not restated; counts and CUDA stay unless named. */
function computeFrom(spec: EndpointSpec, { gpu, cpu }: UpdateEndpointV2): Compute {
	const cpuFlavors = cpu?.map(({ id, vcpuCount }) => ({ id, vcpuCount: vcpuCount ?? VCPUS_DEFAULT })) ?? spec.cpuFlavors;
	const { gpuPools, gpuTypes, excludedGpuTypes, gpuCount, cudaVersions, minCudaVersion } = spec;
	if (gpu === undefined) return { gpuPools, gpuTypes, excludedGpuTypes, gpuCount, cpuFlavors, cudaVersions, minCudaVersion };
	const chosen = gpu.pools !== undefined || gpu.types !== undefined;
	const types = chosen ? (gpu.types ?? []) : gpuTypes;
	return {
		gpuPools: types.length > 0 ? poolsOfTypes(types) : (gpu.pools ?? gpuPools),
		gpuTypes: types,
		excludedGpuTypes: chosen ? (gpu.excludedTypes ?? []) : excludedGpuTypes,
		gpuCount: gpu.count ?? gpuCount,
		cpuFlavors,
		cudaVersions: gpu.allowedCudaVersions ?? cudaVersions,
		minCudaVersion: gpu.minCudaVersion === undefined ? minCudaVersion : gpu.minCudaVersion || null,
	};
}

function scalingFrom(body: NonNullable<UpdateEndpointV2['scaling']>): EndpointSpec['scaling'] {
	if (body.type === 'QUEUE_DELAY') return { type: 'QUEUE_DELAY', queueDelayS: body.queueDelay, ...(body.anticipate === undefined ? {} : { anticipate: body.anticipate }) };
	return { type: 'REQUEST_COUNT', requestCount: body.requestCount };
}
