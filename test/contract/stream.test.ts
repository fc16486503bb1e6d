/** `/stream` in both its forms: RunPod's drain, which hands each chunk out once, and server-sent events, which every reader gets whole. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readEvents, type ServerEvent } from '../support/event-source.ts';
import type { Answer, JobApi } from '../support/job-api.ts';
import { deployRaw } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';

/** RunPod's Python client gives up a call after this long without a byte. */
const CLIENT_PATIENCE_MS = 10_000;

let stack: Stack;
let api: JobApi;
/** A stream of a job that says nothing, asked for as that client does. */
let silent: Promise<Answer>;

beforeAll(async () => {
	stack = await startStack();
	({ api } = await deployRaw(stack, { concurrency: 8 }));
	await api.untilReady();
	const id = await api.run({ sleepMs: 60_000 });
	silent = api.call(`/stream/${id}`, { timeoutMs: CLIENT_PATIENCE_MS });
	silent.catch(() => undefined); // Looked at by its test.
}, 240_000);
afterAll(() => stack?.stop(), 60_000);

const chunk = (n: number): object => ({ output: { n } });
const chunks = (count: number, from = 0): object[] => Array.from({ length: count }, (_, index) => chunk(from + index));
const drain = (id: string, query = ''): Promise<Answer> => api.call(`/stream/${id}${query}`);

/** Drains until the job is over; the chunks of each call, and the last answer. */
async function drainAll(id: string): Promise<{ parts: unknown[][]; last: Answer['json'] }> {
	const parts: unknown[][] = [];
	for (;;) {
		const { status, json, text } = await drain(id);
		expect({ status, text }).toMatchObject({ status: 200 });
		if ((json['stream'] as unknown[]).length > 0) parts.push(json['stream'] as unknown[]);
		if (!['IN_QUEUE', 'IN_PROGRESS'].includes(String(json['status']))) return { parts, last: json };
	}
}

