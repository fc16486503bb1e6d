/** A job's webhook as others see it: when it is called, under which id, how it went, and the replay. */
import type { JobPhase } from '@longshore/shared-schema/job/job';
import { findLive, type StoreParts } from './store-parts.ts';
import { UNSENT_MS, type Webhook, type WebhookState } from './webhook-table.ts';

/** A job's webhook with its tries, oldest first. `webhookId` is null before the job's first end. */
export interface WebhookLog {
	readonly jobId: string;
	readonly url: string;
	readonly webhookId: string | null;
	readonly state: WebhookState;
	readonly nextAt: number | null;
	readonly tries: readonly { readonly webhookId: string; readonly at: number; readonly tookMs: number; readonly status: number | null; readonly error: string | null }[];
}

/** Ends that call a webhook. A job that its owner cancelled or purged calls nobody, as RunPod's. */
const CALLING: ReadonlySet<JobPhase> = new Set(['completed', 'failed', 'timed_out']);

/** Makes the webhook of a job that has just ended due. Belongs into the transaction that ends it. */
export function armWebhook({ webhooks, clock }: StoreParts, row: number, phase: JobPhase, now: number): void {
	if (CALLING.has(phase) && webhooks.arm(row, now)) clock.arm(now + UNSENT_MS);
}

/** The log of a job, or why there is none: null for no such job. */
export function readWebhookLog(parts: StoreParts, id: string, now: number): WebhookLog | 'no_webhook' | null {
	const row = findLive(parts, id, now);
	if (row === null) return null;
	const hook = parts.webhooks.find(row.n);
	return hook === null ? 'no_webhook' : toLog(parts, id, hook);
}

/** Makes the webhook due again. The caller sends it after the commit. */
export function replayWebhook(parts: StoreParts, id: string, now: number): WebhookLog | 'no_webhook' | 'not_ended' | null {
	const row = findLive(parts, id, now);
	if (row === null) return null;
	if (parts.webhooks.find(row.n) === null) return 'no_webhook';
	if (!CALLING.has(row.job.phase)) return 'not_ended';
	parts.webhooks.replay(row.n, now);
	parts.clock.arm(now + UNSENT_MS);
	return readWebhookLog(parts, id, now);
}

/** The `webhook-id`: one for each end of a job, the same for all its tries. Without full stops, which separate the signed text. */
export function webhookIdOf(jobId: string, generation: number): string {
	return `${jobId}_${generation}`;
}

function toLog({ webhooks }: StoreParts, jobId: string, { n, url, generation, state, nextAt }: Webhook): WebhookLog {
	const tries = webhooks.tries(n).map(({ generation: of, at, tookMs, status, error }) => ({ webhookId: webhookIdOf(jobId, of), at, tookMs, status, error }));
	return { jobId, url, webhookId: generation === 0 ? null : webhookIdOf(jobId, generation), state, nextAt, tries };
}
