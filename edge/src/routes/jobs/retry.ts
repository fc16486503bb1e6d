/** `POST /v2/{endpoint}/retry/{job}`: a failed or timed-out job starts anew while its record is kept. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { Env } from '../../env.ts';
import { addressOf, enterEndpoint, jobStoreOf } from '../../gate/endpoint.ts';
import { goneJob } from '../../gate/gone.ts';
import { JOB_ID_HEADER } from './answer.ts';

export async function retry(env: Env, request: Request, endpointId: string, jobId: string): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'run', 'retry');
	const done = await jobStoreOf(env, endpoint.id, addressOf(env, endpoint, jobId).shard).retry(jobId);
	if (done === null) throw await goneJob(env, request, endpoint, jobId);
	if (!done) throw new LongshoreError('invalid_request', 'only a job that is FAILED or TIMED_OUT can be retried');
	return Response.json({ id: jobId, status: 'IN_QUEUE' }, { headers: { [JOB_ID_HEADER]: jobId } });
}
