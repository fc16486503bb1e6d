/** Every wrong request gets a clear error in RunPod's form, tells nothing of the inside, and changes nothing. */
import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAccount } from '../support/accounts.ts';
import { type Answer, type Health, JobApi } from '../support/job-api.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';

const MB = 1024 * 1024;
/** Words that only the inside knows. */
const LEAKS = /\bat .+:\d+:\d+|node_modules|\.ts\b|\/work\/|\/tmp\/|sqlite|\bSQL\b|workerd|durable|nats|zod|hono|stack/i;

let stack: Stack;
let endpoint: RawEndpoint;
let api: JobApi;
let otherKey: string;
let doneJob: string;
let before: Health;

beforeAll(async () => {
	stack = await startStack();
	endpoint = await deployRaw(stack);
	api = endpoint.api;
	await api.untilReady();
	otherKey = await createAccount(stack, 'other');
	doneJob = await api.run({ n: 1 });
	await api.untilState(doneJob);
}, 240_000);
afterAll(() => stack?.stop(), 60_000);

beforeEach(async () => {
	before = await api.health();
});
afterEach(async () => {
	expect((await api.health()).jobs).toEqual(before.jobs);
	expect(endpoint.trace().filter((line) => line.event === 'start').length).toBe(1);
});

/** The answer is `{"error":"<one clear line>"}` with this status. */
function expectError(answer: Pick<Answer, 'status' | 'text'>, status: number, mention?: RegExp): void {
	expect({ status: answer.status, text: answer.text }).toMatchObject({ status });
	const body = JSON.parse(answer.text) as Record<string, unknown>;
	expect(Object.keys(body)).toEqual(['error']);
	expect(typeof body['error']).toBe('string');
	const error = String(body['error']);
	expect(error.length).toBeGreaterThan(5);
	expect(error.length).toBeLessThan(400);
	expect(error).not.toMatch(LEAKS);
	if (mention !== undefined) expect(error).toMatch(mention);
}

