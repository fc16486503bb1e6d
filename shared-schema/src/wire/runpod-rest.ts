/** RunPod's REST v2 shape of an endpoint (`/v2/serverless`), and its mapping to our specification. Unknown members are refused. */
import * as z from 'zod';
import { GPU_POOL_IDS } from '../catalog/gpus.ts';
import { COMMAND_WORD_CHARS_MAX, COMMAND_WORDS_MAX, type EndpointSpec } from '../endpoint/endpoint.ts';
import { splitShellWords } from '../endpoint/shell-words.ts';
import { EXECUTION_TIMEOUT_MS, IDLE_TIMEOUT_S, TTL_MS } from '../limits.ts';
import type { EndpointV2 } from './rest-answers.ts';

const scalingV2 = z.discriminatedUnion('type', [
	z.strictObject({ type: z.literal('QUEUE_DELAY'), queueDelay: z.number().min(0.5).max(3_600) }),
	z.strictObject({ type: z.literal('REQUEST_COUNT'), requestCount: z.int().min(1).max(10_000) }),
]);

const gpuV2 = z.strictObject({
	pools: z.array(z.enum(GPU_POOL_IDS)).min(1).max(20),
	excludedTypes: z.array(z.string().max(80)).max(60).optional(),
	count: z.int().min(1).max(16).optional(),
	allowedCudaVersions: z.array(z.string().max(10)).max(30).optional(),
});

const cpuV2 = z.array(z.strictObject({ id: z.string().max(40), vcpuCount: z.int().min(1).max(256).optional() })).min(1);

const workersV2 = z.strictObject({
	min: z.int().min(0).max(1_000).optional(),
	max: z.int().min(0).max(1_000).optional(),
	idleTimeout: z.number().min(IDLE_TIMEOUT_S.min).max(IDLE_TIMEOUT_S.max).optional(),
});

const settable = {
	name: z.string().min(1).max(191),
	scaling: scalingV2,
	image: z.string().min(1).max(500),
	/** Start command, split as a shell would. */
	args: z.string().max(20_000).optional(),
	env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/), z.string().max(32_768)).optional(),
	gpu: gpuV2.optional(),
	cpu: cpuV2.optional(),
	workers: workersV2.optional(),
	dataCenterIds: z.array(z.string().max(40)).max(100).optional(),
	/** Execution timeout in ms; 0: the default. */
	timeout: z.union([z.literal(0), z.int().min(EXECUTION_TIMEOUT_MS.min).max(EXECUTION_TIMEOUT_MS.max)]).optional(),
	/** Ours: job TTL in ms. */
	ttl: z.int().min(TTL_MS.min).max(TTL_MS.max).optional(),
	/** Ours: new attempts after a lost worker. */
	retries: z.int().min(0).max(10).optional(),
	flashboot: z.enum(['OFF', 'FLASHBOOT', 'PRIORITY_FLASHBOOT']).optional(),
	model: z.string().max(300).nullable().optional(),
	/** Ours: how webhooks are delivered. */
	webhook: z.strictObject({ profile: z.enum(['runpod', 'durable']) }).optional(),
};

/** Body of `POST /v2/serverless`. */
export const createEndpointV2 = z
	.strictObject({ ...settable, type: z.enum(['QUEUE', 'LOAD_BALANCER']), scaling: scalingV2.default({ type: 'QUEUE_DELAY', queueDelay: 4 }) })
	.meta({ id: 'CreateEndpoint' });
export type CreateEndpointV2 = z.infer<typeof createEndpointV2>;

/** Body of `PATCH /v2/serverless/{id}`: any part of it but the type. */
export const updateEndpointV2 = z.strictObject(settable).partial().meta({ id: 'UpdateEndpoint' });
export type UpdateEndpointV2 = z.infer<typeof updateEndpointV2>;

/** RunPod's default of workers max. */
const WORKERS_MAX_DEFAULT = 3;

/** The specification that a create body asks for. Throws `ShellWordsError` for `args`. */
export function specFromV2(body: CreateEndpointV2): EndpointSpec {
	return applyV2(
		{
			name: body.name,
			type: body.type,
			image: body.image,
			command: [],
			env: {},
			gpuPools: [],
			excludedGpuTypes: [],
			gpuCount: 0,
			cudaVersions: [],
			dataCenterIds: [],
			workersMin: 0,
			workersMax: WORKERS_MAX_DEFAULT,
			idleTimeoutS: IDLE_TIMEOUT_S.default,
			scaling: { type: 'QUEUE_DELAY', queueDelayS: 4 },
			executionTimeoutMs: EXECUTION_TIMEOUT_MS.default,
			ttlMs: TTL_MS.default,
			retriesMax: 1,
			flashboot: false,
			model: null,
		},
		body,
	);
}

