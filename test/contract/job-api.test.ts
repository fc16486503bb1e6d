/** The job API's answers, key by key, as RunPod gives them (operations on a real worker through the whole stack). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Health, JobApi } from '../support/job-api.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';

const JOB_ID = /^[A-Za-z0-9_-]{8,64}$/;

let stack: Stack;
let endpoint: RawEndpoint;
let api: JobApi;

beforeAll(async () => {
	stack = await startStack();
	endpoint = await deployRaw(stack);
	api = endpoint.api;
	await api.untilReady();
}, 240_000);
afterAll(() => stack?.stop(), 60_000);

const sortedKeys = (value: object): string[] => Object.keys(value).sort();
const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;

/** Occupies the single slot so that the next job waits; ends when the returned id is cancelled or its time is over. */
async function occupy(sleepMs: number): Promise<string> {
	const blocker = await api.run({ sleepMs });
	await api.untilState(blocker, ['IN_PROGRESS']);
	return blocker;
}

describe('POST /run', () => {
	test('answers 200 with exactly id and IN_QUEUE', async () => {
		const answer = await api.call('/run', { body: { input: { n: 1 } } });
		expect(answer.status).toBe(200);
		expect(sortedKeys(answer.json)).toEqual(['id', 'status']);
		expect(answer.json['status']).toBe('IN_QUEUE');
		expect(answer.json['id']).toMatch(JOB_ID);
		expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
		await api.untilState(String(answer.json['id']));
	});

	test('takes the bare key as well as a Bearer one', async () => {
		const answer = await api.call('/run', { body: { input: { n: 2 } }, headers: { authorization: stack.apiKey } });
		expect(answer.status).toBe(200);
		expect((await api.untilState(String(answer.json['id'])))['status']).toBe('COMPLETED');
	});

	test('ignores members that RunPod does not know, and takes a body without content type', async () => {
		const response = await fetch(`${api.base}/run`, {
			method: 'POST',
			headers: { authorization: `Bearer ${stack.apiKey}` },
			body: new TextEncoder().encode('{"future":[1],"input":{"n":3}}'),
		});
		expect(response.status).toBe(200);
		const { id } = (await response.json()) as { id: string };
		expect((await api.untilState(id))['status']).toBe('COMPLETED');
	});
});

describe('policy', () => {
	test('counts members that are null as left out', async () => {
		const answer = await api.call('/run', { body: { input: {}, policy: { executionTimeout: null, ttl: null, lowPriority: null } } });
		expect(answer).toMatchObject({ status: 200, json: { status: 'IN_QUEUE' } });
		expect((await api.untilState(String(answer.json['id'])))['status']).toBe('COMPLETED');
	});
});

describe('GET and POST /status', () => {
	test('walk IN_QUEUE, IN_PROGRESS, COMPLETED with the keys of each', async () => {
		const blocker = await occupy(60_000);
		const id = await api.run({ sleepMs: 700, n: 'walk' });
		const queued = await api.status(id);
		expect(queued.status).toBe(200);
		expect(queued.json).toEqual({ id, status: 'IN_QUEUE' });

		await api.cancel(blocker);
		const progress = await api.untilState(id, ['IN_PROGRESS']);
		expect(sortedKeys(progress)).toEqual(['delayTime', 'id', 'status', 'workerId']);
		expect(isCount(progress['delayTime'])).toBe(true);
		expect(progress['workerId']).toBe(endpoint.starts(id)[0]?.worker);

		const done = await api.untilState(id);
		expect(sortedKeys(done)).toEqual(['delayTime', 'executionTime', 'id', 'output', 'status', 'workerId']);
		expect(done['status']).toBe('COMPLETED');
		expect(isCount(done['delayTime'])).toBe(true);
		expect(done['executionTime']).toBeGreaterThanOrEqual(690);
		expect(done['executionTime']).toBeLessThan(30_000);
	});

	test('answer the same to GET and to POST with an empty body', async () => {
		const id = await api.run({ n: 4 });
		await api.untilState(id);
		const got = await api.call(`/status/${id}`, { method: 'GET' });
		const posted = await api.call(`/status/${id}`, { method: 'POST' });
		const postedObject = await api.call(`/status/${id}`, { method: 'POST', body: {} });
		expect(posted).toMatchObject({ status: 200, text: got.text });
		expect(postedObject).toMatchObject({ status: 200, text: got.text });
	});

	test('show a failed job with its error as a string and no output', async () => {
		const id = await api.run({ fail: 'out of luck' });
		const failed = await api.untilState(id);
		expect(sortedKeys(failed)).toEqual(['delayTime', 'error', 'executionTime', 'id', 'status', 'workerId']);
		expect(failed).toMatchObject({ status: 'FAILED', error: 'out of luck' });
	});

	test('show an error that is an object as its JSON text', async () => {
		const id = await api.run({ fail: { code: 7 } });
		expect(await api.untilState(id)).toMatchObject({ status: 'FAILED', error: expect.stringMatching(/"code":\s*7/) });
	});

	test.each([null, false, 0, '', [], [1, 'two'], 'text'])('hand back the output %j as it is', async (output) => {
		const id = await api.run({ output });
		expect((await api.untilState(id))['output']).toEqual(output);
	});
});

