/** Shapes of the job API's answers, for its document and for whoever checks an answer. The edge writes most of them as text, without these. */
import * as z from 'zod';
import { BATCH_REQUESTS_MAX } from '../limits.ts';
import { placementObstacle } from './rest-v2/decisions-answer.ts';
import { RUNPOD_STATUSES } from './runpod-job.ts';

const jobId = z
	.string()
	.regex(/^(sync-)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}-[a-z]\d+$/)
	.describe('The job’s id, as RunPod forms them.');
const jobStatusText = z.enum(RUNPOD_STATUSES).describe('IN_QUEUE and IN_PROGRESS go on; the other four are final.');
const count = z.int().min(0);
const ms = z.int().min(0);
const time = z.iso.datetime();
const output = z.unknown().describe('Any JSON: what the handler returned, unchanged.');

/** The answer of a submit, a retry. */
export const acceptedJob = z.object({ id: jobId, status: jobStatusText }).meta({ id: 'AcceptedJob' });

/** Why a job waits. Ours: no SDK minds the member. */
const waitExplanation = z
	.object({
		reason: z.enum(['no_region', 'region_silent', 'no_capacity', 'worker_starting', 'workers_failing', 'workers_busy', 'no_workers_allowed', 'dispatching']),
		text: z.string().describe('The reason in a sentence.'),
		placeInLine: z.int().min(1).describe('1 is next.'),
		region: z.string().nullable(),
		workers: z.object({ running: count, idle: count, initializing: count, max: count }),
		obstacles: z.array(placementObstacle).optional().describe('With `no_region`: what keeps the endpoint off every host that there is.'),
		expectedStartInMs: ms.optional().describe('When it should start, as far as the pace of the last jobs tells.'),
	})
	.describe('Why the job waits; there while it has been queued for a second or more.');

export const jobStatus = z
	.object({
		id: jobId,
		status: jobStatusText,
		delayTime: ms.optional().describe('Milliseconds from submission to the start of the last attempt.'),
		executionTime: ms.optional().describe('Milliseconds that the handler ran.'),
		workerId: z.string().optional(),
		retries: z.int().min(1).optional().describe('New attempts after a lost worker; absent when there was none.'),
		error: z.string().optional(),
		output: output.optional(),
		why: waitExplanation.optional(),
	})
	.meta({ id: 'JobStatus' });

export const jobStream = z
	.object({
		status: jobStatusText,
		stream: z.array(z.object({ output })).describe('Chunks since the last call, in order.'),
		error: z.string().optional().describe('Why the job failed, with its last chunks.'),
	})
	.meta({ id: 'JobStream' });

export const purgedQueue = z.object({ removed: count, status: z.literal('completed') }).meta({ id: 'PurgedQueue' });

export const endpointHealth = z
	.object({
		jobs: z.object({ completed: count, failed: count, inProgress: count, inQueue: count, retried: count }),
		workers: z.object({ idle: count, initializing: count, ready: count.describe('Idle and running.'), running: count, throttled: count, unhealthy: count }),
	})
	.meta({ id: 'Health' });
export type EndpointHealth = z.infer<typeof endpointHealth>;

export const endpointMetrics = z
	.object({ ...endpointHealth.shape, readyWorkers: z.array(z.string()).describe('Ids of the idle and the running ones, as far as their regions answer.') })
	.meta({ id: 'Metrics' });
export type EndpointMetrics = z.infer<typeof endpointMetrics>;

export const requestList = z
	.object({
		requests: z.array(
			z.object({
				id: jobId,
				status: jobStatusText,
				createdAt: time,
				completedAt: time.nullable(),
				error: z.string().nullable(),
				workerId: z.string().nullable(),
				retries: count,
				delayTime: ms.nullable(),
				executionTime: ms.nullable(),
			}),
		),
	})
	.meta({ id: 'RequestList' });

export const webhookCounts = z
	.object({ pending: count, delivered: count, failed: count, dropped: count.describe('Still open when the retention of their job ended.') })
	.meta({ id: 'WebhookCounts' });

export const webhookLog = z
	.object({
		id: jobId,
		url: z.string(),
		webhookId: z.string().nullable().describe('`webhook-id` of the calls for the last end of the job; null before it.'),
		state: z.enum(['waiting', 'pending', 'delivered', 'failed']),
		nextTryAt: time.nullable(),
		tries: z.array(z.object({ webhookId: z.string(), at: time, tookMs: ms, status: z.int().nullable(), error: z.string().nullable() })).describe('Oldest first.'),
	})
	.meta({ id: 'WebhookLog' });

const batchFields = {
	id: z.string(),
	endpointId: z.string(),
	status: z.enum(['DRAFT', 'FINALIZED', 'CANCELLED']).describe('There is no COMPLETED: count its requests.'),
	requestTotal: count,
	requestInProgress: count,
	requestCompleted: count,
	requestFailed: count,
	createdAt: z.int().describe('Milliseconds since 1970.'),
	name: z.string().optional().describe('Once it has been given one.'),
};

export const createdBatch = z.object({ id: z.string(), status: batchFields.status }).meta({ id: 'CreatedBatch' });
export const batchView = z.object(batchFields).meta({ id: 'Batch' });
export const batchList = z.array(z.object(batchFields)).meta({ id: 'BatchList' });
export const extendedBatch = z.object({ ...batchFields, requests: z.array(z.object({ id: jobId })).describe('The added requests, in their order.') }).meta({ id: 'ExtendedBatch' });

export const batchPage = z
	.object({
		requests: z.array(
			z.object({ id: jobId, status: jobStatusText, output: output.optional(), error: z.string().optional(), startedAt: time.nullable(), completedAt: time.nullable() }),
		),
		total: count.max(BATCH_REQUESTS_MAX),
		offset: count,
		limit: z.int().min(1),
		hasMore: z.boolean(),
	})
	.meta({ id: 'BatchPage' });

/** Why a deleted job is gone: its retention ended, a caller shortened it, or it had been cancelled, or purged from the queue. */
export const goneCause = z.enum(['expired', 'shortened', 'cancelled', 'purged']);
export type GoneCause = z.infer<typeof goneCause>;

/** Every error of the job API. */
export const runpodError = z
	.object({ error: z.string().describe('What is wrong: the field, its bound and the fix.'), cause: goneCause.optional().describe('With status 410: why the job is gone.') })
	.meta({ id: 'Error' });
/** Every error of the OpenAI route. */
export const openAiError = z
	.object({ error: z.looseObject({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.union([z.string(), z.number()]).nullable() }) })
	.meta({ id: 'OpenAiError' });
