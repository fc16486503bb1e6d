/** `GET /v2/serverless/{id}/workers`: every worker of an endpoint, where it runs and of which release it is. */
import type { WorkersV2 } from '@longshore/shared-schema/wire/rest-v2/fleet-answers';
import { showWorkers } from '../../core/fleet-view.ts';
import type { Env } from '../../env.ts';
import { enterEndpoint } from '../../gate/endpoint.ts';
import { askWorkers } from '../../regions/region-workers.ts';
import { viewClock } from './show.ts';

export async function listWorkers(env: Env, request: Request, id: string): Promise<Response> {
	const { version, spec } = await enterEndpoint(env, request, id, 'read');
	const [fleets, releases] = await Promise.all([askWorkers(env, id), env.ENDPOINT_STORE.getByName(id).releases()]);
	return Response.json(showWorkers(fleets, releases, releases[0]?.version ?? version, spec.gpuCount, viewClock()) satisfies WorkersV2);
}
