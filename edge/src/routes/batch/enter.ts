/** What the batch verbs share: the endpoint's batch store, ids, and refusals in words. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { ACTIVE_BATCHES_MAX, BATCH_BODY_BYTES_MAX, BATCH_QUEUED_MAX, BATCH_REQUESTS_MAX } from '@longshore/shared-schema/limits';
import type { EndpointRecord } from '../../core/endpoint-record.ts';
import type { KeyVerb } from '../../core/key-scope.ts';
import { type Env, settingsOf } from '../../env.ts';
import { parseBatchInputs } from '../../gate/batch-request.ts';
import { readBody } from '../../gate/body.ts';
import { enterEndpoint } from '../../gate/endpoint.ts';
import { isCheckedId } from '../../ids/checked-id.ts';
import { createJobId } from '../../ids/job-id.ts';
import type { BatchRefusal, BatchStore, NewBatchRequest } from '../../stores/batch-store.ts';

/** The caller's queue endpoint and its batches. Throws the gate's errors. */
export async function enterBatches(env: Env, request: Request, endpointId: string, verb: KeyVerb): Promise<{ endpoint: EndpointRecord; store: DurableObjectStub<BatchStore> }> {
	const endpoint = await enterEndpoint(env, request, endpointId, verb, verb === 'run' ? 'run' : 'status');
	if (endpoint.spec.type !== 'QUEUE') throw new LongshoreError('invalid_request', 'this is a load balancing endpoint: it has no queue and no batches');
	return { endpoint, store: env.BATCH_STORE.getByName(endpoint.id) };
}

/** As `enterBatches`, for a batch that this edge made. */
export async function enterBatch(env: Env, request: Request, endpointId: string, verb: KeyVerb, batchId: string): Promise<Awaited<ReturnType<typeof enterBatches>>> {
	const entered = await enterBatches(env, request, endpointId, verb);
	if (!isCheckedId(settingsOf(env).LONGSHORE_ID_KEY, 'batch', batchId)) throw batchError('unknown');
	return entered;
}

/** The requests in a body, each with a job id of its own. */
export async function readRequests(env: Env, request: Request, endpoint: EndpointRecord): Promise<NewBatchRequest[]> {
	const inputs = parseBatchInputs(await readBody(request, BATCH_BODY_BYTES_MAX));
	const { LONGSHORE_ID_KEY: key } = settingsOf(env);
	return inputs.map((input) => ({ id: createJobId(key, endpoint.id, Math.floor(Math.random() * endpoint.shards), false), input }));
}

/** The value, or the refusal as an error. */
export function accepted<T extends object>(answer: T | BatchRefusal): T {
	if (typeof answer === 'string') throw batchError(answer);
	return answer;
}

/** A refusal in words. */
export function batchError(refusal: BatchRefusal): LongshoreError {
	switch (refusal) {
		case 'unknown':
			return new LongshoreError('unknown_resource', 'batch or request not found: unknown id, or it has expired');
		case 'not_a_draft':
			return new LongshoreError('conflict', 'the batch is no draft any more: make a new one');
		case 'too_many_requests':
			return new LongshoreError('invalid_request', `a batch has at most ${BATCH_REQUESTS_MAX} requests: use several batches`);
		case 'too_many_queued':
			return new LongshoreError('queue_full', `the batches of an endpoint hold at most ${BATCH_QUEUED_MAX} requests that have not ended: wait for some`, 60);
		case 'too_many_batches':
			return new LongshoreError('queue_full', `an endpoint has at most ${ACTIVE_BATCHES_MAX} batches that are not over: finish or cancel one`, 60);
	}
}
