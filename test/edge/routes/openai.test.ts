/** The OpenAI route on a real workerd, with a region that a test plays: what leaves when, and what a client that leaves does. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, deploy } from '../support/client.ts';
import { type Dispatched, type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

/** Short, so that a test sees the head leave before the job ends. */
const HOLD_MS = 400;
const KEEP_ALIVE_MS = 100;

let edge: Edge;
let region: Region;
let client: Client;
let marks = 0;

beforeAll(async () => {
	edge = await startEdge({ OPENAI_STREAM_HOLD_MS: HOLD_MS, OPENAI_HOLD_MS: HOLD_MS, OPENAI_KEEP_ALIVE_MS: KEEP_ALIVE_MS, OPENAI_CALL_MS: 60_000 });
	region = await startRegion(edge, 'eu-1');
	region.beat(true);
	client = await deploy(edge, [region]);
});
afterAll(async () => {
	await region?.close();
	await edge?.stop();
});

interface Call {
	readonly job: Dispatched;
	readonly response: Promise<Response>;
}

/** A call and the dispatch of its job. */
async function call(body: object, path = 'chat/completions', headers: Record<string, string> = {}): Promise<Call> {
	const mark = `mark-${marks++}`;
	const response = post(JSON.stringify({ ...body, user: mark }), path, headers);
	response.catch(() => undefined);
	const job = await region.dispatched.next(({ payload }) => payload?.includes(`"${mark}"`) === true, 'dispatch of the call');
	return { job, response };
}

function post(body: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
	const all = { authorization: `Bearer ${client.key}`, 'content-type': 'application/json', ...headers };
	return fetch(`${edge.url}/v2/${client.endpointId}/openai/v1/${path}`, { method: 'POST', headers: all, body, signal: AbortSignal.timeout(30_000) });
}

const chunk = (job: Dispatched, n: number, text: string): Promise<string> => region.tell(job, 'chunk', { n, text: JSON.stringify(text) });
const statusOf = async (job: Dispatched): Promise<unknown> => (await client.status(job.id)).body['status'];

/** The answer's text as it comes; `until` resolves with all of it once it matches. */
function reading(response: Response): { until: (matches: (text: string) => boolean) => Promise<string>; end: () => Promise<string> } {
	const reader = (response.body as ReadableStream<Uint8Array>).getReader();
	const decoder = new TextDecoder();
	let text = '';
	const until = async (matches: (text: string) => boolean): Promise<string> => {
		while (!matches(text)) {
			const { done, value } = await reader.read();
			if (done) throw new Error(`the answer ended with ${JSON.stringify(text)}`);
			text += decoder.decode(value, { stream: true });
		}
		return text;
	};
	const end = async (): Promise<string> => {
		for (;;) {
			const { done, value } = await reader.read();
			if (done) return text;
			text += decoder.decode(value, { stream: true });
		}
	};
	return { until, end };
}

describe('the job of a call', () => {
	test('has the route with its query and the raw body as input, and the limits of runsync', async () => {
		const { job, response } = await call({ model: 'm' }, 'chat/completions?beta=1&x=a%2Fb');
		expect(job.payload).toBe(`{"id":"${job.id}","input":{"openai_route":"/v1/chat/completions?beta=1&x=a%2Fb","openai_input":{"model":"m","user":"mark-${marks - 1}"}}}`);
		expect(job.id).toMatch(/^sync-/);
		await region.tell(job, 'result', { text: '[{"ok":true}]' });
		expect((await response).status).toBe(200);
	});

	test('of a GET has null as its input', async () => {
		const listed = fetch(`${edge.url}/v2/${client.endpointId}/openai/v1/models`, { headers: { authorization: `Bearer ${client.key}` } });
		const job = await region.dispatched.next(({ payload }) => payload?.includes('"/v1/models"') === true, 'dispatch of models');
		expect(JSON.parse(job.payload ?? '')).toEqual({ id: job.id, input: { openai_route: '/v1/models', openai_input: null } });
		await region.tell(job, 'result', { text: '[{"object":"list","data":[]}]' });
		expect(await (await listed).json()).toEqual({ object: 'list', data: [] });
	});
});