describe.each(['/run', '/runsync'])('POST %s', (route) => {
	test.each([
		['nothing', ''],
		['half an object', '{"input":{"a":1}'],
		['a trailing comma', '{"input":{},}'],
		['two objects', '{"input":{}}{"input":{}}'],
		['a control character in a string', '{"input":{"a":"\n"}}'],
		['a bad escape', '{"input":{"a":"\\x"}}'],
		['NaN', '{"input":{"a":NaN}}'],
		['form data', 'input=1&b=2'],
		['a byte order mark and junk', '\ufeffjunk'],
	])('refuses malformed JSON: %s', async (_name, body) => {
		expectError(await api.call(route, { method: 'POST', body }), 400, /json|body|input/i);
	});

	test.each([
		['an array', '[{"input":{}}]'],
		['a string', '"input"'],
		['a number', '1'],
		['null', 'null'],
		['no input', '{"inputs":{}}'],
		['an empty object', '{}'],
		['input null', '{"input":null}'],
		['input a string', '{"input":"text"}'],
		['input a number', '{"input":1}'],
		['input an array', '{"input":[1]}'],
		['input a boolean', '{"input":true}'],
	])('refuses %s', async (_name, body) => {
		expectError(await api.call(route, { method: 'POST', body }), 400, /input|object/i);
	});

	test('refuses nesting that would break parsers', async () => {
		for (const depth of [200, 100_000]) {
			const body = `{"input":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;
			expectError(await api.call(route, { method: 'POST', body }), 400, /deep|nest|depth/i);
		}
	});

	test.each([
		['executionTimeout below 5 s', { executionTimeout: 4_999 }, /executionTimeout/],
		['executionTimeout above 7 days', { executionTimeout: 604_800_001 }, /executionTimeout/],
		['executionTimeout of text', { executionTimeout: '60000' }, /executionTimeout/],
		['a negative executionTimeout', { executionTimeout: -1 }, /executionTimeout/],
		['executionTimeout with a fraction', { executionTimeout: 5_000.5 }, /executionTimeout/],
		['ttl below 10 s', { ttl: 9_999 }, /ttl/],
		['ttl above 7 days', { ttl: 604_800_001 }, /ttl/],
		['lowPriority of text', { lowPriority: 'yes' }, /lowPriority/],
		['policy of text', 'fast', /policy/],
		['policy an array', [], /policy/],
	])('refuses %s and names the field', async (_name, policy, mention) => {
		expectError(await api.call(route, { body: { input: {}, policy } }), 400, mention);
	});

	test.each([
		['no key', undefined],
		['an empty key', ''],
		['Bearer and nothing', 'Bearer '],
		['a key of another form', 'Bearer rpa_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'],
		['Basic', 'Basic dXNlcjpwYXNz'],
		['a very long key', `Bearer ${'k'.repeat(6_000)}`],
		['a key with its end cut', 'cut'],
		['a key with its end changed', 'changed'],
		['a key in quotes', 'quoted'],
	])('refuses %s with 401', async (_name, given) => {
		const forms: Record<string, string> = {
			cut: `Bearer ${stack.apiKey.slice(0, -1)}`,
			changed: `Bearer ${stack.apiKey.slice(0, -1)}${stack.apiKey.endsWith('0') ? '1' : '0'}`,
			quoted: `Bearer "${stack.apiKey}"`,
		};
		const authorization = given === undefined ? undefined : (forms[given] ?? given);
		const response = await fetch(`${api.base}${route}`, { method: 'POST', body: '{"input":{}}', headers: authorization === undefined ? {} : { authorization } });
		const text = await response.text();
		expectError({ status: response.status, text }, 401, /key/i);
		expect(text).not.toContain(stack.apiKey.slice(0, -1));
	});

	test.each(['nosuchendpoint', 'a'.repeat(64)])('answers 404 for the unknown endpoint %s', async (id) => {
		expectError(await new JobApi(stack.url, id, stack.apiKey).call(route, { body: { input: {} } }), 404, /endpoint/i);
	});

	test.each(['..', '%2e%2e', 'a.b', 'a*', '>', 'a%20b', 'a%00', 'x'.repeat(65), '%F0%9F%A6%84', "a'--"])('answers 404 or 400 for the endpoint id %s', async (id) => {
		const answer = await rawPost(`/v2/${id}${route}`, '{"input":{}}');
		expect([400, 404]).toContain(answer.status);
		expectError(answer, answer.status);
	});

	test("does not tell another account's endpoint from an unknown one", async () => {
		const foreign = await new JobApi(stack.url, endpoint.id, otherKey).call(route, { body: { input: {} } });
		const unknown = await new JobApi(stack.url, 'nosuchendpoint', otherKey).call(route, { body: { input: {} } });
		expectError(foreign, 404, /endpoint/i);
		expect(foreign.text.replaceAll(endpoint.id, 'ID')).toBe(unknown.text.replaceAll('nosuchendpoint', 'ID'));
	});

	test('refuses a body over the limit by its Content-Length, before reading it', async () => {
		const limit = route === '/run' ? 10 * MB : 20 * MB;
		const answer = await announce(`/v2/${endpoint.id}${route}`, limit + 1);
		expectError(answer, 413, /MB|MiB|bytes|large/i);
	}, 30_000);

	test('refuses a body over the limit that comes in chunks without a length', async () => {
		const limit = route === '/run' ? 10 * MB : 20 * MB;
		const answer = await streamBody(`/v2/${endpoint.id}${route}`, limit + 2 * MB);
		expectError(answer, 413, /MB|MiB|bytes|large/i);
	}, 60_000);

	test('is told apart from its other methods', async () => {
		const answer = await api.call(route, { method: 'GET' });
		expect([404, 405]).toContain(answer.status);
		expectError(answer, answer.status);
	});
});

describe.each([
	['/status', 'GET'],
	['/status', 'POST'],
	['/status-sync', 'GET'],
	['/cancel', 'POST'],
])('%s by %s', (route, method) => {
	test('answers 404 for a job that never was', async () => {
		const shaped = `${doneJob.slice(0, -4)}${doneJob.endsWith('0000') ? '1111' : '0000'}`;
		for (const id of ['3f0e0b9e-1111-4222-8333-444455556666-e1', 'sync-3f0e0b9e-1111-4222-8333-444455556666-u1', 'x', shaped]) {
			const answer = await api.call(`${route}/${id}`, { method });
			expectError(answer, 404, /job/i);
		}
	});

	test.each(['..%2f..', 'a%20b', 'a.b', '%00', 'x'.repeat(65), "1'or'1", '%E0%A4%A', '*'])('answers 404 or 400 for the job id %s', async (id) => {
		const answer = await rawRequest(method, `/v2/${endpoint.id}${route}/${id}`);
		expect([400, 404]).toContain(answer.status);
		expectError(answer, answer.status);
	});

	test("answers 404 for a job of another account, on the owner's endpoint and on one's own", async () => {
		expectError(await new JobApi(stack.url, endpoint.id, otherKey).call(`${route}/${doneJob}`, { method }), 404);
		const own = await deployRaw(stack, { workersMin: 0, workersMax: 1 });
		expectError(await own.api.call(`${route}/${doneJob}`, { method }), 404, /job/i);
	});

	test('refuses a wrong key', async () => {
		expectError(await new JobApi(stack.url, endpoint.id, 'wrong').call(`${route}/${doneJob}`, { method }), 401, /key/i);
	});
});

test.each(['/', '/v2', '/v2/', '/nothing', '/v3/x/run', '/admin/nothing', '/regions/v1/nothing'])('%s is an unknown route or needs a key', async (path) => {
	const answer = await rawRequest('POST', path);
	expect([401, 404, 405]).toContain(answer.status);
	expectError(answer, answer.status);
});

test('an unknown verb of a known endpoint is an unknown route', async () => {
	expectError(await api.call('/walk', { body: { input: {} } }), 404);
});

test('the operator API refuses an API key', async () => {
	for (const [method, path] of [
		['POST', '/admin/accounts'],
		['GET', '/admin/regions'],
		['PUT', '/admin/regions/eu-1'],
	] as const) {
		const answer = await rawRequest(method, path, { authorization: `Bearer ${stack.apiKey}` }, '{"name":"x","url":"http://127.0.0.1:1","publicKey":"x"}');
		expect([401, 403]).toContain(answer.status);
		expect(answer.text).not.toMatch(LEAKS);
	}
});

const headers = (): Record<string, string> => ({ authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' });
const rawPost = (path: string, body: string): Promise<{ status: number; text: string }> => rawRequest('POST', path, headers(), body);

/** Without the URL clean-up that `fetch` does. */
function rawRequest(method: string, path: string, given = headers(), body = ''): Promise<{ status: number; text: string }> {
	return exchange(method, path, { ...given, 'content-length': String(Buffer.byteLength(body)) }, (socket) => socket.end(body));
}

/** Announces a body and sends none of it. */
function announce(path: string, bytes: number): Promise<{ status: number; text: string }> {
	return exchange('POST', path, { ...headers(), 'content-length': String(bytes) }, (socket) => socket.flushHeaders());
}

/** Sends valid JSON of about `bytes` in 1 MB chunks, as long as the server listens. */
function streamBody(path: string, bytes: number): Promise<{ status: number; text: string }> {
	return exchange('POST', path, { ...headers(), 'transfer-encoding': 'chunked' }, (socket) => {
		const chunk = Buffer.alloc(MB, 'x');
		let sent = 0;
		const pump = (): void => {
			if (socket.destroyed) return;
			if (sent === 0) socket.write('{"input":{"a":"');
			sent += chunk.length;
			if (sent > bytes) socket.end('"}}');
			else socket.write(chunk, pump);
		};
		pump();
	});
}

function exchange(method: string, path: string, given: Record<string, string>, send: (socket: ReturnType<typeof request>) => void): Promise<{ status: number; text: string }> {
	const { hostname, port } = new URL(stack.url);
	return new Promise((resolve, reject) => {
		const socket = request({ host: hostname, port, method, path, headers: given, agent: false, timeout: 20_000 }, (response) => {
			let text = '';
			response.setEncoding('utf8').on('data', (part: string) => {
				text += part;
			});
			response.on('end', () => {
				resolve({ status: response.statusCode ?? 0, text });
				socket.destroy();
			});
		});
		socket.on('timeout', () => socket.destroy(new Error(`no answer to ${method} ${path} within 20 s`)));
		socket.on('error', reject);
		send(socket);
	});
}
