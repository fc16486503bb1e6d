/** Edge ↔ region: the shapes of the signed HTTPS batches, both ways. Version 1; a reader keeps unknown fields out of its way. */
import * as z from 'zod';
import { endpointSpec } from '../endpoint/endpoint.ts';
import {
	DISPATCH_BATCH_JOBS_MAX,
	ERROR_TEXT_CHARS_MAX,
	EVENT_BATCH_MAX,
	HOST_DOWNLOADS_MAX,
	HOST_MODELS_MAX,
	HOST_VOLUMES_MAX,
	ID_PATTERN,
	INVENTORY_BATCH_MAX,
	MODEL_KEY_CHARS_MAX,
} from '../limits.ts';

/** Paths that a region's broker serves to the edge. */
export const REGION_PATHS = {
	dispatch: '/region/v1/dispatch',
	revoke: '/region/v1/revoke',
	inventory: '/region/v1/inventory',
	endpoints: '/region/v1/endpoints',
	logs: '/region/v1/logs',
	workers: '/region/v1/workers',
	decisions: '/region/v1/decisions',
} as const;

/** Paths that the edge serves to regions. `payload` and `output` are followed by `/{jobId}?epoch=N` and carry the attempt's token in `ATTEMPT_HEADER`. */
export const EDGE_PATHS = {
	heartbeat: '/regions/v1/heartbeat',
	events: '/regions/v1/events',
	claim: '/regions/v1/claim',
	payload: '/regions/v1/payload',
	output: '/regions/v1/output',
	usage: '/regions/v1/usage',
} as const;

const id = z.string().regex(ID_PATTERN);
const epoch = z.int().min(1);
const token = z.string().min(16).max(64);
const bytes = z.int().min(0);
const durationMs = z.number().min(0);

/** One attempt on its way to a region. `payloadBytes` are in the frame behind the head when `inline`, else fetched by pointer from the edge. */
export const dispatchedJob = z.object({
	id,
	endpointId: id,
	epoch,
	/** Proves that a report belongs to this attempt. */
	token,
	/** A first delivery younger than this starts at once; any other one claims first. */
	startWithinMs: durationMs,
	executionTimeoutMs: durationMs,
	lowPriority: z.boolean(),
	/** Whole worker job JSON (`{"id":…,"input":…}`), opaque to the region. */
	payloadBytes: bytes,
	inline: z.boolean(),
});
export type DispatchedJob = z.infer<typeof dispatchedJob>;

/** Head of `POST dispatch`; frames: the payload of each inline job, in order. */
export const dispatchHead = z.object({ jobs: z.array(dispatchedJob).min(1).max(DISPATCH_BATCH_JOBS_MAX) });
export type DispatchHead = z.infer<typeof dispatchHead>;

/** `accepted` only after the JetStream acknowledgement; `seq` finds the message again. */
export const dispatchResult = z.object({
	id,
	epoch,
	outcome: z.enum(['accepted', 'refused']),
	seq: z.int().min(0).optional(),
	reason: z.string().max(300).optional(),
});
export type DispatchResult = z.infer<typeof dispatchResult>;
/** Answer of `POST dispatch`, status 202, one result a job in the order of the request. */
export const dispatchAnswer = z.object({ results: z.array(dispatchResult) });
export type DispatchAnswer = z.infer<typeof dispatchAnswer>;

/** An attempt that the edge asks about or takes back. `seq` 0 when the edge never learned it. `hostBoot`: it was started there, so the stream need not be asked. */
export const attemptRef = z.object({ id, endpointId: id, epoch, seq: z.int().min(0), hostBoot: id.optional() });
export type AttemptRef = z.infer<typeof attemptRef>;
export const attemptRefs = z.object({
	jobs: z.array(attemptRef).min(1).max(INVENTORY_BATCH_MAX),
	/** Of a revocation: only what no host can have seen is taken back, the rest is left alone. */
	untaken: z.boolean().optional(),
});
export type AttemptRefs = z.infer<typeof attemptRefs>;

/** `revoked`: the message was removed before any host had it. `signalled`: hosts were told to stop it. With `untaken`: `taken`: a host may have it, and goes on; `unsure`: its message is gone all the same. */
export const revokeAnswer = z.object({ results: z.array(z.object({ id, epoch, outcome: z.enum(['revoked', 'signalled', 'taken', 'unsure']) })) });
export type RevokeAnswer = z.infer<typeof revokeAnswer>;