describe('a call that does not stream', () => {
	test('is answered with the one value, bare and as it was written, and the job’s id', async () => {
		const { job, response } = await call({});
		await region.tell(job, 'chunk', { n: 0, text: '{"seed": 9007199254740993}' });
		await region.tell(job, 'result', { text: '[{"seed": 9007199254740993}]' });
		const answer = await response;
		expect(await answer.text()).toBe('{"seed": 9007199254740993}');
		expect(answer.headers.get('content-type')).toBe('application/json');
		expect(answer.headers.get('x-longshore-job-id')).toBe(job.id);
		expect(answer.headers.get('x-request-id')).toBe(job.id);
	});

	test.each(['[]', null])('takes the yielded value when the worker returns %s', async (output) => {
		const { job, response } = await call({});
		await region.tell(job, 'chunk', { n: 0, text: '{"a":1}' });
		await region.tell(job, 'result', output === null ? {} : { text: output });
		expect(await (await response).text()).toBe('{"a":1}');
	});

	test('gives a large value whole', async () => {
		const { job, response } = await call({}, 'embeddings');
		const value = JSON.stringify({ data: Array.from({ length: 20_000 }, (_, n) => n / 3) });
		await region.tell(job, 'result', { text: `[${value}]` });
		expect(await (await response).text()).toBe(value);
	});

	test('answers the model server’s error with its status and body', async () => {
		const { job, response } = await call({});
		await region.tell(job, 'result', {
			error: `{'message': 'vLLM returned HTTP 400: {"error":{"message":"bad param","type":"BadRequestError","param":null,"code":400}}', 'type': 'worker_error', 'code': None}`,
		});
		const answer = await response;
		expect([answer.status, await answer.json()]).toEqual([400, { error: { message: 'bad param', type: 'BadRequestError', param: null, code: 400 } }]);
	});

	test('answers any other failure with 500, a cancelled job with 499 and one out of time with 504', async () => {
		const failed = await call({});
		await region.tell(failed.job, 'result', { error: 'CUDA out of memory' });
		expect(await (await failed.response).json()).toEqual({ error: { message: 'CUDA out of memory', type: 'server_error', param: null, code: null } });
		expect((await failed.response).status).toBe(500);

		const cancelled = await call({});
		await client.cancel(cancelled.job.id);
		expect((await cancelled.response).status).toBe(499);

		const slow = await call({});
		await region.tell(slow.job, 'result', { error: '', cause: 'execution_timeout' });
		expect((await slow.response).status).toBe(504);
		expect((await slow.response).headers.get('x-should-retry')).toBe('false');

		const silent = await call({});
		await region.tell(silent.job, 'result');
		expect((await silent.response).status).toBe(500);
	});

	test('that is held long sends the job’s id first, white space after it and the value at the end', async () => {
		const { job, response } = await call({});
		const answer = await response;
		expect([answer.status, answer.headers.get('x-longshore-job-id')]).toEqual([200, job.id]);
		const text = reading(answer);
		await text.until((so) => so.length >= 3);
		await region.tell(job, 'result', { text: '[{"late":true}]' });
		expect(JSON.parse(await text.end())).toEqual({ late: true });
	});

	test('that is held long can only say an error in its body', async () => {
		const { job, response } = await call({});
		const text = reading(await response);
		await region.tell(job, 'result', { error: 'boom' });
		expect(JSON.parse(await text.end())).toMatchObject({ error: { message: 'boom' } });
	});
});

