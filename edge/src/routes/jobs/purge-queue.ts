/** `POST /v2/{endpoint}/purge-queue`: cancels what is queued; running jobs go on. */
import type { Env } from '../../env.ts';
import { enterEndpoint, jobStoreOf } from '../../gate/endpoint.ts';

export async function purgeQueue(env: Env, request: Request, endpointId: string): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'run', 'purge-queue');
	const removed = await Promise.all(Array.from({ length: endpoint.shards }, (_, shard) => jobStoreOf(env, endpoint.id, shard).purgeQueue()));
	return Response.json({ removed: removed.reduce((sum, count) => sum + count, 0), status: 'completed' });
}
