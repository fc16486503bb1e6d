/** Signs webhooks as Standard Webhooks says (github.com/standard-webhooks), over a body that need not be in memory at once. */
import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new secret of an endpoint, as its receiver keeps it. */
export function createWebhookSecret(): string {
	return PREFIX + Buffer.from(randomBytes(SECRET_BYTES)).toString('base64');
}

/** The three headers of a try. Each secret gives one signature, so that receivers may hold the old or the new one during a rotation. */
export function webhookHeaders(id: string, timestampS: number, body: Iterable<Uint8Array>, secrets: readonly string[]): Record<string, string> {
	const macs = secrets.map((secret) => createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64')).update(`${id}.${timestampS}.`));
	for (const part of body) for (const mac of macs) mac.update(part);
	return {
		'webhook-id': id,
		'webhook-timestamp': String(timestampS),
		'webhook-signature': macs.map((mac) => `v1,${mac.digest('base64')}`).join(' '),
	};
}
