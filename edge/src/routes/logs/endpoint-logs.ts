/** `GET /v2/serverless/{id}/logs` and `GET /v2/serverless/{id}/workers/{worker}/logs`: what workers print, live and for the last hours. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { ID_PATTERN } from '@longshore/shared-schema/limits';
import type { Env } from '../../env.ts';
import { enterEndpoint } from '../../gate/endpoint.ts';
import { readLogs } from '../../regions/region-logs.ts';
import { followAnswer, pageAnswer, wantsEvents } from './answer.ts';
import { wishOf } from './wish.ts';

/** All workers of the endpoint; the stream has no end. */
export async function endpointLogs(env: Env, request: Request, id: string, ctx: ExecutionContext): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, id, 'read');
	const wish = wishOf(request, { endpointId: endpoint.id });
	const page = await readLogs(env, wish);
	return wantsEvents(request, true) ? followAnswer(env, wish, page, () => false, ctx).response : pageAnswer(page);
}

/** One worker; the stream ends behind its last line. */
export async function workerLogs(env: Env, request: Request, id: string, workerId: string, ctx: ExecutionContext): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, id, 'read');
	if (!ID_PATTERN.test(workerId)) throw unknownWorker();
	const wish = wishOf(request, { endpointId: endpoint.id, workerId });
	const page = await readLogs(env, wish);
	if (!page.known && page.silent.length > 0) throw new LongshoreError('unavailable', `the worker's logs cannot be read now: ${page.silent.join(', ')} did not answer`, 5);
	if (!page.known) throw unknownWorker();
	return wantsEvents(request, true) ? followAnswer(env, wish, page, ({ open }) => !open, ctx).response : pageAnswer(page);
}

function unknownWorker(): LongshoreError {
	return new LongshoreError('unknown_resource', 'no such worker, or its logs are no longer kept');
}
