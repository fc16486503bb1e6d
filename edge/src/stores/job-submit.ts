/** Accepts a group of submissions in one transaction: row, payload, timer and the intent to dispatch, then the dispatch itself. */
import { createJob, type NewJob } from '@longshore/shared-schema/job/dispatch';
import { dueAt, type Job } from '@longshore/shared-schema/job/job';
import { QUEUE_LIMIT_BASE, QUEUE_LIMIT_PER_WORKER } from '@longshore/shared-schema/limits';
import type { IdempotencyKey } from './idempotency-table.ts';
import { type StoreParts, transact } from './store-parts.ts';
import { fitsInRow } from './text-table.ts';
import type { NewWebhook } from './webhook-table.ts';

const encoder = new TextEncoder();

/** A job to be accepted. `payload` is the whole worker job as text, or as bytes when it is large. */
export interface Submission {
	readonly endpointId: string;
	/** Number of shards of the endpoint: each takes its part of the queue limit. */
	readonly shards: number;
	readonly job: NewJob;
	readonly payload: string | Uint8Array;
	readonly payloadBytes: number;
	readonly idempotency: IdempotencyKey | null;
	readonly webhook: NewWebhook | null;
}

/**
 * `accepted` only after the commit. `repeats` names the job that the same key and body made before. `key_conflict`: the key came with
 * another body.
 */
export type SubmitAnswer = 'accepted' | 'queue_full' | 'key_conflict' | { readonly repeats: string };

/** Runs in one synchronous turn. Answers in order, and whether a job waits for a region. */
export function commitSubmissions(parts: StoreParts, items: readonly Submission[]): { answers: SubmitAnswer[]; waiting: boolean } {
	const now = Date.now();
	const accepted: { job: Job; submission: Submission; payload: Uint8Array }[] = [];
	const answers = transact(parts, () =>
		items.map((submission): SubmitAnswer => {
			const known = submission.idempotency === null ? null : parts.idempotency.find(submission.idempotency, now);
			if (known !== null) return known === 'other_body' ? 'key_conflict' : { repeats: known.jobId };
			if (isFull(parts, submission.shards)) return 'queue_full';
			const payload = bytesOf(submission.payload);
			accepted.push({ submission, payload, job: insert(parts, submission, payload, now) });
			return 'accepted';
		}),
	);
	for (const { job, submission, payload } of accepted) {
		parts.clock.arm(dueAt(job));
		if (job.phase === 'sent') parts.dispatcher.send(job, submission.payloadBytes, payload);
	}
	return { answers, waiting: accepted.some(({ job }) => job.phase === 'waiting') };
}

function insert(parts: StoreParts, submission: Submission, payload: Uint8Array, now: number): Job {
	const created = createJob(submission.job, now);
	const job = parts.dispatcher.assign(created, now) ?? created;
	const keyGen = parts.keys.current(job.sync);
	const inRow = fitsInRow(payload);
	parts.jobs.insert(job, keyGen, inRow ? payload : null, submission.payloadBytes);
	if (!inRow) parts.texts.addPayload(parts.jobs.lastRow(), payload);
	if (submission.idempotency !== null) parts.idempotency.remember(submission.idempotency, job.id, now);
	if (submission.webhook !== null) parts.webhooks.add(parts.jobs.lastRow(), keyGen, submission.webhook);
	parts.tallies.move(null, job.phase);
	return job;
}

/** RunPod's queue limit, this shard's part of it. */
function isFull(parts: StoreParts, shards: number): boolean {
	const queued = parts.tallies.counts.inQueue;
	if (queued <= QUEUE_LIMIT_BASE) return false;
	const { workersMax } = parts.dispatcher;
	return workersMax !== null && queued > Math.max(QUEUE_LIMIT_BASE, (workersMax * QUEUE_LIMIT_PER_WORKER) / shards);
}

function bytesOf(payload: string | Uint8Array): Uint8Array {
	return typeof payload === 'string' ? encoder.encode(payload) : payload;
}