describe('a call that streams', () => {
	test('passes each chunk through as it comes, unframed, before the job ends', async () => {
		const { job, response } = await call({ stream: true });
		await chunk(job, 0, 'data: {"n":1}\n\ndata: {"n"');
		const answer = await response;
		expect([answer.status, answer.headers.get('content-type'), answer.headers.get('x-longshore-job-id')]).toEqual([200, 'text/event-stream; charset=utf-8', job.id]);
		const text = reading(answer);
		await text.until((so) => so === 'data: {"n":1}\n\ndata: {"n"');
		expect(await statusOf(job)).toBe('IN_PROGRESS');
		await chunk(job, 1, ':2,"t":"žluť 🦄"}\n\n');
		await text.until((so) => so.endsWith('🦄"}\n\n'));
		await chunk(job, 2, 'data: [DONE]\n\n');
		await region.tell(job, 'result', { text: '["…"]' });
		expect(await text.end()).toBe('data: {"n":1}\n\ndata: {"n":2,"t":"žluť 🦄"}\n\ndata: [DONE]\n\n');
	});

	test('has an error before its first chunk as a real status', async () => {
		const { job, response } = await call({ stream: true });
		await region.tell(job, 'started');
		await region.tell(job, 'result', { error: 'vLLM returned HTTP 404: {"error":{"message":"no model m","type":"NotFoundError","param":"model","code":404}}' });
		const answer = await response;
		expect([answer.status, await answer.json()]).toEqual([404, { error: { message: 'no model m', type: 'NotFoundError', param: 'model', code: 404 } }]);
		expect(answer.headers.get('content-type')).toBe('application/json');
	});

	test('has an error behind chunks as an event, also in the middle of one', async () => {
		const { job, response } = await call({ stream: true });
		await chunk(job, 0, 'data: {"n":1}\n\ndata: {"n');
		await region.tell(job, 'result', { error: 'boom' });
		expect(await (await response).text()).toBe('data: {"n":1}\n\ndata: {"n\n\ndata: {"error":{"message":"boom","type":"server_error","param":null,"code":null}}\n\n');
	});

	test('sends comments while its job is cold, then the chunks; an error is then an event', async () => {
		const { job, response } = await call({ stream: true });
		const text = reading(await response);
		await text.until((so) => so.startsWith(': waiting\n\n: waiting\n\n'));
		await chunk(job, 0, 'data: 1\n\n');
		await text.until((so) => so.includes('data: 1\n\n'));
		await region.tell(job, 'result', { text: '[]' });
		expect((await text.end()).replaceAll(': waiting\n\n', '')).toBe('data: 1\n\n');

		const failing = await call({ stream: true });
		const late = reading(await failing.response);
		await late.until((so) => so.includes(': waiting'));
		await region.tell(failing.job, 'result', { error: 'vLLM returned HTTP 400: {"error":{"message":"bad"}}' });
		expect((await late.end()).replaceAll(': waiting\n\n', '')).toMatch(/^data: \{"error":\{"message":"bad".*\n\n$/);
	});

	test('has no comment inside an event', async () => {
		const { job, response } = await call({ stream: true });
		await chunk(job, 0, 'data: {"half');
		const text = reading(await response);
		await text.until((so) => so === 'data: {"half');
		// Some keep-alive times pass.
		await new Promise((resolve) => setTimeout(resolve, 4 * KEEP_ALIVE_MS));
		await chunk(job, 1, '":1}\n\n');
		await text.until((so) => so.endsWith('}\n\n'));
		await region.tell(job, 'result', { text: '[]' });
		expect((await text.end()).replaceAll(': waiting\n\n', '')).toBe('data: {"half":1}\n\n');
	});

	test('breaks off with an error when its worker is lost in the middle, and does not run again', async () => {
		const { job, response } = await call({ stream: true });
		await chunk(job, 0, 'data: 1\n\n');
		const text = reading(await response);
		await text.until((so) => so === 'data: 1\n\n');
		await region.tell(job, 'lost', { reason: 'exit 137' });
		const said = await text.end();
		expect(said.replaceAll(': waiting\n\n', '')).toMatch(/^data: 1\n\ndata: \{"error":\{"message":"the worker was lost/);
		expect(await statusOf(job)).toBe('CANCELLED');
	});

	test('whose worker is lost before the first chunk never notices', async () => {
		const { job, response } = await call({ stream: true });
		const from = region.dispatched.all.length;
		await region.tell(job, 'started');
		await region.tell(job, 'lost', { reason: 'exit 137' });
		const again = await region.dispatched.next(({ id }) => id === job.id, 'the second attempt', { from });
		await chunk(again, 0, 'data: 1\n\n');
		await region.tell(again, 'result', { text: '[]' });
		expect((await (await response).text()).replaceAll(': waiting\n\n', '')).toBe('data: 1\n\n');
	});

	test('of a worker that does not stream is one event', async () => {
		const { job, response } = await call({ stream: true });
		await region.tell(job, 'result', { text: '{"id":1}' });
		expect(await (await response).text()).toBe('data: {"id":1}\n\ndata: [DONE]\n\n');
	});
});

describe('a client that leaves', () => {
	/** A call on a socket of its own; `leave` closes it as a process that ends would. */
	function callBySocket(body: object): { mark: string; answer: Promise<IncomingMessage>; leave: () => void } {
		const mark = `mark-${marks++}`;
		const url = new URL(`${edge.url}/v2/${client.endpointId}/openai/v1/chat/completions`);
		const socket = connect({ host: url.hostname, port: Number(url.port) });
		const text = JSON.stringify({ ...body, user: mark });
		const headers = { authorization: `Bearer ${client.key}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
		const answer = new Promise<IncomingMessage>((resolve, reject) => {
			httpRequest(url, { method: 'POST', headers, createConnection: () => socket }, resolve)
				.on('error', reject)
				.end(text);
		});
		answer.catch(() => undefined);
		return { mark, answer, leave: () => socket.destroy() };
	}
	const dispatchOf = (mark: string): Promise<Dispatched> => region.dispatched.next(({ payload }) => payload?.includes(`"${mark}"`) === true, 'dispatch of the call');
	const untilCancelled = (job: Dispatched): Promise<unknown> => client.untilStatus(job.id, 'CANCELLED');

	test('in the middle of a stream cancels its job, and the region hears of it', async () => {
		const { mark, answer, leave } = callBySocket({ stream: true });
		const job = await dispatchOf(mark);
		await chunk(job, 0, 'data: 1\n\n');
		await answer;
		leave();
		await untilCancelled(job);
		await region.revoked.next(({ id }) => id === job.id, 'the order to stop');
	});

	test.each([true, false])('before anything came (stream: %s) cancels its job', async (isStream) => {
		const { mark, leave } = callBySocket({ stream: isStream });
		const job = await dispatchOf(mark);
		await region.tell(job, 'started');
		leave();
		await untilCancelled(job);
	});

	test('while a long answer is held cancels its job', async () => {
		const { mark, answer, leave } = callBySocket({});
		const job = await dispatchOf(mark);
		await answer;
		leave();
		await untilCancelled(job);
	});

	test('by aborting its fetch cancels its job', async () => {
		const abort = new AbortController();
		const mark = `mark-${marks++}`;
		const response = fetch(`${edge.url}/v2/${client.endpointId}/openai/v1/chat/completions`, {
			method: 'POST',
			headers: { authorization: `Bearer ${client.key}` },
			body: JSON.stringify({ stream: true, user: mark }),
			signal: abort.signal,
		});
		const job = await dispatchOf(mark);
		await chunk(job, 0, 'data: 1\n\n');
		await response;
		abort.abort();
		await untilCancelled(job);
	});

	test('with an Idempotency-Key finds its job again', async () => {
		const key = { 'idempotency-key': `key-${marks}` };
		const body = JSON.stringify({ stream: true, user: `mark-${marks++}` });
		const abort = new AbortController();
		const first = fetch(`${edge.url}/v2/${client.endpointId}/openai/v1/chat/completions`, {
			method: 'POST',
			headers: { authorization: `Bearer ${client.key}`, ...key },
			body,
			signal: abort.signal,
		});
		const job = await dispatchOf(`mark-${marks - 1}`);
		await chunk(job, 0, 'data: 1\n\n');
		await first;
		abort.abort();
		const again = reading(await post(body, 'chat/completions', key));
		await again.until((so) => so.startsWith('data: 1\n\n'));
		await chunk(job, 1, 'data: 2\n\n');
		await region.tell(job, 'result', { text: '[]' });
		expect((await again.end()).replaceAll(': waiting\n\n', '')).toBe('data: 1\n\ndata: 2\n\n');
	});

	test('after its answer changes nothing', async () => {
		const { mark, answer, leave } = callBySocket({});
		const job = await dispatchOf(mark);
		await region.tell(job, 'result', { text: '[{"a":1}]' });
		(await answer).resume();
		leave();
		expect(await statusOf(job)).toBe('COMPLETED');
	});
});

describe('refusals have OpenAI’s shape', () => {
	const refused = async (path: string, init: RequestInit): Promise<[number, unknown]> => {
		const response = await fetch(`${edge.url}/v2/${path}`, init);
		return [response.status, await response.json()];
	};
	const own = (path: string): string => `${client.endpointId}/openai/${path}`;

	test('without a key, with a wrong one, of an unknown endpoint and an unknown path', async () => {
		const headers = { authorization: `Bearer ${client.key}` };
		expect(await refused(own('v1/models'), {})).toMatchObject([
			401,
			{ error: { message: expect.any(String), type: 'authentication_error', param: null, code: 'invalid_api_key' } },
		]);
		expect(await refused(own('v1/models'), { headers: { authorization: 'Bearer sk-1' } })).toMatchObject([401, { error: { code: 'invalid_api_key' } }]);
		expect(await refused('nothere/openai/v1/models', { headers })).toMatchObject([404, { error: { type: 'invalid_request_error', code: 'unknown_endpoint' } }]);
		expect(await refused(own('v2/models'), { headers })).toMatchObject([404, { error: { code: 'unknown_route' } }]);
	});

	test.each([
		['not JSON', 'model=m', 400, 'malformed_json'],
		['no object', '[1]', 400, 'invalid_request'],
		['not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), 400, 'malformed_json'],
		['too deep', `{"a":${'['.repeat(200)}${']'.repeat(200)}}`, 400, 'invalid_request'],
		['too large', 'x'.repeat(20 * 1024 * 1024 + 1), 413, 'body_too_large'],
	])('for a body that is %s', async (_, body, status, code) => {
		const answer = await refused(own('v1/completions'), { method: 'POST', headers: { authorization: `Bearer ${client.key}` }, body });
		expect(answer).toMatchObject([status, { error: { type: 'invalid_request_error', code } }]);
	});
});
