/** `GET /v2/serverless/{id}/releases`: what each release changed, and how far the current one has come. */
import type { ReleasesV2 } from '@longshore/shared-schema/wire/rest-v2/fleet-answers';
import { showReleases } from '../../core/fleet-view.ts';
import type { Env } from '../../env.ts';
import { enterEndpoint } from '../../gate/endpoint.ts';
import { askWorkers } from '../../regions/region-workers.ts';
import { viewClock } from './show.ts';

export async function listReleases(env: Env, request: Request, id: string): Promise<Response> {
	const { version } = await enterEndpoint(env, request, id, 'read');
	const [fleets, releases] = await Promise.all([askWorkers(env, id), env.ENDPOINT_STORE.getByName(id).releases()]);
	// Another isolate may have made a newer release than the copy of this one knows.
	return Response.json(showReleases(fleets, releases, id, releases[0]?.version ?? version, viewClock()) satisfies ReleasesV2);
}
