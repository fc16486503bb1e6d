/** `job-done`: the end of a job, or progress on it. Answered once the result is in the spool. */
import { OUTPUT_BYTES_MAX } from '@longshore/shared-schema/limits';
import type { Attempt } from '../agent/worker.ts';
import { RESULT_BODY_BYTES_MAX } from '../core/bridge-limits.ts';
import { type DoneBody, readDoneBody } from '../core/done-body.ts';
import { FRAME_BYTES_MAX } from '../core/split-chunk.ts';
import type { BridgeCall } from './call.ts';
import { type Body, readBody } from './read-body.ts';
import { answer } from './respond.ts';

/** 200 for a result that counts and for a repeated one, 404 for a job that this worker never had. */
export async function done(call: BridgeCall): Promise<void> {
	const { host, worker, route, request, response, log } = call;
	const body = await readBody(request, RESULT_BODY_BYTES_MAX);
	if (body === null) return;
	const jobId = route.jobId ?? '';
	const standing = host.standing(worker, jobId);
	if (standing.kind === 'unknown') return answer(response, 404, `worker ${worker.id} does not have job ${jobId}`);
	const read = body.text === null ? null : readDoneBody(body.text);
	if (standing.kind === 'ended') {
		if (read?.kind !== 'progress') host.stopped(worker, jobId);
		if (read?.kind === 'result' && read.stopPod) host.retire(worker);
		return answer(response, 200);
	}
	if (read?.kind === 'progress') return progress(call, standing.attempt, read.output);
	// First out of service, so that the end of its last job also ends the worker.
	if (read?.kind === 'result' && read.stopPod) host.retire(worker);
	if (read?.kind === 'unusable') {
		log.warn('a result is not usable', { workerId: worker.id, jobId, error: read.error });
		host.finish(worker, standing.attempt, { output: null, error: read.error });
		return answer(response, 400, read.error);
	}
	host.finish(worker, standing.attempt, ending(body, read));
	answer(response, 200);
}

type Ending = Parameters<BridgeCall['host']['finish']>[2];

function ending(body: Body, read: Extract<DoneBody, { kind: 'result' }> | null): Ending {
	if (read === null) return tooLarge(body.bytes);
	const output = read.output === null ? null : Buffer.from(read.output, 'utf8');
	return output !== null && output.length > OUTPUT_BYTES_MAX ? tooLarge(output.length) : { output, error: read.error };
}

function tooLarge(bytes: number): Ending {
	const error = `the output has ${bytes} bytes, the limit is ${OUTPUT_BYTES_MAX}: store large results elsewhere and return a link`;
	return { output: null, error, cause: 'output_too_large' };
}

function progress(call: BridgeCall, attempt: Attempt, json: string): void {
	const output = Buffer.from(json, 'utf8');
	if (output.length > FRAME_BYTES_MAX) {
		answer(call.response, 413, `a progress report may have ${FRAME_BYTES_MAX} bytes, this one has ${output.length}`);
		return;
	}
	call.host.progress(attempt, output);
	answer(call.response, 200);
}
