/** `DELETE /v2/{endpoint}/batch/{batch}/requests/{request}`: takes a request out of a draft. */
import type { Env } from '../../env.ts';
import { accepted, enterBatch } from './enter.ts';

export async function removeBatchRequest(env: Env, request: Request, endpointId: string, batchId: string, requestId: string): Promise<Response> {
	const { store } = await enterBatch(env, request, endpointId, 'run', batchId);
	return Response.json(accepted(await store.remove(batchId, requestId)));
}
