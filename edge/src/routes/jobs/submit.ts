/** What `/run` and `/runsync` share: gate, body, a new id on a random shard (of an `Idempotency-Key`: on its own), refusals. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { type Env, settingsOf } from '../../env.ts';
import { readBody } from '../../gate/body.ts';
import { enterEndpoint, jobStoreOf } from '../../gate/endpoint.ts';
import { idempotencyKeyOf, shardOfKey, toIdempotencyKey } from '../../gate/idempotency.ts';
import { parseSubmission } from '../../gate/job-request.ts';
import { checkWebhook } from '../../gate/webhook.ts';
import { createJobId } from '../../ids/job-id.ts';
import type { JobStore } from '../../stores/job-store.ts';
import type { Submission } from '../../stores/job-submit.ts';

/** Checks a submit and prepares it for its store; `read` makes the submission of its body. Throws the gate's errors. */
export async function prepareSubmit(
	env: Env,
	request: Request,
	endpointId: string,
	route: 'run' | 'runsync' | 'openai',
	bytesMax: number,
	read: typeof parseSubmission = parseSubmission,
): Promise<{ store: DurableObjectStub<JobStore>; submission: Submission }> {
	const sync = route !== 'run';
	const endpoint = await enterEndpoint(env, request, endpointId, 'run', route);
	if (endpoint.spec.type !== 'QUEUE') throw new LongshoreError('invalid_request', 'this is a load balancing endpoint: it has no queue, call its own HTTP paths');
	const key = idempotencyKeyOf(request);
	const body = await readBody(request, bytesMax);
	const shard = key === null ? Math.floor(Math.random() * endpoint.shards) : shardOfKey(key, endpoint.shards);
	const id = createJobId(settingsOf(env).LONGSHORE_ID_KEY, endpoint.id, shard, sync);
	const idempotency = key === null ? null : toIdempotencyKey(key, body);
	const submission = read(body, id, sync, endpoint, idempotency);
	if (submission.webhook !== null) checkWebhook(env, request, submission.webhook.url);
	return { store: jobStoreOf(env, endpoint.id, shard), submission };
}

/** The error of a submit that its store refused. */
export function refusal(answer: 'queue_full' | 'key_conflict'): LongshoreError {
	if (answer === 'key_conflict') return new LongshoreError('conflict', 'this Idempotency-Key was used with another body: send the same body, or a new key');
	return new LongshoreError('queue_full', 'the queue is full (more than 50 jobs and more than workers max × 500): wait, or raise the maximum of workers', 5);
}

/** The error for a repeated submit whose job is gone. */
export function repeatExpired(): LongshoreError {
	return new LongshoreError('conflict', 'the job of this Idempotency-Key has expired: send a new key to run it again');
}
