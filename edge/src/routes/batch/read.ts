/** `GET /v2/{endpoint}/batch` and `…/batch/{batch}`: batches and how far they are. */
import type { Env } from '../../env.ts';
import { batchError, enterBatch, enterBatches } from './enter.ts';

export async function listBatches(env: Env, request: Request, endpointId: string): Promise<Response> {
	const { store } = await enterBatches(env, request, endpointId, 'read');
	return Response.json(await store.list());
}

export async function getBatch(env: Env, request: Request, endpointId: string, batchId: string): Promise<Response> {
	const { store } = await enterBatch(env, request, endpointId, 'read', batchId);
	const batch = await store.get(batchId);
	if (batch === null) throw batchError('unknown');
	return Response.json(batch);
}
