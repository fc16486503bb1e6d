/** `PUT /v2/{endpoint}/batch/{batch}`: names a batch, whatever its state. */
import { MANAGE_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import type { Env } from '../../env.ts';
import { parseBatchName } from '../../gate/batch-request.ts';
import { readBody } from '../../gate/body.ts';
import { accepted, enterBatch } from './enter.ts';

export async function updateBatch(env: Env, request: Request, endpointId: string, batchId: string): Promise<Response> {
	const { store } = await enterBatch(env, request, endpointId, 'run', batchId);
	return Response.json(accepted(await store.rename(batchId, parseBatchName(await readBody(request, MANAGE_BODY_BYTES_MAX)))));
}
