/** What `/run` and `/runsync` share: gate, body, a new id on a random shard. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { type Env, settingsOf } from '../../env.ts';
import { readBody } from '../../gate/body.ts';
import { enterEndpoint, jobStoreOf } from '../../gate/endpoint.ts';
import { parseSubmission } from '../../gate/job-request.ts';
import { createJobId } from '../../ids/job-id.ts';
import type { JobStore, Submission } from '../../stores/job-store.ts';

/** Checks a submit and prepares it for its store. Throws the gate's errors. */
export async function prepareSubmit(env: Env, request: Request, endpointId: string, sync: boolean, bytesMax: number): Promise<{ store: DurableObjectStub<JobStore>; submission: Submission }> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'run');
	if (endpoint.spec.type !== 'QUEUE') throw new LongshoreError('invalid_request', 'this is a load balancing endpoint: it has no queue, call its own HTTP paths');
	const body = await readBody(request, bytesMax);
	const shard = Math.floor(Math.random() * endpoint.shards);
	const id = createJobId(settingsOf(env).LONGSHORE_ID_KEY, endpoint.id, shard, sync);
	return { store: jobStoreOf(env, endpoint.id, shard), submission: parseSubmission(body, id, sync, endpoint) };
}

/** The refusal of a full queue. */
export function queueFull(): LongshoreError {
	return new LongshoreError('queue_full', 'the queue is full (more than 50 jobs and more than workers max × 500): wait, or raise the maximum of workers', 5);
}
