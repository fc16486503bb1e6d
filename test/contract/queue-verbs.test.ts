/** What no client library covers: retry, purge, the list of requests, shortened retention, idempotency keys, the id before a held body. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type JobApi, TERMINAL_STATES } from '../support/job-api.ts';
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

const sortedKeys = (value: object): string[] => Object.keys(value).sort();

/** Occupies the endpoint's only slot until `free`. */
async function occupy(): Promise<{ id: string; free(): Promise<unknown> }> {
	const id = await api.run({ sleepMs: 60_000 });
	await api.untilState(id, ['IN_PROGRESS']);
	return { id, free: () => api.cancel(id) };
}

describe('POST /retry', () => {
	const retry = (id: string): Promise<Answer> => api.call(`/retry/${id}`, { method: 'POST' });

	test('runs a failed job again: same id, same input, without what was left of the first time', async () => {
		const id = await api.run({ chunks: 2, fail: 'bad weather', big: '9007199254740993' });
		await api.untilState(id);
		const blocker = await occupy();
		const answer = await retry(id);
		expect(answer).toMatchObject({ status: 200, text: JSON.stringify({ id, status: 'IN_QUEUE' }) });
		expect(answer.headers.get('x-longshore-job-id')).toBe(id);
		expect((await api.status(id)).json).toEqual({ id, status: 'IN_QUEUE' });
		expect((await api.call(`/stream/${id}?wait=1000`)).json).toEqual({ status: 'IN_QUEUE', stream: [] });
		await blocker.free();
		const again = await api.untilState(id);
		expect(again).toMatchObject({ status: 'FAILED', error: 'bad weather' });
		expect(endpoint.starts(id).length).toBe(2);
		expect((await api.call(`/stream/${id}`)).json).toMatchObject({ status: 'FAILED', stream: [{ output: { n: 0 } }, { output: { n: 1 } }] });
	});

	test('is for jobs that failed or ran out of time, and changes no other', async () => {
		const completed = await api.run({ n: 1 });
		await api.untilState(completed);
		const running = await occupy();
		const queued = await api.run({ n: 2 });
		const cancelled = await api.run({ n: 3 });
		await api.cancel(cancelled);
		for (const id of [completed, running.id, queued, cancelled]) {
			const before = (await api.status(id)).json['status'];
			expect(await retry(id)).toMatchObject({ status: 400, json: { error: expect.stringMatching(/FAILED|TIMED_OUT/) } });
			expect((await api.status(id)).json['status']).toBe(before);
		}
		await running.free();
		await api.untilState(queued);
		expect(endpoint.starts(completed).length).toBe(1);
		expect(await retry('nosuchjob')).toMatchObject({ status: 404 });
		expect((await api.call(`/retry/${completed}`, { method: 'GET' })).status).toBeGreaterThanOrEqual(404);
	});
});

/** Two calls in ten seconds are RunPod's limit, and these are two. */
describe('POST /purge-queue', () => {
	test.each([
		['an empty body', undefined],
		['{}', {}],
	])('with %s removes what waits, counts it, and leaves what runs', async (_name, body) => {
		const blocker = await occupy();
		const waiting = await Promise.all([1, 2, 3, 4, 5].map((n) => api.run({ n })));
		const answer = await api.call('/purge-queue', { method: 'POST', body });
		expect(answer).toMatchObject({ status: 200, text: '{"removed":5,"status":"completed"}' });
		for (const id of waiting) expect((await api.status(id)).json).toMatchObject({ id, status: 'CANCELLED' });
		expect((await api.status(blocker.id)).json['status']).toBe('IN_PROGRESS');
		expect((await api.health()).jobs).toMatchObject({ inQueue: 0, inProgress: 1 });
		await blocker.free();
		expect((await api.runSync({ n: 6 }))['status']).toBe('COMPLETED');
		for (const id of waiting) expect(endpoint.starts(id)).toEqual([]);
	});
});