describe('POST /runsync', () => {
	test('answers with the terminal object', async () => {
		const answer = await api.call('/runsync', { body: { input: { n: 5 } } });
		expect(answer.status).toBe(200);
		expect(sortedKeys(answer.json)).toEqual(['delayTime', 'executionTime', 'id', 'output', 'status', 'workerId']);
		expect(answer.json['status']).toBe('COMPLETED');
		expect(String(answer.json['id'])).toMatch(/^sync-/);
		expect(await api.call(`/status/${answer.json['id']}`)).toMatchObject({ status: 200, json: answer.json });
	});

	test('ends after wait with 200 and a job that goes on', async () => {
		const began = performance.now();
		const answer = await api.call('/runsync?wait=1000', { body: { input: { sleepMs: 2_500 } } });
		expect(performance.now() - began).toBeGreaterThanOrEqual(990);
		expect(answer.status).toBe(200);
		expect(answer.json['status']).toBe('IN_PROGRESS');
		const later = await api.call(`/status-sync/${answer.json['id']}?wait=20000`);
		expect(later.json['status']).toBe('COMPLETED');
	});

	test.each(['0', '999', '300001', 'soon', '-1', '1e4', ''])('refuses or clamps wait=%s without failing', async (wait) => {
		const answer = await api.call(`/runsync?wait=${wait}`, { body: { input: { n: 6 } } });
		expect([200, 400]).toContain(answer.status);
		if (answer.status === 400) expect(String(answer.json['error'])).toContain('wait');
	});
});

describe('GET and POST /status-sync', () => {
	test('are held until the job is terminal', async () => {
		const id = await api.run({ sleepMs: 600 });
		const [got, posted] = await Promise.all([api.call(`/status-sync/${id}`), api.call(`/status-sync/${id}?wait=20000`, { method: 'POST' })]);
		expect(got).toMatchObject({ status: 200, json: { id, status: 'COMPLETED' } });
		expect(posted.text).toBe(got.text);
	});

	test('end after wait with the state of then', async () => {
		const blocker = await occupy(60_000);
		const id = await api.run({ n: 7 });
		const answer = await api.call(`/status-sync/${id}?wait=1000`);
		expect(answer).toMatchObject({ status: 200, json: { id, status: 'IN_QUEUE' } });
		await api.cancel(blocker);
		await api.untilState(id);
	});
});

describe('POST /cancel', () => {
	test('ends a queued job with an empty body, and it never runs', async () => {
		const blocker = await occupy(60_000);
		const id = await api.run({ n: 8 });
		const answer = await api.cancel(id);
		expect(answer).toMatchObject({ status: 200, json: { id, status: 'CANCELLED' } });
		await api.cancel(blocker);
		const after = await api.run({ n: 9 });
		await api.untilState(after);
		expect(endpoint.starts(id)).toEqual([]);
		const kept = await api.status(id);
		expect(kept.json['status']).toBe('CANCELLED');
		expect(kept.json).not.toHaveProperty('output');
	});

	test('ends a running job at once and stops it on the worker', async () => {
		const id = await occupy(60_000);
		const answer = await api.call(`/cancel/${id}`, { body: {} });
		expect(answer).toMatchObject({ status: 200, json: { id, status: 'CANCELLED' } });
		expect((await api.runSync({ n: 10 }))['status']).toBe('COMPLETED');
	});

	test('of a finished job answers 200 with its state and changes nothing', async () => {
		const id = await api.run({ n: 11 });
		const done = await api.untilState(id);
		const answer = await api.cancel(id);
		expect(answer).toMatchObject({ status: 200, json: { id, status: 'COMPLETED' } });
		expect((await api.status(id)).json).toEqual(done);
	});
});

describe('GET /health', () => {
	test('has all keys, all integers, in any state', async () => {
		const answer = await api.call('/health');
		expect(answer.status).toBe(200);
		const health = answer.json as unknown as Health;
		expect(sortedKeys(health)).toEqual(['jobs', 'workers']);
		expect(sortedKeys(health.jobs)).toEqual(['completed', 'failed', 'inProgress', 'inQueue', 'retried']);
		expect(sortedKeys(health.workers)).toEqual(['idle', 'initializing', 'ready', 'running', 'throttled', 'unhealthy']);
		for (const value of [...Object.values(health.jobs), ...Object.values(health.workers)]) expect(isCount(value)).toBe(true);
	});

	test('counts a job where it is: queued, running, completed, failed', async () => {
		const before = (await api.health()).jobs;
		const blocker = await occupy(60_000);
		const id = await api.run({ fail: 'counted' });
		expect((await api.health()).jobs).toMatchObject({ inProgress: 1, inQueue: 1 });
		await api.cancel(blocker);
		await api.untilState(id);
		expect((await api.health()).jobs).toEqual({ ...before, failed: before.failed + 1, inProgress: 0, inQueue: 0 });
	});

	test('has the workers that are ready beside it, under /metrics', async () => {
		const answer = await api.call('/metrics');
		expect(answer.status).toBe(200);
		expect(sortedKeys(answer.json)).toEqual(['jobs', 'readyWorkers', 'workers']);
		expect(sortedKeys(answer.json['workers'] as object)).toEqual(['idle', 'initializing', 'ready', 'running', 'throttled', 'unhealthy']);
		expect(answer.json['readyWorkers']).toEqual([(await api.runSync({ n: 'where' }))['workerId']]);
	});

	test('of an endpoint without workers is all zero', async () => {
		const id = await stack.deploy({ directory: '/tmp', command: 'true', workersMin: 0, workersMax: 1, pools: ['BLACKWELL_180'] });
		const health = await new JobApi(stack.url, id, stack.apiKey).health();
		for (const value of [...Object.values(health.jobs), ...Object.values(health.workers)]) expect(value).toBe(0);
	});
});
