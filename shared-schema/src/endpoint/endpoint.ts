/** An endpoint's specification: what to run, on which GPUs, how many, for how long. Field names are ours; `wire/runpod-rest.ts` maps RunPod's. */
import * as z from 'zod';
import { GPU_POOL_IDS } from '../catalog/gpus.ts';
import { EXECUTION_TIMEOUT_MS, IDLE_TIMEOUT_S, TTL_MS } from '../limits.ts';

/** Words of a start command. */
export const COMMAND_WORDS_MAX = 100;
/** Characters of one word of a start command. */
export const COMMAND_WORD_CHARS_MAX = 4_000;

/** Queue delay: seconds that a request may wait before workers are added. Request count: requests per worker. */
export const scaling = z.discriminatedUnion('type', [
	z.object({ type: z.literal('QUEUE_DELAY'), queueDelayS: z.number().min(0.5).max(3_600) }),
	z.object({ type: z.literal('REQUEST_COUNT'), requestCount: z.int().min(1).max(10_000) }),
]);
export type Scaling = z.infer<typeof scaling>;

export const endpointSpec = z.object({
	name: z.string().min(1).max(191),
	type: z.enum(['QUEUE', 'LOAD_BALANCER']),
	/** Container image, or `process:///absolute/directory` where a host's operator allows local processes. */
	image: z.string().min(1).max(500),
	/** Start command, already split into words; empty: the image's own. */
	command: z.array(z.string().max(COMMAND_WORD_CHARS_MAX)).max(COMMAND_WORDS_MAX),
	env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/), z.string().max(32_768)),
	/** In order of preference; empty on a CPU endpoint. */
	gpuPools: z.array(z.enum(GPU_POOL_IDS)).max(20),
	excludedGpuTypes: z.array(z.string().max(80)).max(60),
	gpuCount: z.int().min(0).max(16),
	/** Allowed CUDA versions of a host's driver; empty: any. */
	cudaVersions: z.array(z.string().max(10)).max(30),
	/** Allowed data centres; empty: all. */
	dataCenterIds: z.array(z.string().max(40)).max(100),
	workersMin: z.int().min(0).max(1_000),
	workersMax: z.int().min(0).max(1_000),
	idleTimeoutS: z.number().min(IDLE_TIMEOUT_S.min).max(IDLE_TIMEOUT_S.max),
	scaling,
	executionTimeoutMs: z.int().min(EXECUTION_TIMEOUT_MS.min).max(EXECUTION_TIMEOUT_MS.max),
	ttlMs: z.int().min(TTL_MS.min).max(TTL_MS.max),
	/** New attempts after a lost worker (RunPod: 1). */
	retriesMax: z.int().min(0).max(10),
	flashboot: z.boolean(),
	model: z.string().max(300).nullable(),
	/** When a webhook counts as delivered and how long it is tried; left out: as RunPod does. */
	webhookProfile: z.enum(['runpod', 'durable']).optional(),
});
export type EndpointSpec = z.infer<typeof endpointSpec>;
