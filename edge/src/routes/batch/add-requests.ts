/** `POST /v2/{endpoint}/batch/{batch}/requests`: adds requests to a draft; the answer names them in order. */
import type { Env } from '../../env.ts';
import { withRoom } from '../../gate/large-bodies.ts';
import { accepted, enterBatch, readRequests } from './enter.ts';

export async function addBatchRequests(env: Env, request: Request, endpointId: string, batchId: string): Promise<Response> {
	const { endpoint, store } = await enterBatch(env, request, endpointId, 'run', batchId);
	return withRoom(request, async () => {
		const requests = await readRequests(env, request, endpoint);
		const batch = accepted(await store.add(batchId, requests));
		return Response.json({ ...batch, requests: requests.map(({ id }) => ({ id })) });
	});
}
