/** `job-take` and `job-take-batch`: a worker's long poll for jobs. */

import type { Take } from '../agent/worker.ts';
import { TAKE_BATCH_MAX } from '../core/bridge-limits.ts';
import { queryValue } from '../core/route.ts';
import type { BridgeCall } from './call.ts';
import { hold } from './hold.ts';
import { answer, answerJson, answerNothing, leaveConnection } from './respond.ts';

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']');
/** RunPod's SDK, whose `job_in_progress` means the jobs that run; its 1.7.0 and 1.7.1 mean those that they have not begun. */
const COUNTS_RUNNING_JOBS = /^RunPod-Python-SDK\/(?!1\.7\.[01]\b)/;

/** `room` null: the query says it. A batch is answered with a list, a single take with the job itself. */
export async function take(call: BridgeCall, room: number | null, isBatch: boolean): Promise<void> {
	const { host, worker, route, response, request } = call;
	request.resume();
	const asked = room ?? Number(queryValue(route.query, 'batch_size') ?? '1');
	if (!Number.isInteger(asked) || asked < 1) {
		await new Promise((resolve) => setTimeout(resolve, call.timers.refusalDelayMs));
		return answer(response, 429, 'batch_size must be a whole number from 1');
	}
	host.heard(worker, queryValue(route.query, 'job_in_progress') === '0', COUNTS_RUNNING_JOBS.test(request.headers['user-agent'] ?? ''));
	let taken: Take | null = null;
	const held = hold(call, () => {
		if (taken !== null) host.closeTake(taken);
		leaveConnection(response, worker);
		answerNothing(response);
	});
	response.once('close', () => {
		held.end();
		if (taken !== null) host.closeTake(taken);
	});
	taken = {
		worker,
		room: Math.min(asked, TAKE_BATCH_MAX),
		openedAtMs: host.nowMs(),
		deliver(payloads, done) {
			held.end();
			if (taken !== null) host.closeTake(taken);
			answerJson(response, isBatch ? asList(payloads) : payloads, done);
		},
		release: held.release,
	};
	host.openTake(taken);
}

function asList(payloads: readonly Uint8Array[]): Uint8Array[] {
	const parts: Uint8Array[] = [];
	for (const payload of payloads) parts.push(parts.length === 0 ? OPEN : COMMA, payload);
	parts.push(CLOSE);
	return parts;
}
