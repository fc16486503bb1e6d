/** `POST await-worker`: answers when a load-balanced endpoint has a worker for a request. Whoever waits counts as demand, so that one is started. */
import { awaitWorkerRequest } from '@longshore/shared-schema/wire/load-balancer';
import type { Balancer } from '../balancer/balancer.ts';
import { type Answer, badRequest } from './answer.ts';

/** The verb over the region's balancer. */
export function createAwaitWorker(balancer: Balancer): (body: unknown, signal: AbortSignal) => Promise<Answer> {
	return async (body, signal) => {
		const parsed = awaitWorkerRequest.safeParse(body);
		if (!parsed.success) return badRequest(`await-worker: ${parsed.error.message.slice(0, 500)}`);
		const { endpointId, waitMs } = parsed.data;
		const refusal = await balancer.awaitWorker(endpointId, { affinity: null, waitMs, signal });
		return { status: 200, body: refusal === null ? { ready: true } : { ready: false, refusal } };
	};
}
