/** An endpoint's specification: what to run, on which GPUs, how many, for how long. Field names are ours; `wire/rest-v2` maps RunPod's. */
import * as z from 'zod';
import { GPU_POOL_IDS } from '../catalog/pools.ts';
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
} from '../limits.ts';

/**
 * Ours: a start for a job only where workers at hand will not have taken it before (`patience`: share of that forecast that counts), workers
 * kept by how many were needed at once within the idle timeout, and `spareWorkers` beyond those that the jobs need, while there are any.
 */
export const anticipate = z.object({ patience: z.number().min(0).max(1), spareWorkers: z.int().min(0).max(SPARE_WORKERS_MAX) });

/** Queue delay: seconds that a request may wait before workers are added. Request count: requests per worker. */
export const scaling = z.discriminatedUnion('type', [
	z.object({ type: z.literal('QUEUE_DELAY'), queueDelayS: z.number().min(0.5).max(3_600), anticipate: anticipate.optional() }),
	z.object({ type: z.literal('REQUEST_COUNT'), requestCount: z.int().min(1).max(10_000) }),
]);
export type Scaling = z.infer<typeof scaling>;

/** How FlashBoot was asked for. Records of before this had three values said `true` or `false`. */
export const FLASHBOOT_MODES = ['OFF', 'FLASHBOOT', 'PRIORITY_FLASHBOOT'] as const;
const flashboot = z.preprocess((value) => (value === true ? 'FLASHBOOT' : value === false ? 'OFF' : value), z.enum(FLASHBOOT_MODES));

/** One kind of CPU worker: a flavour of the catalogue and its number of virtual CPUs. */
export const cpuFlavor = z.object({ id: z.string().max(40), vcpuCount: z.int().min(1).max(VCPUS_PER_WORKER_MAX) });
export type CpuFlavor = z.infer<typeof cpuFlavor>;

export const endpointSpec = z.object({
	name: z.string().min(1).max(191),
	type: z.enum(['QUEUE', 'LOAD_BALANCER']),
	/** Container image, or `process:///absolute/directory` where a host's operator allows local processes. */
	image: z.string().min(1).max(500),
	/** Overrides the image's entry point; left out: the image's own. A local process runs its words before those of the command. */
	entrypoint: z.array(z.string().max(COMMAND_WORD_CHARS_MAX)).max(COMMAND_WORDS_MAX).optional(),
	/** Start command, already split into words; empty: the image's own. */
	command: z.array(z.string().max(COMMAND_WORD_CHARS_MAX)).max(COMMAND_WORDS_MAX),
	/** Values may hold references to the account's secrets `{{ secret.NAME }}`. */
	env: z.record(z.string().regex(ENV_NAME_PATTERN), z.string().max(ENV_VALUE_CHARS_MAX)),
	/** In order of preference; empty on a CPU endpoint. */
	gpuPools: z.array(z.enum(GPU_POOL_IDS)).max(20),
	/** Only these GPU types, in order of preference; empty: every type of the pools but the excluded ones. */
	gpuTypes: z.array(z.string().max(80)).max(60).default([]),
	excludedGpuTypes: z.array(z.string().max(80)).max(60),
	gpuCount: z.int().min(0).max(GPUS_PER_WORKER_MAX),
	/** Acceptable kinds of a CPU endpoint's workers, in order of preference; empty on a GPU endpoint. */
	cpuFlavors: z.array(cpuFlavor).max(20).default([]),
	/** Allowed CUDA versions of a host's driver; empty: any. */
	cudaVersions: z.array(z.string().max(10)).max(30),
	/** Lowest CUDA version of a host's driver; null: any. */
	minCudaVersion: z.string().regex(CUDA_VERSION_PATTERN).nullable().default(null),
	/** Allowed data centres; empty: all. */
	dataCenterIds: z.array(z.string().max(40)).max(100),
	/** Volumes of the account, at most one in a data centre; workers run in their data centres only. */
	networkVolumeIds: z.array(z.string().regex(ID_PATTERN)).max(30).default([]),
	/** Ports of the worker that are reachable from outside, `<port>/http` or `<port>/tcp`. */
	ports: z.array(z.string().regex(PORT_PATTERN)).max(PORTS_MAX).default([]),
	/** Container disk in GB; null: the host's default. */
	diskGb: z.int().min(CONTAINER_DISK_GB.min).max(CONTAINER_DISK_GB.max).nullable().default(null),
	/** The account's credential for the image's registry; null: none is needed. */
	registryId: z.string().regex(ID_PATTERN).nullable().default(null),
	workersMin: z.int().min(0).max(WORKERS_MAX),
	workersMax: z.int().min(0).max(WORKERS_MAX),
	idleTimeoutS: z.number().min(IDLE_TIMEOUT_S.min).max(IDLE_TIMEOUT_S.max),
	scaling,
	executionTimeoutMs: z.int().min(EXECUTION_TIMEOUT_MS.min).max(EXECUTION_TIMEOUT_MS.max),
	ttlMs: z.int().min(TTL_MS.min).max(TTL_MS.max),
	/** New attempts after a lost worker (RunPod: 1). */
	retriesMax: z.int().min(0).max(10),
	flashboot,
	/** Hugging Face model that hosts keep for its workers, as `parseModelRef` reads it. */
	model: z.string().max(300).nullable(),
	/** `tier`: a better GPU tier in another region goes before a worse one here; `region`: every tier of a region goes before the next region. */
	fallbackOrder: z.enum(['tier', 'region']).default('tier'),
	/** When a webhook counts as delivered and how long it is tried; left out: as RunPod does. */
	webhookProfile: z.enum(['runpod', 'durable']).optional(),
});
export type EndpointSpec = z.infer<typeof endpointSpec>;
