/** `GET|POST /v2/{endpoint}/status-sync/{job}?wait=`: as status, held until the job's end. */
import { SYNC_WAIT_MS } from '@longshore/shared-schema/limits';
import type { Env } from '../../env.ts';
import { addressOf, enterEndpoint, jobStoreOf } from '../../gate/endpoint.ts';
import { goneJob } from '../../gate/gone.ts';
import { heldAnswer, jobAnswer } from './answer.ts';
import { waitMsOf } from './wait.ts';

export async function statusSync(env: Env, request: Request, endpointId: string, jobId: string, ctx: ExecutionContext): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'read', 'status-sync');
	const waitMs = waitMsOf(request, SYNC_WAIT_MS);
	const store = jobStoreOf(env, endpoint.id, addressOf(env, endpoint, jobId).shard);
	const view = await store.view(jobId);
	if (view === null) throw await goneJob(env, request, endpoint, jobId);
	return view.terminal ? jobAnswer(jobId, view) : heldAnswer(jobId, store.waitForEnd(jobId, waitMs), ctx);
}
