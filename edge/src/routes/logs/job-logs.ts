/** `GET /v2/{endpoint}/logs/{job}`: the lines of one job, of all its attempts: those that name it, and those of a worker that had no other job in hand. */
import type { Env } from '../../env.ts';
import { addressOf, enterEndpoint, jobStoreOf, unknownJob } from '../../gate/endpoint.ts';
import { holdUntil } from '../../gate/rate-limit.ts';
import { readLogs } from '../../regions/region-logs.ts';
import { followAnswer, pageAnswer, wantsEvents } from './answer.ts';
import { wishOf } from './wish.ts';

export async function jobLogs(env: Env, request: Request, endpointId: string, jobId: string, ctx: ExecutionContext): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'read', 'stream');
	const { shard } = addressOf(env, endpoint, jobId);
	const hasEnded = async (): Promise<boolean> => (await jobStoreOf(env, endpoint.id, shard).view(jobId))?.terminal ?? true;
	const wish = wishOf(request, { endpointId: endpoint.id, jobId });
	if ((await jobStoreOf(env, endpoint.id, shard).view(jobId)) === null) throw unknownJob();
	const page = await readLogs(env, wish);
	if (!wantsEvents(request, false)) return pageAnswer(page);
	const { response, written } = followAnswer(env, wish, page, hasEnded, ctx);
	return holdUntil(response, written);
}
