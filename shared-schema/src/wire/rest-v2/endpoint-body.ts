/** Bodies that make or change an endpoint in RunPod's REST v2 (`/v2/serverless`). Unknown members are refused; members that are ours say so. */
import * as z from 'zod';
import { GPU_POOL_IDS } from '../../catalog/pools.ts';
import { FLASHBOOT_MODES } from '../../endpoint/endpoint.ts';
import {
	COMMAND_WORD_CHARS_MAX,
	COMMAND_WORDS_MAX,
	CONTAINER_DISK_GB,
	CUDA_VERSION_PATTERN,
	ENV_NAME_PATTERN,
	ENV_VALUE_CHARS_MAX,
	EXECUTION_TIMEOUT_MS,
	GPUS_PER_WORKER_MAX,
	ID_PATTERN,
	IDLE_TIMEOUT_S,
	PORT_PATTERN,
	PORTS_MAX,
	SPARE_WORKERS_MAX,
	TTL_MS,
	VCPUS_PER_WORKER_MAX,
	WORKERS_MAX,
} from '../../limits.ts';

/** Ours: instead of the delay, start and keep workers by what is usual of the endpoint. Left out: off. */
const anticipate = z.strictObject({ patience: z.number().min(0).max(1).default(1), spareWorkers: z.int().min(0).max(SPARE_WORKERS_MAX).default(0) });

const scaling = z.discriminatedUnion('type', [
	z.strictObject({ type: z.literal('QUEUE_DELAY'), queueDelay: z.number().min(0.5).max(3_600), anticipate: anticipate.optional() }),
	z.strictObject({ type: z.literal('REQUEST_COUNT'), requestCount: z.int().min(1).max(10_000) }),
]);

const cudaVersion = z.string().regex(CUDA_VERSION_PATTERN, 'must be major.minor, such as 12.8');
const gpuType = z.string().trim().min(1).max(80);
const gpu = z.strictObject({
	/** In order of preference. */
	pools: z.array(z.enum(GPU_POOL_IDS)).max(20).optional(),
	excludedTypes: z.array(gpuType).max(60).optional(),
	/** Ours: only these GPU types, in order of preference. */
	types: z.array(gpuType).max(60).optional(),
	count: z.int().min(1).max(GPUS_PER_WORKER_MAX).optional(),
	allowedCudaVersions: z.array(cudaVersion).max(30).optional(),
	/** Empty: no floor any more. */
	minCudaVersion: z
		.union([z.literal(''), cudaVersion])
		.nullable()
		.optional(),
});

const cpu = z
	.array(
		z.strictObject({
			id: z.string().min(1).max(40),
			vcpuCount: z.int().min(1).max(VCPUS_PER_WORKER_MAX).optional(),
			/** Follows from the flavour; taken so that an endpoint as shown can be sent back. */
			memory: z.number().optional(),
		}),
	)
	.min(1)
	.max(20);

const workers = z.strictObject({
	min: z.int().min(0).max(WORKERS_MAX).optional(),
	max: z.int().min(0).max(WORKERS_MAX).optional(),
	/** Seconds. */
	idleTimeout: z.number().min(IDLE_TIMEOUT_S.min).max(IDLE_TIMEOUT_S.max).optional(),
});

const settable = {
	name: z.string().min(1).max(191),
	scaling,
	image: z.string().min(1).max(500),
	/** Ours: overrides the image's entry point; empty: the image's own. */
	entrypoint: z.array(z.string().max(COMMAND_WORD_CHARS_MAX)).max(COMMAND_WORDS_MAX).optional(),
	/** Start command, split as a shell would. */
	args: z.string().max(20_000).optional(),
	env: z.record(z.string().regex(ENV_NAME_PATTERN, 'a name has letters, digits and _, and starts with no digit'), z.string().max(ENV_VALUE_CHARS_MAX)).optional(),
	/** GB. */
	disk: z.int().min(CONTAINER_DISK_GB.min).max(CONTAINER_DISK_GB.max).nullable().optional(),
	ports: z.array(z.string().regex(PORT_PATTERN, 'must be <port>/http or <port>/tcp, such as 8080/http')).max(PORTS_MAX).optional(),
	registry: z.string().regex(ID_PATTERN).nullable().optional(),
	gpu: gpu.optional(),
	cpu: cpu.optional(),
	workers: workers.optional(),
	dataCenterIds: z.array(z.string().max(40)).max(100).optional(),
	networkVolumes: z.array(z.string().regex(ID_PATTERN)).max(30).optional(),
	/** Execution timeout in ms; 0: the default. */
	timeout: z.union([z.literal(0), z.int().min(EXECUTION_TIMEOUT_MS.min).max(EXECUTION_TIMEOUT_MS.max)]).optional(),
	flashboot: z.enum(FLASHBOOT_MODES).optional(),
	/** Ours: job TTL in ms. */
	ttl: z.int().min(TTL_MS.min).max(TTL_MS.max).optional(),
	/** Ours: new attempts after a lost worker. */
	retries: z.int().min(0).max(10).optional(),
	/** Ours: a Hugging Face model that workers want cached on their host. */
	model: z.string().max(300).nullable().optional(),
	/** Ours: how webhooks are delivered. */
	webhook: z.strictObject({ profile: z.enum(['runpod', 'durable']) }).optional(),
	/** Ours: whether a better GPU tier elsewhere goes before a worse one here. */
	fallbackOrder: z.enum(['tier', 'region']).optional(),
};

/** A template whose container settings count as if they stood in the body, where the body names none itself. */
const templateId = z.string().regex(ID_PATTERN).optional();

/** Body of `POST /v2/serverless`: with an image, a template or both. */
export const createEndpointV2 = z
	.strictObject({ ...settable, image: settable.image.optional(), templateId, type: z.enum(['QUEUE', 'LOAD_BALANCER']), scaling: scaling.optional() })
	.meta({ id: 'CreateEndpoint' });
export type CreateEndpointV2 = z.infer<typeof createEndpointV2>;

/** Body of `PATCH /v2/serverless/{id}`: any part of it but the type. */
export const updateEndpointV2 = z
	.strictObject({ ...settable, templateId })
	.partial()
	.meta({ id: 'UpdateEndpoint' });
export type UpdateEndpointV2 = z.infer<typeof updateEndpointV2>;
