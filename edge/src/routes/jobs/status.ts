/** `GET|POST /v2/{endpoint}/status/{job}`: the job as it is now. */
import type { Env } from '../../env.ts';
import { addressOf, enterEndpoint, jobStoreOf, unknownJob } from '../../gate/endpoint.ts';
import { jobAnswer } from './answer.ts';

export async function status(env: Env, request: Request, endpointId: string, jobId: string): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'read');
	const view = await jobStoreOf(env, endpoint.id, addressOf(env, endpoint, jobId).shard).view(jobId);
	if (view === null) throw unknownJob();
	return jobAnswer(jobId, view);
}
