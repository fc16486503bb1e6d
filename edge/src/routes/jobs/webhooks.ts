/** `GET /v2/{endpoint}/webhooks`, `GET …/webhooks/{job}` and `POST …/webhooks/{job}/replay`: how deliveries went. Never what a receiver answered. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { Env } from '../../env.ts';
import { addressOf, enterEndpoint, jobStoreOf } from '../../gate/endpoint.ts';
import { goneJob } from '../../gate/gone.ts';
import type { WebhookLog } from '../../stores/webhook-log.ts';
import type { WebhookCounts } from '../../stores/webhook-table.ts';

/** Counts of the endpoint's deliveries. */
export async function webhookCounts(env: Env, request: Request, endpointId: string): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'read');
	const shards = await Promise.all(Array.from({ length: endpoint.shards }, (_, shard) => jobStoreOf(env, endpoint.id, shard).webhookCounts()));
	const sum = (name: keyof WebhookCounts): number => shards.reduce((total, counts) => total + counts[name], 0);
	return Response.json({ pending: sum('pending'), delivered: sum('delivered'), failed: sum('failed'), dropped: sum('dropped') });
}

/** The delivery log of one job. */
export async function webhookLog(env: Env, request: Request, endpointId: string, jobId: string): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'read');
	const log = await jobStoreOf(env, endpoint.id, addressOf(env, endpoint, jobId).shard).webhookLog(jobId);
	if (log === null) throw await goneJob(env, request, endpoint, jobId);
	return Response.json(show(log));
}

/** Calls the webhook of an ended job again, under the same `webhook-id`. */
export async function replayWebhook(env: Env, request: Request, endpointId: string, jobId: string): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'run');
	const log = await jobStoreOf(env, endpoint.id, addressOf(env, endpoint, jobId).shard).replayWebhook(jobId);
	if (log === 'not_ended') throw new LongshoreError('conflict', 'only the webhook of a job that is COMPLETED, FAILED or TIMED_OUT can be replayed');
	if (log === null) throw await goneJob(env, request, endpoint, jobId);
	return Response.json(show(log));
}

function show(log: WebhookLog | 'no_webhook'): Record<string, unknown> {
	if (log === 'no_webhook') throw new LongshoreError('unknown_resource', 'this job was submitted without a webhook');
	return {
		id: log.jobId,
		url: log.url,
		webhookId: log.webhookId,
		state: log.state,
		nextTryAt: log.nextAt === null ? null : toTime(log.nextAt),
		tries: log.tries.map(({ webhookId, at, tookMs, status, error }) => ({ webhookId, at: toTime(at), tookMs, status, error })),
	};
}

function toTime(at: number): string {
	return new Date(at).toISOString();
}
