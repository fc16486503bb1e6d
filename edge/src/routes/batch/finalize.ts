/** `POST /v2/{endpoint}/batch/{batch}/finalize`: closes a draft; its requests begin to run. */
import type { Env } from '../../env.ts';
import { accepted, enterBatch } from './enter.ts';

export async function finalizeBatch(env: Env, request: Request, endpointId: string, batchId: string): Promise<Response> {
	const { store } = await enterBatch(env, request, endpointId, 'run', batchId);
	return Response.json(accepted(await store.finalize(batchId)));
}