/**
 * Where an attempt is: in the stream, on a live host, provably nowhere, or not known (a host or the server is out of reach). Of a started
 * one: `running` also while its host owes a report on it, `forgotten` when the host says that it has nothing of it or is certainly not here.
 */
export const inventoryAnswer = z.object({ results: z.array(z.object({ id, epoch, state: z.enum(['queued', 'running', 'gone', 'unsure', 'forgotten']) })) });
export type InventoryAnswer = z.infer<typeof inventoryAnswer>;

/** Opens an image's registry. Never to be written to a log. */
export const registryAuth = z.object({ username: z.string(), password: z.string() });
/** A network volume and where it lies. */
export const placedVolume = z.object({ id, dataCenterId: z.string().max(40) });

/** What a region may run of one endpoint: the specification at a version, with secrets filled in, and the region's share of workers. */
export const endpointGrant = z.object({
	endpointId: id,
	accountId: id,
	/** Rises with every change of specification or share. */
	revision: z.int().min(1),
	/** The endpoint's release: workers of another release are outdated. */
	version: z.int().min(1),
	spec: endpointSpec,
	workersMax: z.int().min(0),
	workersMin: z.int().min(0),
	/** For the image's registry. */
	registryAuth: registryAuth.optional(),
	/** Volumes of `spec.networkVolumeIds` and where they lie: a worker mounts the one of its own data centre. */
	volumes: z.array(placedVolume).optional(),
});
export type EndpointGrant = z.infer<typeof endpointGrant>;
/** Body of `POST endpoints`; the answer is `{}`. */
export const endpointPush = z.object({ endpoints: z.array(endpointGrant), removed: z.array(id) });
export type EndpointPush = z.infer<typeof endpointPush>;

/** Workers of an endpoint in a region, by RunPod's states. `ready` is derived: idle + running with room. */
export const workerCounts = z.object({
	initializing: z.int().min(0),
	idle: z.int().min(0),
	running: z.int().min(0),
	throttled: z.int().min(0),
	unhealthy: z.int().min(0),
	/** Of those above, the ones of an older release. */
	outdated: z.int().min(0),
});
export type WorkerCounts = z.infer<typeof workerCounts>;

/** What a host keeps of models, and what it is downloading right now. */
export const modelCacheFigure = z.object({
	usedBytes: bytes,
	budgetBytes: bytes,
	downloads: z.array(z.object({ model: z.string().max(MODEL_KEY_CHARS_MAX), bytes, totalBytes: bytes })).max(HOST_DOWNLOADS_MAX),
});
export type ModelCacheFigure = z.infer<typeof modelCacheFigure>;

/** How much lies on a network volume, and how long ago that was measured. */
export const volumeUse = z.object({ id, usedBytes: bytes, measuredAgoMs: durationMs });
export type VolumeUse = z.infer<typeof volumeUse>;

export const hostFigure = z.object({
	id,
	boot: id,
	dataCenterId: id,
	gpuType: z.string().max(80),
	gpus: z.int().min(0),
	gpusFree: z.int().min(0),
	cudaVersion: z.string().max(10),
	/** GPUs that were taken out of `gpus`, a line each. */
	gpuFaults: z.array(z.string().max(300)).max(64).optional(),
	/** Models that the host holds, by `modelKey`: those that it was declared with, then those of its cache. */
	models: z.array(z.string().max(MODEL_KEY_CHARS_MAX)).max(HOST_MODELS_MAX),
	/** The host's cache of models; absent: it keeps none. */
	modelCache: modelCacheFigure.optional(),
	/** Network volumes whose use the host has measured. */
	volumes: z.array(volumeUse).max(HOST_VOLUMES_MAX).optional(),
	/** Those GPUs, by index, that the operator took out. */
	quarantined: z.array(z.int().min(0)).max(64).optional(),
	draining: z.boolean(),
	/** Workers that FlashBoot keeps frozen there. Absent: none. */
	frozen: z.int().min(0).optional(),
});
export type HostFigure = z.infer<typeof hostFigure>;

