/** What the webhook routes say of themselves. */
import { webhookCounts, webhookLog } from '@longshore/shared-schema/wire/runpod-answers';
import type { Operation } from '../../openapi/operation.ts';

export const webhookCountsOperation: Operation = {
	id: 'webhookCounts',
	group: 'Webhooks',
	summary: 'Count the deliveries of an endpoint',
	key: 'read',
	answers: { 200: { text: 'The counts.', schema: webhookCounts, example: { pending: 0, delivered: 38, failed: 1, dropped: 0 } } },
};

export const webhookLogOperation: Operation = {
	id: 'webhookLog',
	group: 'Webhooks',
	summary: 'Read how the webhook of a job went',
	text: 'Never what the receiver answered, only its status.',
	key: 'read',
	answers: { 200: { text: 'The tries.', schema: webhookLog } },
	errors: ['unknown_resource'],
};

export const replayWebhookOperation: Operation = {
	id: 'replayWebhook',
	group: 'Webhooks',
	summary: 'Call the webhook of a job again',
	text: 'Under the same `webhook-id`. Only of a job that is COMPLETED, FAILED or TIMED_OUT.',
	key: 'run',
	answers: { 200: { text: 'The tries so far; the call follows.', schema: webhookLog } },
	errors: ['unknown_resource', 'conflict'],
};
