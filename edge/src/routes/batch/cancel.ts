/** `POST /v2/{endpoint}/batch/{batch}/cancel`: cancels every request that has not ended. */
import type { Env } from '../../env.ts';
import { accepted, enterBatch } from './enter.ts';

export async function cancelBatch(env: Env, request: Request, endpointId: string, batchId: string): Promise<Response> {
	const { store } = await enterBatch(env, request, endpointId, 'run', batchId);
	return Response.json(accepted(await store.cancel(batchId)));
}
