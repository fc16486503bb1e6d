/** Bodies that make or change an endpoint in RunPod's REST v1 (`/v1/endpoints`), and what they say in REST v2's words. */
import * as z from 'zod';
import { GPU_POOL_IDS } from '../../catalog/pools.ts';
import type { EndpointSpec } from '../../endpoint/endpoint.ts';
import { CUDA_VERSION_PATTERN, EXECUTION_TIMEOUT_MS, GPUS_PER_WORKER_MAX, ID_PATTERN, IDLE_TIMEOUT_S, NAME_CHARS_MAX, VCPUS_PER_WORKER_MAX, WORKERS_MAX } from '../../limits.ts';
import type { UpdateEndpointV2 } from '../rest-v2/endpoint-body.ts';

const id = z.string().regex(ID_PATTERN);
const cudaVersion = z.string().regex(CUDA_VERSION_PATTERN, 'must be major.minor, such as 12.8');
const settable = {
	name: z.string().trim().min(1).max(NAME_CHARS_MAX),
	templateId: id,
	gpuTypeIds: z.array(z.string().min(1).max(80)).max(60),
	gpuCount: z.int().min(1).max(GPUS_PER_WORKER_MAX),
	cpuFlavorIds: z.array(z.string().min(1).max(40)).max(20),
	vcpuCount: z.int().min(1).max(VCPUS_PER_WORKER_MAX),
	allowedCudaVersions: z.array(cudaVersion).max(30),
	minCudaVersion: z.union([z.literal(''), cudaVersion]).nullable(),
	dataCenterIds: z.array(z.string().max(40)).max(100),
	/** 0: the default. */
	executionTimeoutMs: z.union([z.literal(0), z.int().min(EXECUTION_TIMEOUT_MS.min).max(EXECUTION_TIMEOUT_MS.max)]),
	flashboot: z.boolean(),
	idleTimeout: z.int().min(IDLE_TIMEOUT_S.min).max(IDLE_TIMEOUT_S.max),
	/** Null or empty: none. */
	networkVolumeId: z.union([z.literal(''), id]).nullable(),
	networkVolumeIds: z.array(id).max(30),
	scalerType: z.enum(['QUEUE_DELAY', 'REQUEST_COUNT']),
	scalerValue: z.int().min(1).max(3_600),
	workersMin: z.int().min(0).max(WORKERS_MAX),
	workersMax: z.int().min(0).max(WORKERS_MAX),
};

/** Body of `POST /v1/endpoints`. */
export const createEndpointV1 = z
	.strictObject({ ...settable, computeType: z.enum(['GPU', 'CPU']) })
	.partial()
	.required({ templateId: true })
	.meta({ id: 'CreateEndpointV1' });
export type CreateEndpointV1 = z.infer<typeof createEndpointV1>;

/** Body of `PATCH /v1/endpoints/{id}`. */
export const updateEndpointV1 = z.strictObject(settable).partial().meta({ id: 'UpdateEndpointV1' });
export type UpdateEndpointV1 = z.infer<typeof updateEndpointV1>;

const SCALER_VALUE_DEFAULT = 4;
const CPU_FLAVOR_DEFAULT = 'cpu3c';
const VCPUS_DEFAULT = 2;

/** What of an endpoint a change depends on. */
type Before = Pick<EndpointSpec, 'gpuCount' | 'cpuFlavors' | 'scaling'>;

/** What `body` changes of an endpoint. Settings of the other kind of compute are ignored, as RunPod does. */
export function changeFromV1(body: UpdateEndpointV1, before: Before): UpdateEndpointV2 {
	const workers = { min: body.workersMin, max: body.workersMax, idleTimeout: body.idleTimeout };
	const change = {
		name: body.name,
		...(before.gpuCount === 0 ? { cpu: cpuOf(body, before.cpuFlavors) } : { gpu: gpuOf(body) }),
		dataCenterIds: body.dataCenterIds,
		networkVolumes: volumesOf(body),
		timeout: body.executionTimeoutMs,
		flashboot: body.flashboot === undefined ? undefined : body.flashboot ? 'FLASHBOOT' : 'OFF',
		scaling: scalingOf(body, before.scaling),
		workers: named(workers),
	};
	return (named(change) ?? {}) as UpdateEndpointV2;
}

/** What a create body says, its template aside. Without a word on GPUs every pool will do, the cheapest first. */
export function settingsFromV1(body: CreateEndpointV1): UpdateEndpointV2 {
	const isCpu = body.computeType === 'CPU';
	const cpuFlavors = [{ id: CPU_FLAVOR_DEFAULT, vcpuCount: VCPUS_DEFAULT }];
	const change = changeFromV1(body, { gpuCount: isCpu ? 0 : 1, cpuFlavors, scaling: { type: 'QUEUE_DELAY', queueDelayS: SCALER_VALUE_DEFAULT } });
	if (isCpu) return { cpu: cpuFlavors, ...change };
	return { ...change, gpu: { ...((change.gpu?.types ?? []).length === 0 ? { pools: [...GPU_POOL_IDS] } : {}), ...change.gpu } };
}

function gpuOf(body: UpdateEndpointV1): UpdateEndpointV2['gpu'] {
	const types = body.gpuTypeIds === undefined || body.gpuTypeIds.length === 0 ? undefined : body.gpuTypeIds;
	return named({ types, count: body.gpuCount, allowedCudaVersions: body.allowedCudaVersions, minCudaVersion: body.minCudaVersion }) as UpdateEndpointV2['gpu'];
}

/** Flavours that are not named stay, with as many virtual CPUs as are. */
function cpuOf({ cpuFlavorIds = [], vcpuCount }: UpdateEndpointV1, before: Before['cpuFlavors']): UpdateEndpointV2['cpu'] {
	if (cpuFlavorIds.length > 0) return cpuFlavorIds.map((flavor) => ({ id: flavor, vcpuCount: vcpuCount ?? before[0]?.vcpuCount ?? VCPUS_DEFAULT }));
	return vcpuCount === undefined ? undefined : before.map(({ id: flavor }) => ({ id: flavor, vcpuCount }));
}

function volumesOf(body: UpdateEndpointV1): string[] | undefined {
	if (body.networkVolumeIds === undefined && body.networkVolumeId === undefined) return undefined;
	return [...new Set([...(body.networkVolumeIds ?? []), ...(body.networkVolumeId ? [body.networkVolumeId] : [])])];
}

/** A value without a type is one of the scaler that there is. */
function scalingOf(body: UpdateEndpointV1, before: EndpointSpec['scaling']): UpdateEndpointV2['scaling'] {
	if (body.scalerType === undefined && body.scalerValue === undefined) return undefined;
	const type = body.scalerType ?? before.type;
	const same = type === before.type;
	const value = body.scalerValue ?? (same ? scalerValueOf(before) : SCALER_VALUE_DEFAULT);
	if (type === 'REQUEST_COUNT') return { type, requestCount: value };
	const anticipate = before.type === 'QUEUE_DELAY' ? before.anticipate : undefined;
	return { type, queueDelay: value, ...(anticipate === undefined ? {} : { anticipate }) };
}

function scalerValueOf(scaling: EndpointSpec['scaling']): number {
	return scaling.type === 'QUEUE_DELAY' ? scaling.queueDelayS : scaling.requestCount;
}

/** The members that are given; undefined when none is. */
function named(members: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
	const given = Object.entries(members).filter(([, value]) => value !== undefined);
	return given.length === 0 ? undefined : Object.fromEntries(given);
}