describe('GET /requests', () => {
	test('lists jobs, the newest first, with what became of them', async () => {
		const { api: own } = await deployRaw(stack);
		const failed = await own.run({ fail: 'out of paper' });
		await own.untilState(failed);
		const done = await own.run({ n: 1 });
		await own.untilState(done);
		const answer = await own.call('/requests');
		expect(answer.status).toBe(200);
		expect(sortedKeys(answer.json)).toEqual(['requests']);
		const requests = answer.json['requests'] as Record<string, unknown>[];
		expect(requests).toMatchObject([
			{ id: done, status: 'COMPLETED', error: null },
			{ id: failed, status: 'FAILED', error: 'out of paper' },
		]);
		for (const one of requests) {
			const [created, completed] = [Date.parse(String(one['createdAt'])), Date.parse(String(one['completedAt']))];
			expect(completed).toBeGreaterThanOrEqual(created);
			expect(Math.abs(Date.now() - created)).toBeLessThan(120_000);
			expect(one).not.toHaveProperty('token');
		}
		expect((await own.call('/requests?limit=1')).json['requests']).toMatchObject([{ id: done }]);
	});

	test.each(['0', '1001', 'many', '1.5', ''])('refuses limit=%s with its bounds', async (limit) => {
		const { api: own } = await deployRaw(stack, { workersMin: 0 });
		expect(await own.call(`/requests?limit=${limit}`)).toMatchObject({ status: 400, json: { error: expect.stringMatching(/limit.*1.*1000/) } });
	});
});

describe('/status?ttl=', () => {
	test.each(['GET', 'POST'])('shortens what is left of a result (%s)', async (method) => {
		const id = await api.run({ n: 'short' });
		await api.untilState(id);
		const answer = await api.call(`/status/${id}?ttl=1500`, { method });
		expect(answer).toMatchObject({ status: 200, json: { id, status: 'COMPLETED' } });
		expect(await api.status(id)).toMatchObject({ status: 200 });
		await until(async () => (await api.status(id)).status === 404, { what: 'the result is forgotten', timeoutMs: 10_000, everyMs: 100 });
		for (const path of [`/status-sync/${id}`, `/stream/${id}`, `/status/${id}?ttl=60000`]) expect(await api.call(path)).toMatchObject({ status: 404 });
		expect(await api.cancel(id)).toMatchObject({ status: 404 });
	});

	test('cannot extend it, and does nothing to a job that runs', async () => {
		const blocker = await occupy();
		expect(await api.call(`/status/${blocker.id}?ttl=0`)).toMatchObject({ status: 200 });
		expect(await api.status(blocker.id)).toMatchObject({ status: 200, json: { status: 'IN_PROGRESS' } });
		await blocker.free();
		const id = await api.run({ n: 'shorter' });
		await api.untilState(id);
		await api.call(`/status/${id}?ttl=1500`);
		expect(await api.call(`/status/${id}?ttl=999999999`)).toMatchObject({ status: 200 });
		await until(async () => (await api.status(id)).status === 404, { what: 'the result is forgotten all the same', timeoutMs: 10_000, everyMs: 100 });
	});

	test.each(['-1', 'soon', '1.5', ''])('refuses ttl=%s', async (ttl) => {
		const id = await api.run({ n: 1 });
		expect(await api.call(`/status/${id}?ttl=${ttl}`)).toMatchObject({ status: 400, json: { error: expect.stringMatching(/ttl/) } });
	});
});

