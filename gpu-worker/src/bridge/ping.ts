/** `ping`: a sign of life, sent by a process of its own beside the handler; an unhealthy worker says so here before it exits. */
import { UNHEALTHY_REASON_CHARS_MAX } from '../core/bridge-limits.ts';
import { queryValue } from '../core/route.ts';
import type { BridgeCall } from './call.ts';
import { answer } from './respond.ts';

/** A ping proves that the container lives, not that a job does: it never extends a job's time. */
export function ping(call: BridgeCall): void {
	const { host, worker, route, request, response } = call;
	request.resume();
	if (queryValue(route.query, 'status') === 'unhealthy') {
		const check = queryValue(route.query, 'check') ?? 'unnamed check';
		const reason = queryValue(route.query, 'reason') ?? 'no reason given';
		host.unhealthy(worker, `${check}: ${reason}`.slice(0, UNHEALTHY_REASON_CHARS_MAX));
	} else {
		const jobIds = queryValue(route.query, 'job_id') ?? '';
		host.heard(worker, false, false);
		host.ping(worker, new Set(jobIds.split(',').filter((jobId) => jobId !== '')));
	}
	answer(response, 200);
}
