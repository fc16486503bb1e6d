/** `GET /v2/serverless/{id}/decisions`: what was decided about an endpoint's workers lately, here and in its regions, and what it rested on. */
import type { DecisionsV2 } from '@longshore/shared-schema/wire/rest-v2/decisions-answer';
import { showDecisions } from '../../core/decisions-view.ts';
import type { Env } from '../../env.ts';
import { enterEndpoint } from '../../gate/endpoint.ts';
import { askDecisions } from '../../regions/region-decisions.ts';

export async function listDecisions(env: Env, request: Request, id: string): Promise<Response> {
	await enterEndpoint(env, request, id, 'read');
	const store = env.ENDPOINT_STORE.getByName(id);
	const directory = env.REGION_DIRECTORY.getByName('all');
	const [record, own, { regions }, obstacles] = await Promise.all([store.get(), store.decisions(), directory.routes(id), directory.obstacles(id)]);
	const concerned = regions.filter(({ region }) => record?.shares.some((share) => share.region === region));
	return Response.json(
		showDecisions(record?.shares ?? [], own, await askDecisions(env, id, concerned), obstacles, (agoMs) => new Date(Date.now() - agoMs).toISOString()) satisfies DecisionsV2,
	);
}
