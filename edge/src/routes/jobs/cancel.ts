/** `POST /v2/{endpoint}/cancel/{job}`: ends a job that has not ended. A terminal job is answered with its state: both SDKs need a 200. */
import type { Env } from '../../env.ts';
import { addressOf, enterEndpoint, jobStoreOf } from '../../gate/endpoint.ts';
import { goneJob } from '../../gate/gone.ts';
import { jobAnswer } from './answer.ts';

/** The longest that an answer waits for a region to take a queued job out: below the 3 s after which both SDKs give up. */
const REVOKE_WAIT_MS = 1_000;

export async function cancel(env: Env, request: Request, endpointId: string, jobId: string): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'run', 'cancel');
	const view = await jobStoreOf(env, endpoint.id, addressOf(env, endpoint, jobId).shard).cancel(jobId, REVOKE_WAIT_MS);
	if (view === null) throw await goneJob(env, request, endpoint, jobId);
	return jobAnswer(jobId, view);
}
