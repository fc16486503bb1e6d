/** `GET /v2/{endpoint}/health`: RunPod's counts of jobs and workers, all keys always, all integers. */
import type { EndpointHealth } from '@longshore/shared-schema/wire/runpod-answers';
import type { EndpointRecord } from '../../core/endpoint-record.ts';
import type { Env } from '../../env.ts';
import { enterEndpoint, jobStoreOf } from '../../gate/endpoint.ts';

export async function health(env: Env, request: Request, endpointId: string): Promise<Response> {
	return Response.json(await healthOf(env, await enterEndpoint(env, request, endpointId, 'read')));
}

/** The counts of an endpoint of either type. */
export async function healthOf(env: Env, endpoint: EndpointRecord): Promise<EndpointHealth> {
	if (endpoint.spec.type === 'LOAD_BALANCER') return balancedHealth(env, endpoint.id);
	const shards = Array.from({ length: endpoint.shards }, (_, shard) => jobStoreOf(env, endpoint.id, shard).counts());
	const [workers, ...counts] = await Promise.all([env.REGION_DIRECTORY.getByName('all').workers(endpoint.id), ...shards]);
	const jobs = { completed: 0, failed: 0, inProgress: 0, inQueue: 0, retried: 0 };
	for (const count of counts) for (const name of Object.keys(jobs) as (keyof typeof jobs)[]) jobs[name] += count[name];
	const { idle, initializing, running, throttled, unhealthy } = workers;
	return { jobs, workers: { idle, initializing, ready: idle + running, running, throttled, unhealthy } };
}

/** The same keys: nothing is queued or kept there, so the counts are those of the moment. */
async function balancedHealth(env: Env, endpointId: string): Promise<EndpointHealth> {
	const { workers, inFlight, waiting } = await env.REGION_DIRECTORY.getByName('all').traffic(endpointId);
	const { idle, initializing, running, throttled, unhealthy } = workers;
	return {
		jobs: { completed: 0, failed: 0, inProgress: inFlight, inQueue: waiting, retried: 0 },
		workers: { idle, initializing, ready: idle + running, running, throttled, unhealthy },
	};
}
