/** `GET /v2/{endpoint}/metrics`: the counts of `/health`, and which workers can take a job. Undocumented at RunPod; its flash CLI reads it. */
import type { EndpointMetrics } from '@longshore/shared-schema/wire/runpod-answers';
import type { Env } from '../../env.ts';
import { enterEndpoint } from '../../gate/endpoint.ts';
import { askWorkers } from '../../regions/region-workers.ts';
import { healthOf } from './health.ts';

export async function metrics(env: Env, request: Request, endpointId: string): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'read', 'status');
	const [health, fleets] = await Promise.all([healthOf(env, endpoint), askWorkers(env, endpoint.id)]);
	const workers = fleets.flatMap(({ workers: known }) => known ?? []);
	const readyWorkers = workers.filter(({ state }) => state === 'idle' || state === 'running').map(({ id }) => id);
	return Response.json({ ...health, readyWorkers } satisfies EndpointMetrics);
}
