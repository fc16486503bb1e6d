/** RunPod's own JavaScript client, npm `runpod-sdk` 1.1.2 unmodified, against our door. */
import { createRequire } from 'node:module';
import runpodSdk from 'runpod-sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCallCounter } from '../support/call-counter.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';

type Client = NonNullable<ReturnType<ReturnType<typeof runpodSdk>['endpoint']>>;

let stack: Stack;
let endpoint: RawEndpoint;
let client: Client;

const clientOf = (endpointId: string, key = stack.apiKey, url = stack.url): Client => {
	const made = runpodSdk(key, { baseUrl: `${url}/v2` }).endpoint(endpointId);
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

describe('stream', () => {
	test('yields every chunk once, in order, while the job runs, and ends with it', async () => {
		const { id } = await client.run({ input: { chunks: 5, everyMs: 200 } });
		const seen: unknown[] = [];
		const states: unknown[] = [];
		for await (const chunk of client.stream(id)) {
			if (seen.length === 0) states.push((await client.status(id)).status);
			seen.push(chunk);
		}
		expect(seen).toEqual([0, 1, 2, 3, 4].map((n) => ({ output: { n } })));
		expect(states).toEqual(['IN_PROGRESS']);
		expect(await client.status(id)).toMatchObject({ status: 'COMPLETED', completed: true });
	});

	test('of a job without chunks, a failed and a cancelled one ends too', async () => {
		const collect = async (input: object, end: (id: string) => Promise<unknown>): Promise<unknown[]> => {
			const { id } = await client.run({ input });
			await end(id);
			const seen = [];
			for await (const chunk of client.stream(id)) seen.push(chunk);
			return seen;
		};
		expect(await collect({ n: 4 }, async () => undefined)).toEqual([]);
		expect(await collect({ chunks: 1, fail: 'half way' }, async () => undefined)).toEqual([{ output: { n: 0 } }]);
		expect(await collect({ sleepMs: 60_000 }, (id) => client.cancel(id))).toEqual([]);
	});

	test('of a silent job waits on the server: one call for all its time', async () => {
		const counter = await startCallCounter(stack.url);
		try {
			const { id } = await client.run({ input: { sleepMs: 2_500 } });
			const seen = [];
			for await (const chunk of clientOf(endpoint.id, stack.apiKey, counter.url).stream(id)) seen.push(chunk);
			expect([seen, counter.calls]).toEqual([[], [`GET /v2/${endpoint.id}/stream/${id}`]]);
			expect((await client.status(id)).status).toBe('COMPLETED');
		} finally {
			await counter.close();
		}
	});
});

test('purgeQueue removes what waits, and says how much', async () => {
	const { id: running } = await client.run({ input: { sleepMs: 60_000 } });
	await endpoint.api.untilState(running, ['IN_PROGRESS']);
	const waiting = await Promise.all([1, 2, 3].map((n) => client.run({ input: { n } })));
	expect(await client.purgeQueue()).toEqual({ removed: 3, status: 'completed' });
	for (const { id } of waiting) expect(await client.status(id)).toMatchObject({ status: 'CANCELLED' });
	expect(await client.status(running)).toMatchObject({ status: 'IN_PROGRESS' });
	await client.cancel(running);
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
