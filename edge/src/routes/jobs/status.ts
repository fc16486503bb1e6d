/** `GET|POST /v2/{endpoint}/status/{job}?ttl=`: the job as it is now; `ttl` (ms) shortens what is left of its result's retention. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { Env } from '../../env.ts';
import { addressOf, enterEndpoint, jobStoreOf, unknownJob } from '../../gate/endpoint.ts';
import { jobAnswer } from './answer.ts';
import { queryOf } from './wait.ts';

export async function status(env: Env, request: Request, endpointId: string, jobId: string): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'read', 'status');
	const ttlMs = ttlMsOf(request);
	const store = jobStoreOf(env, endpoint.id, addressOf(env, endpoint, jobId).shard);
	const view = await store.view(jobId);
	if (view === null) throw unknownJob();
	if (ttlMs !== null && view.terminal) await store.shorten(jobId, ttlMs);
	return jobAnswer(jobId, view);
}

/** `?ttl=` in milliseconds, or null. Throws `invalid_request`. */
function ttlMsOf(request: Request): number | null {
	const text = queryOf(request, 'ttl');
	if (text === null) return null;
	const ttlMs = Number(text);
	if (text.trim() !== '' && Number.isInteger(ttlMs) && ttlMs >= 0) return ttlMs;
	throw new LongshoreError('invalid_request', 'ttl must be an integer of milliseconds from 0; it can only shorten the retention');
}