/** Body of `POST heartbeat`: sent every heartbeat interval and, soon, after each change. */
export const regionHeartbeat = z.object({
	/** Random per broker process; several brokers of a region may report. */
	brokerBoot: id,
	/** Whether this broker decides where workers run: only its word on revisions and workers frees a share. Absent: yes. */
	leads: z.boolean().optional(),
	/** All live hosts. A host boot that was here and is gone has lost its jobs. */
	hosts: z.array(hostFigure).max(5_000),
	/** Host boots given up since they restarted or fell silent past their lease, for some minutes. */
	lostBoots: z.array(id).max(5_000),
	endpoints: z.record(
		id,
		z.object({
			revision: z.int().min(0),
			workers: workerCounts,
			/** Workers that take a place of the grant: running, starting or stopping. Absent: the sum of `workers` less the throttled. */
			alive: z.int().min(0).optional(),
			queued: z.int().min(0),
			slotsFree: z.int().min(0),
			/** Of a load-balanced endpoint: requests in workers' hands, and those that wait for a worker. */
			requests: z.object({ inFlight: z.int().min(0), waiting: z.int().min(0) }).optional(),
			blocked: z.string().max(300).optional(),
		}),
	),
});
export type RegionHeartbeat = z.infer<typeof regionHeartbeat>;
/** The grants that the region lacks or holds in an older revision, and the endpoints that are no longer its own. */
export const heartbeatAnswer = endpointPush;
export type HeartbeatAnswer = EndpointPush;

const attempt = {
	id,
	endpointId: id,
	epoch,
	token,
	hostBoot: id,
	workerId: id,
	/** Time since it happened, as the sender measured it; the relay adds its own. */ agoMs: durationMs,
};
/** What a host reports of an attempt. `bytes` frames follow the head in order; events without `bytes` have no frame. */
export const jobEvent = z.discriminatedUnion('kind', [
	z.object({ kind: z.literal('started'), ...attempt }),
	z.object({ kind: z.literal('progress'), ...attempt, n: z.int().min(0), bytes }),
	z.object({ kind: z.literal('chunk'), ...attempt, n: z.int().min(0), bytes }),
	z.object({
		kind: z.literal('result'),
		...attempt,
		executionMs: durationMs,
		/** Frame with the output's JSON text; absent when there is none or it was uploaded. */
		bytes: bytes.optional(),
		/** Size of an output that was uploaded to the edge before. */
		uploadedBytes: bytes.optional(),
		/** Present exactly when the attempt failed. */
		error: z.string().max(ERROR_TEXT_CHARS_MAX).optional(),
		/** Set when the agent itself ended the attempt. */
		cause: z.enum(['execution_timeout', 'output_too_large']).optional(),
	}),
	/** The worker is gone without a result; the edge decides on another attempt. */
	z.object({ kind: z.literal('lost'), ...attempt, reason: z.string().max(2_000) }),
]);
export type JobEvent = z.infer<typeof jobEvent>;

/** Head of `POST events`. */
export const eventsHead = z.object({ events: z.array(jobEvent).min(1).max(EVENT_BATCH_MAX) });
export type EventsHead = z.infer<typeof eventsHead>;
/**
 * `accepted`: applied. `duplicate`: was applied before. `stop`: the attempt is over or superseded (stale, cancelled, expired,
 * unknown): stop it and forget it. Every verdict settles its event. `upload`: the uploaded output is not there (yet): upload again.
 */
export const verdict = z.enum(['accepted', 'duplicate', 'stop', 'upload']);
export type Verdict = z.infer<typeof verdict>;
/** Answer of `POST events`: one verdict an event, in order. */
export const eventsAnswer = z.object({ verdicts: z.array(verdict) });
export type EventsAnswer = z.infer<typeof eventsAnswer>;

export const claim = z.object({ id, endpointId: id, epoch, token, hostBoot: id, workerId: id });
export type Claim = z.infer<typeof claim>;
/** Body of `POST claim` and of a message on `CLAIM_SUBJECT`. */
export const claimRequest = z.object({ claims: z.array(claim).min(1).max(EVENT_BATCH_MAX) });
export type ClaimRequest = z.infer<typeof claimRequest>;
/** `run`: the attempt is granted and counts as started. `drop`: forget it. */
export const claimReply = z.object({ results: z.array(z.enum(['run', 'drop'])) });
export type ClaimReply = z.infer<typeof claimReply>;
