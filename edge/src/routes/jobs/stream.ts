/**
 * `GET|POST /v2/{endpoint}/stream/{job}?wait=`: the chunks since the last call, as RunPod; with `Accept: text/event-stream` the same
 * chunks as server-sent events from the start (or `Last-Event-ID`), for any number of readers.
 */
import { STREAM_WAIT_MS } from '@longshore/shared-schema/limits';
import type { Env } from '../../env.ts';
import { addressOf, enterEndpoint, jobStoreOf } from '../../gate/endpoint.ts';
import { goneJob } from '../../gate/gone.ts';
import type { StreamPart } from '../../stores/job-stream.ts';
import { JOB_ID_HEADER } from './answer.ts';
import { eventStream, placeOf } from './event-stream.ts';
import { waitMsOf } from './wait.ts';

export async function stream(env: Env, request: Request, endpointId: string, jobId: string, ctx: ExecutionContext): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'read', 'stream');
	const waitMs = waitMsOf(request, STREAM_WAIT_MS);
	const store = jobStoreOf(env, endpoint.id, addressOf(env, endpoint, jobId).shard);
	if ((request.headers.get('accept') ?? '').includes('text/event-stream')) {
		const view = await store.view(jobId);
		if (view === null) throw await goneJob(env, request, endpoint, jobId);
		return eventStream(() => jobStoreOf(env, endpoint.id, addressOf(env, endpoint, jobId).shard), jobId, placeOf(request), ctx);
	}
	const part = await store.drainStream(jobId, waitMs);
	if (part === null) throw await goneJob(env, request, endpoint, jobId);
	return new Response(toStreamText(part), { headers: { 'content-type': 'application/json', [JOB_ID_HEADER]: jobId } });
}

/** RunPod's `{status, stream: [{output}]}`; a failed job's error comes with its end. Chunk texts are put in as they are. */
function toStreamText({ status, chunks, error }: StreamPart): string {
	const texts = chunks.map(({ text }) => `{"output":${text}}`).join(',');
	return `{"status":"${status}","stream":[${texts}]${error === null ? '' : `,"error":${JSON.stringify(error)}`}}`;
}
