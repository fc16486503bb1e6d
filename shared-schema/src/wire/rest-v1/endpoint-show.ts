/** An endpoint in REST v1's shape. */
import * as z from 'zod';
import { TEMPLATE_DEFAULTS } from '../../account/template.ts';
import { GPU_POOLS } from '../../catalog/gpus.ts';
import type { EndpointSpec } from '../../endpoint/endpoint.ts';
import { memoryGb } from '../rest-v2/endpoint-show.ts';
import { templateFieldsV1, toTemplateV1 } from './template.ts';

/** Answers of `/v1/endpoints`. */
const view = z.object({
	id: z.string(),
	name: z.string(),
	userId: z.string(),
	createdAt: z.iso.datetime(),
	version: z.int(),
	templateId: z.string().describe('Empty for an endpoint that was not made from a template by REST v1.'),
	template: templateFieldsV1.optional().describe('With `includeTemplate=true`.'),
	workers: z.array(z.record(z.string(), z.unknown())).optional().describe('With `includeWorkers=true`.'),
	computeType: z.enum(['GPU', 'CPU']),
	gpuTypeIds: z.array(z.string()),
	gpuCount: z.int(),
	instanceIds: z.array(z.string()),
	allowedCudaVersions: z.array(z.string()),
	minCudaVersion: z.string().optional(),
	dataCenterIds: z.array(z.string()),
	env: z.record(z.string(), z.string()),
	executionTimeoutMs: z.int(),
	flashboot: z.boolean(),
	idleTimeout: z.number(),
	networkVolumeId: z.string(),
	networkVolumeIds: z.array(z.string()),
	scalerType: z.enum(['QUEUE_DELAY', 'REQUEST_COUNT']),
	scalerValue: z.number(),
	workersMin: z.int(),
	workersMax: z.int(),
});
export const endpointV1 = view.meta({ id: 'EndpointV1' });
export const endpointListV1 = z.array(view).meta({ id: 'EndpointListV1' });
export type EndpointV1 = z.infer<typeof endpointV1>;

/** What of an endpoint is shown besides its specification; `createdAt` is ISO 8601. */
export interface EndpointFactsV1 {
	readonly id: string;
	readonly accountId: string;
	readonly createdAt: string;
	readonly version: number;
	readonly templateId: string;
}

/** The endpoint, without its template and workers. */
export function toEndpointV1({ id, accountId, createdAt, version, templateId }: EndpointFactsV1, spec: EndpointSpec): EndpointV1 {
	return {
		id,
		name: spec.name,
		userId: accountId,
		createdAt,
		version,
		templateId,
		computeType: spec.gpuCount === 0 ? 'CPU' : 'GPU',
		gpuTypeIds: gpuTypesOf(spec),
		gpuCount: spec.gpuCount,
		instanceIds: spec.cpuFlavors.map(({ id: flavor, vcpuCount }) => `${flavor}-${vcpuCount}-${memoryGb(flavor, vcpuCount)}`),
		allowedCudaVersions: spec.cudaVersions,
		...(spec.minCudaVersion === null ? {} : { minCudaVersion: spec.minCudaVersion }),
		dataCenterIds: spec.dataCenterIds,
		env: spec.env,
		executionTimeoutMs: spec.executionTimeoutMs,
		flashboot: spec.flashboot !== 'OFF',
		idleTimeout: spec.idleTimeoutS,
		networkVolumeId: spec.networkVolumeIds[0] ?? '',
		networkVolumeIds: spec.networkVolumeIds,
		scalerType: spec.scaling.type,
		scalerValue: spec.scaling.type === 'QUEUE_DELAY' ? spec.scaling.queueDelayS : spec.scaling.requestCount,
		workersMin: spec.workersMin,
		workersMax: spec.workersMax,
	};
}

/** The container settings of an endpoint that is bound to no template, as REST v1 shows a template. */
export function templateOfEndpoint(spec: EndpointSpec): z.infer<typeof templateFieldsV1> {
	const { image, entrypoint = [], command, env, ports, registryId, diskGb } = spec;
	return toTemplateV1('', spec.name, { ...TEMPLATE_DEFAULTS, image, entrypoint, command, env, ports, registryId, diskGb: diskGb ?? TEMPLATE_DEFAULTS.diskGb, isServerless: true });
}

/** The types that it names, or those of its pools, in the order of preference. */
function gpuTypesOf({ gpuTypes, gpuPools, excludedGpuTypes }: EndpointSpec): string[] {
	if (gpuTypes.length > 0) return gpuTypes;
	return gpuPools.flatMap((id) => GPU_POOLS.find((pool) => pool.id === id)?.gpuTypes ?? []).filter((type) => !excludedGpuTypes.includes(type));
}
