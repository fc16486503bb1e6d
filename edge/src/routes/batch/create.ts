/** `POST /v2/{endpoint}/batch`: a draft, with the requests of its body (`[]` or none: empty). */
import { type Env, settingsOf } from '../../env.ts';
import { withRoom } from '../../gate/large-bodies.ts';
import { createCheckedId } from '../../ids/checked-id.ts';
import { accepted, enterBatches, readRequests } from './enter.ts';

export async function createBatch(env: Env, request: Request, endpointId: string): Promise<Response> {
	const { endpoint, store } = await enterBatches(env, request, endpointId, 'run');
	const batchId = createCheckedId(settingsOf(env).LONGSHORE_ID_KEY, 'batch');
	const { id, status } = accepted(await withRoom(request, async () => store.create(endpoint.id, batchId, await readRequests(env, request, endpoint))));
	return Response.json({ id, status });
}
