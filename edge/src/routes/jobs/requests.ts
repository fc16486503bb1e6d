/** `GET /v2/{endpoint}/requests?limit=`: the endpoint's newest jobs, newest first. The shape is known from third-party code only. */
import { toRunpodStatus } from '@longshore/shared-schema/wire/runpod-job';
import type { Env } from '../../env.ts';
import { enterEndpoint, jobStoreOf } from '../../gate/endpoint.ts';
import { type IntegerParameter, integerOf } from '../../gate/query.ts';

/** Entries of an answer when `limit` says nothing. */
export const REQUESTS_LIMIT_DEFAULT = 100;
export const REQUESTS_LIMIT: IntegerParameter = { name: 'limit', min: 1, max: 1_000 };

export async function requests(env: Env, request: Request, endpointId: string): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'read', 'requests');
	const limit = integerOf(request, REQUESTS_LIMIT, REQUESTS_LIMIT_DEFAULT);
	const lists = await Promise.all(Array.from({ length: endpoint.shards }, (_, shard) => jobStoreOf(env, endpoint.id, shard).list(Number.MAX_SAFE_INTEGER, limit)));
	const newest = lists
		.flat()
		.map(({ job }) => job)
		.sort((a, b) => b.createdAt - a.createdAt)
		.slice(0, limit);
	return Response.json({
		requests: newest.map((job) => ({
			id: job.id,
			status: toRunpodStatus(job.phase),
			createdAt: new Date(job.createdAt).toISOString(),
			completedAt: job.endedAt === null ? null : new Date(job.endedAt).toISOString(),
			error: job.error,
			workerId: job.workerId,
			retries: job.retries,
			delayTime: job.startedAt === null ? null : job.startedAt - job.createdAt,
			executionTime: job.executionMs,
		})),
	});
}
