/** `POST /v2/{endpoint}/batch`: a draft, with the requests of its body (`[]` or none: empty). */
import { type Env, settingsOf } from '../../env.ts';
import { createCheckedId } from '../../ids/checked-id.ts';
import { accepted, enterBatches, readRequests } from './enter.ts';

export async function createBatch(env: Env, request: Request, endpointId: string): Promise<Response> {
	const { endpoint, store } = await enterBatches(env, request, endpointId, 'run');
	const requests = await readRequests(env, request, endpoint);
	const { id, status } = accepted(await store.create(endpoint.id, createCheckedId(settingsOf(env).LONGSHORE_ID_KEY, 'batch'), requests));
	return Response.json({ id, status });
}
