/** RunPod's own JavaScript client, npm `runpod-sdk` 1.1.2 unmodified, against our door. */
import { createRequire } from 'node:module';
import runpodSdk from 'runpod-sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';

type Client = NonNullable<ReturnType<ReturnType<typeof runpodSdk>['endpoint']>>;

let stack: Stack;
let endpoint: RawEndpoint;
let client: Client;

const clientOf = (endpointId: string, key = stack.apiKey): Client => {
	const made = runpodSdk(key, { baseUrl: `${stack.url}/v2` }).endpoint(endpointId);
	if (made === null) throw new Error('the SDK made no endpoint');
	return made;
};

beforeAll(async () => {
	stack = await startStack();
	endpoint = await deployRaw(stack);
	await endpoint.api.untilReady();
	client = clientOf(endpoint.id);
}, 240_000);
afterAll(() => stack?.stop(), 60_000);

test('is the release that the contract names', () => {
	const { version } = createRequire(import.meta.url)('runpod-sdk/package.json') as { version: string };
	expect(version).toBe('1.1.2');
});

test('run, then status until done', async () => {
	const { id, status } = await client.run({ input: { n: 1 } });
	expect(status).toBe('IN_QUEUE');
	await endpoint.api.untilState(id);
	const done = await client.status(id);
	expect(done).toMatchObject({ id, status: 'COMPLETED', output: { raw: { n: 1 } }, started: true, completed: true, succeeded: true });
});

test('statusSync waits for the end', async () => {
	const { id } = await client.run({ input: { sleepMs: 500 } });
	expect(await client.statusSync(id, 10_000)).toMatchObject({ id, status: 'COMPLETED', completed: true });
});

describe('runSync', () => {
	test('returns the output', async () => {
		expect(await client.runSync({ input: { n: 2 } })).toMatchObject({ status: 'COMPLETED', output: { raw: { n: 2 } }, started: true, completed: true, succeeded: true });
	});

	test('goes on with status-sync when its first wait ends', async () => {
		const done = await client.runSync({ input: { sleepMs: 1_800 } }, 1_000);
		const { id } = done;
		expect(['IN_PROGRESS', 'COMPLETED']).toContain(done.status);
		expect(await client.statusSync(id, 20_000)).toMatchObject({ id, status: 'COMPLETED' });
	});

	test('reports a failed job as completed and not succeeded', async () => {
		expect(await client.runSync({ input: { fail: 'no luck' } })).toMatchObject({ status: 'FAILED', error: 'no luck', completed: true, succeeded: false });
	});

	test('passes policy on', async () => {
		expect(await client.runSync({ input: { n: 3 }, policy: { executionTimeout: 5_000, ttl: 10_000, lowPriority: false } })).toMatchObject({ status: 'COMPLETED' });
	});
});

test('cancel of a running job', async () => {
	const { id } = await client.run({ input: { sleepMs: 60_000 } });
	await endpoint.api.untilState(id, ['IN_PROGRESS']);
	expect(await client.cancel(id)).toMatchObject({ id, status: 'CANCELLED' });
	expect(await client.status(id)).toMatchObject({ id, status: 'CANCELLED', completed: true, succeeded: false });
});

test('health', async () => {
	const health = await client.health();
	expect(health).toEqual(await endpoint.api.health());
	expect(health.workers.ready).toBeGreaterThanOrEqual(1);
});

describe('errors reach the caller as the SDK shows them', () => {
	test.each([
		['a wrong key', () => clientOf(endpoint.id, 'wrong').run({ input: {} }), 401],
		['an unknown endpoint', () => clientOf('nosuchendpoint').run({ input: {} }), 404],
		['an unknown job', () => client.status('nosuchjob'), 404],
		['no input', () => client.run({} as never), 400],
	])('%s', async (_name, call, status) => {
		const error = await call().then(
			() => undefined,
			(thrown: unknown) => thrown as { response?: { status: number; data: { error?: unknown } } },
		);
		expect(error?.response?.status).toBe(status);
		expect(error?.response?.data.error).toEqual(expect.any(String));
	});
});
