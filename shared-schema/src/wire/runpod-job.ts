/** RunPod's job API at the wire: the request, and the JSON texts of its answers. Raw payload and output texts are put in as they are. */
import * as z from 'zod';
import { isQueued, type Job, type JobPhase } from '../job/job.ts';
import { BATCH_REQUESTS_MAX, EXECUTION_TIMEOUT_MS, NAME_CHARS_MAX, TTL_MS } from '../limits.ts';

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(2_000);

/** `policy` of a request. Source: RunPod, "send requests", policy options. */
export const jobPolicy = z.object({
	executionTimeout: z
		.int()
		.min(EXECUTION_TIMEOUT_MS.min)
		.max(EXECUTION_TIMEOUT_MS.max)
		.optional()
		.describe('Milliseconds that a worker may spend on the job; left out: what the endpoint says.'),
	lowPriority: z.boolean().optional().describe('true: the job starts no worker.'),
	ttl: z.int().min(TTL_MS.min).max(TTL_MS.max).optional().describe('Milliseconds from submission, queue and execution together, after which the job is given up.'),
});
export type JobPolicy = z.infer<typeof jobPolicy>;

/** Members of a request besides `input`, which stays raw text. Unknown members are dropped, as RunPod does. */
export const jobRequestOptions = z.object({
	webhook: httpUrl.optional().describe('Called when the job is COMPLETED, FAILED or TIMED_OUT. Private, loopback and link-local addresses are refused.'),
	policy: jobPolicy.optional(),
	s3Config: z
		.object({
			accessId: z.string().max(500),
			accessSecret: z.string().max(2_000),
			bucketName: z.string().max(500),
			endpointUrl: z.string().max(2_000),
			objectPath: z.string().max(2_000).optional(),
		})
		.optional()
		.describe('Handed to the worker with the job, never echoed.'),
});
export type JobRequestOptions = z.infer<typeof jobRequestOptions>;

const jobInput = z.looseObject({}).describe('Any JSON object: the worker gets it as it was sent.');
/** A whole submit, for its document: the edge parses the options and keeps `input` as the raw text. */
export const jobRequest = z.object({ input: jobInput, ...jobRequestOptions.shape }).meta({ id: 'JobRequest' });
const batchRequest = z.object({ input: jobInput });
/** Requests of a batch, bare or under `requests`. */
export const batchRequests = z
	.union([z.array(batchRequest).max(BATCH_REQUESTS_MAX), z.object({ requests: z.array(batchRequest).max(BATCH_REQUESTS_MAX) })])
	.meta({ id: 'BatchRequests' });
/** What may be changed of a batch at any time. Source: RunPod, "batch jobs", `PUT`; unknown members are dropped. */
export const batchChange = z.object({ name: z.string().trim().min(1).max(NAME_CHARS_MAX).describe('What people call the batch.') }).meta({ id: 'BatchChange' });
/** An OpenAI call's body: the model server knows what it means. */
export const openAiRequest = z.looseObject({ stream: z.unknown().optional().describe('`true`: the answer is a stream of server-sent events.') }).meta({ id: 'OpenAiRequest' });

/** RunPod's public states. */
export const RUNPOD_STATUSES = ['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT'] as const;
export type RunpodStatus = (typeof RUNPOD_STATUSES)[number];

const TERMINAL_STATUS: Record<Extract<JobPhase, 'completed' | 'failed' | 'cancelled' | 'timed_out'>, RunpodStatus> = {
	completed: 'COMPLETED',
	failed: 'FAILED',
	cancelled: 'CANCELLED',
	timed_out: 'TIMED_OUT',
};

/** The public state of a phase. */
export function toRunpodStatus(phase: JobPhase): RunpodStatus {
	if (isQueued(phase)) return 'IN_QUEUE';
	return phase === 'running' ? 'IN_PROGRESS' : TERMINAL_STATUS[phase as keyof typeof TERMINAL_STATUS];
}

/**
 * A status answer cut at its output: `head + output + tail` is the JSON text, so that a large output can be streamed in between.
 * With no output, `head + tail` is the text.
 */
export function toStatusText(job: Job, hasOutput: boolean): { head: string; tail: string } {
	const members = [`"id":${JSON.stringify(job.id)}`, `"status":"${toRunpodStatus(job.phase)}"`];
	if (job.startedAt !== null) members.push(`"delayTime":${Math.max(0, job.startedAt - job.createdAt)}`);
	if (job.executionMs !== null) members.push(`"executionTime":${job.executionMs}`);
	if (job.workerId !== null) members.push(`"workerId":${JSON.stringify(job.workerId)}`);
	if (job.retries > 0) members.push(`"retries":${job.retries}`);
	if (job.error !== null) members.push(`"error":${JSON.stringify(job.error)}`);
	const text = `{${members.join(',')}`;
	return hasOutput ? { head: `${text},"output":`, tail: '}' } : { head: text, tail: '}' };
}

const JOB_HEAD = '{"id":"';
const JOB_INPUT = '","input":';
/** In a worker job's text the input begins this many bytes behind the id's length: ids are ASCII. */
export const INPUT_STARTS_BEHIND_ID: number = JOB_HEAD.length + JOB_INPUT.length;

/** The job as its worker gets it. `input` is raw JSON text; `batchId` names the batch that the job belongs to. */
export function toWorkerJobText(id: string, input: string, options: JobRequestOptions & { readonly batchId?: string }): string {
	const webhook = options.webhook === undefined ? '' : `,"webhook":${JSON.stringify(options.webhook)}`;
	const s3Config = options.s3Config === undefined ? '' : `,"s3Config":${JSON.stringify(options.s3Config)}`;
	const batchId = options.batchId === undefined ? '' : `,"batchId":${JSON.stringify(options.batchId)}`;
	return `${JOB_HEAD}${id}${JOB_INPUT}${input}${webhook}${s3Config}${batchId}}`;
}