describe('Idempotency-Key', () => {
	const submit = (key: string, body: unknown, route = '/run'): Promise<Answer> => api.call(route, { body, headers: { 'idempotency-key': key }, timeoutMs: 60_000 });

	test('makes one job of one body sent often, at the same time and later', async () => {
		const key = crypto.randomUUID();
		const answers = await Promise.all(Array.from({ length: 8 }, () => submit(key, { input: { once: key } })));
		const ids = new Set(answers.map(({ json }) => json['id']));
		expect([answers.map(({ status }) => status), ids.size]).toEqual([Array(8).fill(200), 1]);
		const id = String([...ids][0]);
		await api.untilState(id);
		expect(await submit(key, { input: { once: key } })).toMatchObject({ status: 200, json: { id, status: 'COMPLETED' } });
		expect(endpoint.starts(id).length).toBe(1);
	});

	test('with another body is a conflict', async () => {
		const key = crypto.randomUUID();
		expect(await submit(key, { input: { n: 1 } })).toMatchObject({ status: 200 });
		expect(await submit(key, { input: { n: 2 } })).toMatchObject({ status: 409, json: { error: expect.stringMatching(/Idempotency-Key/) } });
		expect(await submit(key, { input: { n: 2 } }, '/runsync')).toMatchObject({ status: 409 });
	});

	test('of a runsync gives the same result to both callers', async () => {
		const key = crypto.randomUUID();
		const both = await Promise.all([1, 2].map(() => submit(key, { input: { sleepMs: 1_500, n: 1 } }, '/runsync')));
		expect(both.map(({ json }) => json)).toEqual([both[0]?.json, both[0]?.json]);
		expect(both[0]?.json).toMatchObject({ status: 'COMPLETED' });
		expect(endpoint.starts(String(both[0]?.json['id'])).length).toBe(1);
	});

	test('stands for one endpoint only', async () => {
		const { api: other } = await deployRaw(stack);
		const key = crypto.randomUUID();
		const here = await submit(key, { input: { n: 1 } });
		const there = await other.call('/run', { body: { input: { n: 2 } }, headers: { 'idempotency-key': key } });
		expect(there).toMatchObject({ status: 200 });
		expect(there.json['id']).not.toBe(here.json['id']);
	});

	test.each(['', ' ', 'two words', 'x'.repeat(256)])('refuses the key "%s"', async (key) => {
		const answer = await submit(key, { input: {} });
		expect(answer).toMatchObject({ status: 400, json: { error: expect.stringMatching(/Idempotency-Key.*255/) } });
	});
});

describe('a held call', () => {
	/** The head of the answer, and its body as a promise. */
	function head(method: string, path: string, body?: string): Promise<{ status: number; jobId: string; body: Promise<string> }> {
		return new Promise((done, failed) => {
			const headers = { authorization: `Bearer ${api.key}`, 'content-type': 'application/json', ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) };
			const call = request(`${api.base}${path}`, { method, headers }, (answer) => {
				const text = new Promise<string>((whole) => {
					let all = '';
					answer.setEncoding('utf8').on('data', (part: string) => {
						all += part;
					});
					answer.on('end', () => whole(all));
				});
				done({ status: answer.statusCode ?? 0, jobId: String(answer.headers['x-longshore-job-id']), body: text });
			});
			call.on('error', failed);
			call.end(body);
		});
	}

	test('says the job’s id before its body, so that a caller who loses the rest can find it', async () => {
		const { status, jobId, body } = await head('POST', '/runsync', '{"input":{"sleepMs":3000}}');
		expect(status).toBe(200);
		expect((await api.status(jobId)).json).toMatchObject({ id: jobId, status: 'IN_PROGRESS' });
		const sync = await head('GET', `/status-sync/${jobId}`);
		expect([sync.status, sync.jobId]).toEqual([200, jobId]);
		expect((await api.status(jobId)).json['status']).toBe('IN_PROGRESS');
		for (const text of [await body, await sync.body]) expect(JSON.parse(text)).toMatchObject({ id: jobId, status: 'COMPLETED' });
	});

	test('whose caller leaves does not end the job', async () => {
		const leaving = new AbortController();
		const response = await fetch(`${api.base}/runsync`, {
			method: 'POST',
			headers: { authorization: `Bearer ${api.key}` },
			body: '{"input":{"sleepMs":2500,"n":"left"}}',
			signal: leaving.signal,
		});
		const id = String(response.headers.get('x-longshore-job-id'));
		leaving.abort();
		expect(await api.untilState(id, TERMINAL_STATES)).toMatchObject({ id, status: 'COMPLETED' });
	});
});
