import { describe, expect, test } from 'vitest';
import { createWebhookSecret, webhookHeaders } from '../../../edge/src/webhooks/signature.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a signature', () => {
	// Made with the reference library, standardwebhooks 1.1.1: new Webhook(secret).sign(id, new Date(timestamp * 1000), body).
	const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
	const BODY = '{"test": 2432232314, "größe": "🙂"}';
	const REFERENCE = 'v1,j0BGFIPbINxXpZ1ZdTNYR5CsHi/+rqNr6tJV/eBlVZk=';

	test('is the reference library’s', () => {
		expect(webhookHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, [encode(BODY)], [SECRET])).toEqual({
			'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
			'webhook-timestamp': '1614265330',
			'webhook-signature': REFERENCE,
		});
	});

	test('does not depend on how the body is cut', () => {
		const bytes = encode(BODY);
		const cut = [bytes.subarray(0, 25), bytes.subarray(25, 26), bytes.subarray(26)];
		expect(webhookHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, cut, [SECRET])['webhook-signature']).toBe(REFERENCE);
	});

	test('is one for each secret, separated by a space', () => {
		const other = createWebhookSecret();
		const [first, second] = (webhookHeaders('a_1', 1, [encode(BODY)], [other, SECRET])['webhook-signature'] ?? '').split(' ');
		expect(first).toBe(webhookHeaders('a_1', 1, [encode(BODY)], [other])['webhook-signature']);
		expect(second).toBe(webhookHeaders('a_1', 1, [encode(BODY)], [SECRET])['webhook-signature']);
	});
});

test('a secret is 32 random bytes behind whsec_', () => {
	const secrets = new Set(Array.from({ length: 100 }, createWebhookSecret));
	expect(secrets.size).toBe(100);
	for (const secret of secrets) expect([secret.slice(0, 6), Buffer.from(secret.slice(6), 'base64').length]).toEqual(['whsec_', 32]);
});