function openEvents(id: string, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<Response> {
	return fetch(`${api.base}/stream/${id}`, {
		headers: { authorization: `Bearer ${api.key}`, accept: 'text/event-stream', ...headers },
		signal: signal ?? AbortSignal.timeout(30_000),
	});
}

async function allEvents(id: string, headers: Record<string, string> = {}): Promise<ServerEvent[]> {
	const response = await openEvents(id, headers);
	expect(response).toMatchObject({ status: 200 });
	const events: ServerEvent[] = [];
	for await (const event of readEvents(response.body as ReadableStream<Uint8Array>)) events.push(event);
	return events;
}

const dataOf = (events: readonly ServerEvent[], event = 'message'): unknown[] => events.filter((one) => one.event === event).map(({ data }) => JSON.parse(data) as unknown);

describe('the drain', () => {
	test('hands out every chunk once and in order, the first ones while the job runs, and ends with its state', async () => {
		const id = await api.run({ chunks: 6, everyMs: 150 });
		const { parts, last } = await drainAll(id);
		expect(parts.flat()).toEqual(chunks(6));
		expect(parts.length).toBeGreaterThanOrEqual(3);
		expect(Object.keys(last).sort()).toEqual(['status', 'stream']);
		expect(last['status']).toBe('COMPLETED');
		expect((await drain(id)).json).toEqual({ status: 'COMPLETED', stream: [] });
	});

	test.each(['GET', 'POST'])('gives the last chunks together with the terminal state (%s)', async (method) => {
		const id = await api.run({ chunks: 3 });
		await api.untilState(id);
		const answer = await api.call(`/stream/${id}`, { method });
		expect(answer).toMatchObject({ status: 200, text: '{"status":"COMPLETED","stream":[{"output":{"n":0}},{"output":{"n":1}},{"output":{"n":2}}]}' });
		expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
		expect(answer.headers.get('x-longshore-job-id')).toBe(id);
	});

	test('is shared by its readers: no chunk goes to two', async () => {
		const id = await api.run({ chunks: 10, everyMs: 60 });
		const readers = await Promise.all([drainAll(id), drainAll(id), drainAll(id)]);
		const seen = readers.flatMap(({ parts }) => parts.flat()) as { output: { n: number } }[];
		expect(seen.sort((a, b) => a.output.n - b.output.n)).toEqual(chunks(10));
	});

	test('of a job that waits has an empty stream, after the wait that was asked for', async () => {
		const { api: cold } = await deployRaw(stack, { workersMin: 0, workersMax: 1, pools: ['BLACKWELL_180'] });
		const id = await cold.run({ chunks: 1 });
		const began = performance.now();
		expect(await cold.call(`/stream/${id}?wait=1000`)).toMatchObject({ status: 200, text: '{"status":"IN_QUEUE","stream":[]}' });
		expect(performance.now() - began).toBeGreaterThanOrEqual(990);
		await cold.cancel(id);
		expect((await cold.call(`/stream/${id}`)).json).toEqual({ status: 'CANCELLED', stream: [] });
	});

	test('is held until the first chunk', async () => {
		const id = await api.run({ chunks: 1, everyMs: 1_200, sleepMs: 60_000 });
		expect((await drain(id, '?wait=20000')).json).toEqual({ status: 'IN_PROGRESS', stream: chunks(1) });
		await api.cancel(id);
	});

	test('brings the error of a job that failed on its way', async () => {
		const id = await api.run({ chunks: 2, fail: 'the third one was too heavy' });
		const { parts, last } = await drainAll(id);
		expect(parts.flat()).toEqual(chunks(2));
		expect(last).toMatchObject({ status: 'FAILED', error: 'the third one was too heavy' });
	});

	test('of a silent job is answered before a client that waits 10 s for a byte gives up', async () => {
		expect((await silent).json).toEqual({ status: 'IN_PROGRESS', stream: [] });
	});
});

describe('server-sent events', () => {
	test('bring every chunk with an id of its own, each when it is there, and end with the state', async () => {
		const id = await api.run({ chunks: 4, everyMs: 250 });
		const events = await allEvents(id);
		expect(dataOf(events)).toEqual(chunks(4));
		expect(new Set(events.slice(0, 4).map((event) => event.id)).size).toBe(4);
		expect(events.at(-1)).toMatchObject({ event: 'end', data: JSON.stringify({ id, status: 'COMPLETED' }) });
		const [first, fourth] = [events[0]?.at ?? 0, events[3]?.at ?? 0];
		expect(fourth - first, 'the first chunk did not wait for the last').toBeGreaterThan(300);
	});

	test('are for any number of readers, early and late, and leave the drain alone', async () => {
		const id = await api.run({ chunks: 5, everyMs: 150 });
		const early = [allEvents(id), allEvents(id), allEvents(id)];
		const drained = await drainAll(id);
		const late = await allEvents(id);
		for (const events of [...(await Promise.all(early)), late]) expect(dataOf(events)).toEqual(chunks(5));
		expect(drained.parts.flat()).toEqual(chunks(5));
	});

	test('go on behind Last-Event-ID after a broken connection', async () => {
		const id = await api.run({ chunks: 6, everyMs: 200 });
		const connection = new AbortController();
		const before: ServerEvent[] = [];
		for await (const event of readEvents((await openEvents(id, {}, connection.signal)).body as ReadableStream<Uint8Array>)) {
			before.push(event);
			if (before.length === 2) break;
		}
		connection.abort();
		const after = await allEvents(id, { 'last-event-id': String(before[1]?.id) });
		expect(dataOf([...before, ...after])).toEqual(chunks(6));
		const nothingNew = await allEvents(id, { 'last-event-id': String(after.at(-2)?.id) });
		expect([dataOf(nothingNew), dataOf(nothingNew, 'end')]).toEqual([[], [{ id, status: 'COMPLETED' }]]);
	});

	test.each([
		['failed', { chunks: 1, fail: 'out of luck' }, { status: 'FAILED', error: 'out of luck' }],
		['was cancelled', { chunks: 1, sleepMs: 60_000 }, { status: 'CANCELLED' }],
	])('of a job that %s end with that', async (_how, input, end) => {
		const id = await api.run(input);
		const reading = allEvents(id);
		if (end.status === 'CANCELLED') {
			await drain(id, '?wait=20000');
			await api.cancel(id);
		}
		const events = await reading;
		expect([dataOf(events), dataOf(events, 'end')]).toEqual([chunks(1), [{ id, ...end }]]);
	});

	test('say whose they are before the first chunk', async () => {
		const id = await api.run({ sleepMs: 60_000 });
		const response = await openEvents(id);
		expect(response.headers.get('content-type')).toBe('text/event-stream');
		expect(response.headers.get('x-longshore-job-id')).toBe(id);
		await response.body?.cancel();
		await api.cancel(id);
	});
});

describe('what is refused', () => {
	test.each(['0', '999', '300001', 'soon', '1.5', ''])('wait=%s, with the bounds', async (wait) => {
		const id = await api.run({ n: 1 });
		expect(await drain(id, `?wait=${wait}`)).toMatchObject({ status: 400, json: { error: expect.stringMatching(/wait.*1000.*300000/) } });
	});

	test.each(['text/event-stream', 'application/json'])('a job that never was (%s)', async (accept) => {
		const answer = await api.call('/stream/nosuchjob', { headers: { accept } });
		expect(answer).toMatchObject({ status: 404, json: { error: expect.stringMatching(/job/) } });
	});

	test('a Last-Event-ID that was never sent', async () => {
		const id = await api.run({ n: 1 });
		const answer = await api.call(`/stream/${id}`, { headers: { accept: 'text/event-stream', 'last-event-id': 'seven' } });
		expect(answer).toMatchObject({ status: 400, json: { error: expect.stringMatching(/Last-Event-ID/) } });
	});
});
