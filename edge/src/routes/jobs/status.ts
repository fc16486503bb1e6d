/** `GET|POST /v2/{endpoint}/status/{job}?ttl=`: the job as it is now; `ttl` (ms) shortens what is left of its result's retention. */
import { isQueued } from '@longshore/shared-schema/job/job';
import type { EndpointRecord } from '../../core/endpoint-record.ts';
import type { Env } from '../../env.ts';
import { addressOf, enterEndpoint, jobStoreOf } from '../../gate/endpoint.ts';
import { goneJob } from '../../gate/gone.ts';
import { type IntegerParameter, integerOf } from '../../gate/query.ts';
import type { JobView } from '../../stores/job-view.ts';
import { jobAnswer } from './answer.ts';

/** A job that was submitted just now is on its way; one that is still queued after this waits for something. */
const EXPLAIN_AFTER_MS = 1_000;
/** `?ttl=` */
export const STATUS_TTL: IntegerParameter = { name: 'ttl', min: 0, unit: 'of milliseconds', hint: 'it can only shorten the retention' };

export async function status(env: Env, request: Request, endpointId: string, jobId: string): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'read', 'status');
	const ttlMs = integerOf(request, STATUS_TTL, null);
	const store = jobStoreOf(env, endpoint.id, addressOf(env, endpoint, jobId).shard);
	const view = await store.view(jobId);
	if (view === null) throw await goneJob(env, request, endpoint, jobId);
	if (ttlMs !== null && view.terminal) await store.shorten(jobId, ttlMs);
	const waits = isQueued(view.phase) && Date.now() - view.createdAt >= EXPLAIN_AFTER_MS;
	return jobAnswer(jobId, waits ? await withWhy(env, endpoint, jobId, view) : view);
}

/** Adds why the job waits. Its place counts the jobs of every shard. */
async function withWhy(env: Env, endpoint: EndpointRecord, jobId: string, view: JobView): Promise<JobView> {
	const { shard } = addressOf(env, endpoint, jobId);
	const others = Array.from({ length: endpoint.shards }, (_, index) => index).filter((index) => index !== shard);
	const ahead = await Promise.all(others.map((index) => jobStoreOf(env, endpoint.id, index).queuedBefore(view.createdAt)));
	const why = await jobStoreOf(env, endpoint.id, shard).explain(
		jobId,
		ahead.reduce((sum, count) => sum + count, 0),
	);
	return why === null ? view : { ...view, head: `${view.head},"why":${JSON.stringify(why)}` };
}
