/** The error for a job that is not there any more: 404 as RunPod, 410 with the cause for clients that ask for it. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { GoneCause } from '@longshore/shared-schema/wire/runpod-answers';
import type { EndpointRecord } from '../core/endpoint-record.ts';
import type { Env } from '../env.ts';
import { addressOf, jobStoreOf, unknownJob } from './endpoint.ts';

/** With `410` as its value, a job that was and is gone is answered with 410 and why. */
export const GONE_HEADER = 'longshore-gone';

const TEXTS: Readonly<Record<GoneCause, string>> = {
	expired: 'the job is gone: the retention of its result is over',
	shortened: 'the job is gone: a caller shortened the retention of its result by ttl',
	cancelled: 'the job is gone: it was cancelled, and the retention of its record is over',
	purged: 'the job is gone: purge-queue removed it from the queue, and the retention of its record is over',
};

/** What to throw for a job id that this edge made for the endpoint and whose job its store does not have. */
export async function goneJob(env: Env, request: Request, endpoint: EndpointRecord, jobId: string): Promise<LongshoreError> {
	if (request.headers.get(GONE_HEADER) !== '410') return unknownJob();
	const cause = await jobStoreOf(env, endpoint.id, addressOf(env, endpoint, jobId).shard).goneCause(jobId);
	// Null: the job is there after all, as it may be when it is read between its submit and its commit.
	return cause === null ? unknownJob() : LongshoreError.gone(TEXTS[cause], cause);
}
