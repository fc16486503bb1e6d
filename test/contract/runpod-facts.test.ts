/** Facts of RunPod's protocol that are easy to miss and that no client library shows by itself; `test/README.md` says where each of the others is shown. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer, JobApi } from '../support/job-api.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

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

const posted = (id: string): number => endpoint.trace().filter((line) => line.event === 'done' && line.job === id).length;

describe('a worker of concurrency 1 pauses between its jobs', () => {
	test('what waits for it is queued, not running, and its wait is delay, not execution', async () => {
		const began = performance.now();
		const first = await api.run({ sleepMs: 3_000 });
		const second = await api.run({ sleepMs: 50 });
		// The second is at most this much younger than the start of the first.
		const youngerMs = performance.now() - began;
		await api.untilState(first, ['IN_PROGRESS']);
		// All the time: its region has it soon, and only a worker makes it run.
		const seen = new Set<unknown>();
		await until(
			async () => {
				const state = (await api.status(second)).json['status'];
				if ((await api.status(first)).json['status'] !== 'IN_PROGRESS') return true;
				seen.add(state);
				return false;
			},
			{ what: 'the first job has ended' },
		);
		expect([...seen]).toEqual(['IN_QUEUE']);
		const [one, two] = [await api.untilState(first), await api.untilState(second)];
		expect(two['delayTime'], 'the second waited for the first').toBeGreaterThanOrEqual(Math.max(1, Number(one['executionTime']) - youngerMs - 200));
		expect(two['executionTime'], 'and did not run meanwhile').toBeLessThan(Number(one['executionTime']));
		const starts = [first, second].map((id) => endpoint.starts(id));
		expect(starts.map(({ length }) => length)).toEqual([1, 1]);
	});
});

describe('what a worker says after its result', () => {
	test.each([
		['a progress update', { lateProgress: { step: 9 } }],
		['another result', { lateOutput: { second: true } }],
	])('%s changes nothing: the end is final', async (_name, late) => {
		const id = await api.run({ output: { first: true }, ...late });
		const ended = await api.untilState(id);
		await until(() => posted(id) === 2, { what: 'the late word is posted' });
		expect(endpoint.trace().filter((line) => line.event === 'done' && line.job === id)).toMatchObject([{ status: 200 }, { status: 200 }]);
		// A later job's end shows that everything before it has gone its way.
		await api.runSync({ n: 1 });
		expect((await api.status(id)).json).toEqual(ended);
		expect(ended).toMatchObject({ status: 'COMPLETED', output: { first: true } });
	});
});

describe('clients take exactly 200 for an answer', () => {
	/** As Go's client, which posts to every route, and Python's, which posts nothing as JSON. */
	const post = (path: string, body?: unknown): Promise<Answer> => api.call(path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
	const get = (path: string): Promise<Answer> => api.call(path, { method: 'GET' });

	test('on every route of a job, in any of its states, by every method that a client uses', async () => {
		const done = await api.run({ n: 1 });
		const failed = await api.run({ fail: 'no' });
		for (const id of [done, failed]) await api.untilState(id);
		const running = await api.run({ sleepMs: 60_000 });
		await api.untilState(running, ['IN_PROGRESS']);
		const queued = await api.run({ n: 2 });
		const cancelled = await api.run({ n: 3 });
		await api.cancel(cancelled);
		const calls: [string, Promise<Answer>][] = [];
		for (const id of [done, failed, running, queued, cancelled]) {
			for (const path of [`/status/${id}`, `/status-sync/${id}?wait=1000`, `/stream/${id}?wait=1000`]) calls.push([`GET ${path}`, get(path)], [`POST ${path}`, post(path)]);
		}
		for (const id of [done, failed, cancelled]) calls.push([`cancel ${id}`, post(`/cancel/${id}`)], [`cancel {} ${id}`, post(`/cancel/${id}`, {})]);
		calls.push(['health', get('/health')], ['requests', get('/requests')]);
		for (const [what, call] of calls) {
			const { status, headers, json } = await call;
			expect({ what, status, type: headers.get('content-type') }).toEqual({ what, status: 200, type: expect.stringMatching(/^application\/json/) });
			if (what.includes('/stream/')) expect(json['stream'], what).toBeInstanceOf(Array);
		}
		expect(await post('/purge-queue')).toMatchObject({ status: 200, json: { removed: 1, status: 'completed' } });
		expect(await post(`/cancel/${running}`)).toMatchObject({ status: 200, json: { id: running, status: 'CANCELLED' } });
		expect(await post(`/retry/${failed}`)).toMatchObject({ status: 200, json: { id: failed, status: 'IN_QUEUE' } });
		await api.untilState(failed);
	});

	test('of both Authorization forms', async () => {
		for (const authorization of [stack.apiKey, `Bearer ${stack.apiKey}`, `bearer ${stack.apiKey}`]) {
			expect(await api.call('/run', { body: { input: {} }, headers: { authorization } })).toMatchObject({ status: 200 });
			expect(await api.call('/health', { headers: { authorization } })).toMatchObject({ status: 200 });
		}
	});
});