/** The specification after an update. Members that the body leaves out stay. Throws `ShellWordsError` for `args`. */
export function applyV2(spec: EndpointSpec, body: UpdateEndpointV2): EndpointSpec {
	const gpu = body.gpu;
	return {
		...spec,
		name: body.name ?? spec.name,
		image: body.image ?? spec.image,
		command: body.args === undefined ? spec.command : splitShellWords(body.args),
		env: body.env ?? spec.env,
		gpuPools: body.cpu !== undefined ? [] : (gpu?.pools ?? spec.gpuPools),
		excludedGpuTypes: body.cpu !== undefined ? [] : gpu === undefined ? spec.excludedGpuTypes : (gpu.excludedTypes ?? []),
		gpuCount: body.cpu !== undefined ? 0 : gpu === undefined ? spec.gpuCount : (gpu.count ?? 1),
		cudaVersions: gpu === undefined ? spec.cudaVersions : (gpu.allowedCudaVersions ?? []),
		dataCenterIds: body.dataCenterIds ?? spec.dataCenterIds,
		workersMin: body.workers?.min ?? spec.workersMin,
		workersMax: body.workers?.max ?? spec.workersMax,
		idleTimeoutS: body.workers?.idleTimeout ?? spec.idleTimeoutS,
		scaling: body.scaling === undefined ? spec.scaling : scalingFromV2(body.scaling),
		executionTimeoutMs: body.timeout === undefined ? spec.executionTimeoutMs : body.timeout || EXECUTION_TIMEOUT_MS.default,
		ttlMs: body.ttl ?? spec.ttlMs,
		retriesMax: body.retries ?? spec.retriesMax,
		flashboot: body.flashboot === undefined ? spec.flashboot : body.flashboot !== 'OFF',
		model: body.model === undefined ? spec.model : body.model,
		...(body.webhook === undefined ? {} : { webhookProfile: body.webhook.profile }),
	};
}

/** What is wrong with a specification as a whole, with the fix; null when it holds together. */
export function problemOfSpec(spec: EndpointSpec, hasGpu: boolean, hasCpu: boolean): string | null {
	if (hasGpu === hasCpu) return 'exactly one of gpu and cpu must be given';
	if (spec.command.length > COMMAND_WORDS_MAX) return `args has ${spec.command.length} words, at most ${COMMAND_WORDS_MAX} are allowed: put the command into a script`;
	if (spec.command.some((word) => word.length > COMMAND_WORD_CHARS_MAX)) return `args has a word of more than ${COMMAND_WORD_CHARS_MAX} characters: put it into env or a file`;
	if (spec.workersMin > spec.workersMax) return `workers.min (${spec.workersMin}) must not exceed workers.max (${spec.workersMax}): lower min or raise max`;
	if (spec.model !== null && spec.gpuCount === 0) return 'model needs a GPU endpoint: give gpu instead of cpu, or leave model out';
	if (spec.type === 'LOAD_BALANCER' && spec.scaling.type !== 'REQUEST_COUNT')
		return 'a LOAD_BALANCER endpoint scales by REQUEST_COUNT: set scaling to {"type":"REQUEST_COUNT","requestCount":N}';
	return null;
}

/** The endpoint in REST v2's shape; `createdAt` is an ISO 8601 time. `origin` is the address under which the edge was called. */
export function toEndpointV2(id: string, createdAt: string, version: number, spec: EndpointSpec, origin: string): EndpointV2 {
	const base = `${origin}/v2/${id}`;
	const gpu = { pools: spec.gpuPools, excludedTypes: spec.excludedGpuTypes, count: spec.gpuCount, allowedCudaVersions: spec.cudaVersions };
	return {
		id,
		name: spec.name,
		type: spec.type,
		createdAt,
		version,
		image: spec.image,
		args: spec.command.map(quoteWord).join(' '),
		env: spec.env,
		...(spec.gpuCount === 0 ? { cpu: [{ id: 'any' }] } : { gpu }),
		workers: { min: spec.workersMin, max: spec.workersMax, idleTimeout: spec.idleTimeoutS },
		scaling:
			spec.scaling.type === 'QUEUE_DELAY' ? { type: 'QUEUE_DELAY', queueDelay: spec.scaling.queueDelayS } : { type: 'REQUEST_COUNT', requestCount: spec.scaling.requestCount },
		dataCenterIds: spec.dataCenterIds,
		timeout: spec.executionTimeoutMs,
		ttl: spec.ttlMs,
		retries: spec.retriesMax,
		flashboot: spec.flashboot ? 'FLASHBOOT' : 'OFF',
		model: spec.model,
		webhook: { profile: spec.webhookProfile ?? 'runpod' },
		requestUrls: {
			run: `${base}/run`,
			runSync: `${base}/runsync`,
			status: `${base}/status/{job_id}`,
			cancel: `${base}/cancel/{job_id}`,
			health: `${base}/health`,
		},
	};
}

function scalingFromV2(body: NonNullable<UpdateEndpointV2['scaling']>): EndpointSpec['scaling'] {
	return body.type === 'QUEUE_DELAY' ? { type: 'QUEUE_DELAY', queueDelayS: body.queueDelay } : { type: 'REQUEST_COUNT', requestCount: body.requestCount };
}

function quoteWord(word: string): string {
	return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
