/** Webhooks as their receivers see them: RunPod's body, and a signature that the reference library, npm `standardwebhooks` unmodified, accepts. */
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Hit, type Sink, startSink } from '../edge/support/sink.ts';
import type { JobApi } from '../support/job-api.ts';
import { deployRaw } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

let stack: Stack;
let sink: Sink;
let api: JobApi;
let endpointId: string;
/** The endpoint's secret before anything was called. */
let secret: string;

beforeAll(async () => {
	[stack, sink] = await Promise.all([startStack({ env: { LONGSHORE_WEBHOOK_ALLOW_PRIVATE: '1', LONGSHORE_WEBHOOK_RETRY_MS: '300' } }), startSink()]);
	({ api, id: endpointId } = await deployRaw(stack, { concurrency: 4 }));
	secret = await rotate();
	await api.untilReady();
}, 240_000);
afterAll(async () => {
	await sink?.stop();
	await stack?.stop();
}, 60_000);

async function rotate(): Promise<string> {
	const response = await fetch(`${stack.url}/v2/serverless/${endpointId}/webhook-secret/rotate`, { method: 'POST', headers: { authorization: `Bearer ${stack.apiKey}` } });
	return ((await response.json()) as { secret: string }).secret;
}
const headersOf = ({ headers }: Hit): Record<string, string> => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
const run = (input: object): Promise<string> => api.run(input, { webhook: `${sink.url}/hook` });

test('the reference library verifies what came, and nothing that was changed on the way', async () => {
	const id = await run({ n: 1, text: 'žluť 🦄' });
	const hit = await sink.next(id);
	const receiver = new Webhook(secret);
	expect(receiver.verify(hit.text, headersOf(hit))).toMatchObject({ id, status: 'COMPLETED', input: { n: 1, text: 'žluť 🦄' }, webhook: `${sink.url}/hook` });
	expect(() => receiver.verify(hit.text.replace('COMPLETED', 'FAILED'), headersOf(hit))).toThrow(WebhookVerificationError);
	expect(() => receiver.verify(hit.text, { ...headersOf(hit), 'webhook-id': 'other' })).toThrow(WebhookVerificationError);
	expect(() => new Webhook(`whsec_${Buffer.alloc(32).toString('base64')}`).verify(hit.text, headersOf(hit))).toThrow(WebhookVerificationError);
});

test('the body is the status answer with input and webhook, for completed and failed jobs', async () => {
	for (const input of [{ n: 3 }, { fail: 'out of luck' }]) {
		const id = await run(input);
		const { body, headers } = await sink.next(id);
		const { json: status } = await api.status(id);
		expect(body).toEqual({ ...status, input, webhook: `${sink.url}/hook` });
		expect(headers['content-type']).toMatch(/^application\/json/);
	}
});

test('only 200 counts: two more tries with the same id and a valid signature each, and the job stays as it is', async () => {
	sink.answer = () => 204;
	const id = await run({ n: 4 });
	const hits = [await sink.next(id, 1), await sink.next(id, 2), await sink.next(id, 3)];
	sink.answer = () => 200;
	expect(new Set(hits.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
	for (const hit of sink.of(id)) expect(new Webhook(secret).verify(hit.text, headersOf(hit))).toMatchObject({ id, status: 'COMPLETED' });
	expect((await api.status(id)).json['status']).toBe('COMPLETED');
});

test('after a rotation the new secret verifies, and the old one too', async () => {
	const fresh = await rotate();
	const verifies = (hit: Hit, by: string): boolean => {
		try {
			return new Webhook(by).verify(hit.text, headersOf(hit)) !== null;
		} catch (error) {
			if (error instanceof WebhookVerificationError) return false;
			throw error;
		}
	};
	// The stores that call know the new one within a second or so.
	const hit = await until(
		async () => {
			const called = await sink.next(await run({ n: 2 }));
			return verifies(called, fresh) && called;
		},
		{ what: 'the new secret signs', timeoutMs: 20_000, everyMs: 300 },
	);
	expect(verifies(hit, secret)).toBe(true);
});
