/** `ANY /v2/{endpoint}/openai/v1/{path}`: an OpenAI-compatible call becomes a job, its answer what the model server said. */
import { RUNSYNC_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import { openAiRouteOf, toOpenAiInput } from '../../core/openai-request.ts';
import type { Env } from '../../env.ts';
import { jobStoreOf } from '../../gate/endpoint.ts';
import { bodyError, toSubmission } from '../../gate/job-request.ts';
import { withRoom } from '../../gate/large-bodies.ts';
import { shardOfJobId } from '../../ids/job-id.ts';
import { prepareSubmit, refusal, repeatExpired } from '../jobs/submit.ts';
import { faultAnswer } from './fault.ts';
import { createHeldCall } from './held-call.ts';
import { streamAnswer } from './stream.ts';
import { wholeAnswer } from './whole.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

export async function openAi(env: Env, request: Request, endpointId: string, ctx: ExecutionContext): Promise<Response> {
	let isStream = false;
	const { pathname, search } = new URL(request.url);
	const { submittedId, isRepeatable, accepted } = await withRoom(request, async () => {
		const { store, submission } = await prepareSubmit(env, request, endpointId, 'openai', RUNSYNC_BODY_BYTES_MAX, (body, id, sync, endpoint, idempotency) => {
			const read = readInput(openAiRouteOf(pathname, search) ?? '/v1/', request.method === 'GET' ? null : body);
			isStream = read.isStream;
			return toSubmission(read.input, {}, id, sync, endpoint, idempotency);
		});
		return { submittedId: submission.job.id, isRepeatable: submission.idempotency !== null, accepted: await store.submit(submission) };
	});
	if (accepted === 'queue_full' || accepted === 'key_conflict') throw refusal(accepted);
	const jobId = accepted === 'accepted' ? submittedId : accepted.repeats;
	const shard = shardOfJobId(jobId) ?? 0;
	// A call with an Idempotency-Key will be repeated after a broken connection: its job goes on.
	const call = createHeldCall(() => jobStoreOf(env, endpointId, shard), jobId, request, ctx, !isRepeatable);
	try {
		const answer = isStream ? await streamAnswer(env, call) : await wholeAnswer(env, call);
		if (answer === 'expired') throw repeatExpired();
		return answer instanceof Response ? answer : faultAnswer(jobId, answer);
	} catch (error) {
		call.end();
		throw error;
	}
}

function readInput(route: string, body: Uint8Array | null): ReturnType<typeof toOpenAiInput> {
	try {
		return toOpenAiInput(route, body === null ? '' : decoder.decode(body));
	} catch (error) {
		throw bodyError(error, "the API's JSON, as application/json");
	}
}
