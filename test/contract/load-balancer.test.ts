/** A plain Python app and a Node WebSocket echo behind load-balancing endpoints, called from outside through the whole stack. */
import { createHash, randomBytes } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BALANCER_TIMERS, callBalanced, DIRECTORY, type Echo, PYTHON, SCALING } from '../support/balanced-app.ts';
import { shellCommand } from '../support/deploy.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

let stack: Stack;
let app: string;

beforeAll(async () => {
	stack = await startStack({ env: { ...BALANCER_TIMERS, LONGSHORE_ENDPOINT_DOMAIN: 'lb.example.com' } });
	app = await stack.deploy({ type: 'LOAD_BALANCER', directory: DIRECTORY, command: PYTHON, workersMin: 2, workersMax: 2, scaling: SCALING });
	await until(async () => ((await stack.api(app).health()) as { workers: { idle: number } }).workers.idle === 2, { what: 'two healthy workers' });
});
afterAll(() => stack?.stop());

function call(endpoint: string, path: string, options: RequestInit = {}): Promise<Response> {
	return callBalanced(stack, endpoint, path, options);
}

/** The raw answer: fetch hides headers of the connection and decodes bodies. */
function raw(
	endpoint: string,
	path: string,
	options: { method?: string; headers?: Record<string, string | string[]>; body?: Buffer; base?: string } = {},
): Promise<IncomingMessage & { text: string; bytes: Buffer }> {
	return new Promise((done, fail) => {
		const sent = request(
			(options.base ?? `${stack.url}/lb/${endpoint}`) + path,
			{ method: options.method ?? 'GET', headers: { authorization: `Bearer ${stack.apiKey}`, ...options.headers } },
			(answer) => {
				const parts: Buffer[] = [];
				answer.on('data', (part: Buffer) => parts.push(part));
				answer.once('end', () => done(Object.assign(answer, { text: Buffer.concat(parts).toString(), bytes: Buffer.concat(parts) })));
				answer.once('error', fail);
			},
		);
		sent.once('error', fail);
		sent.end(options.body);
	});
}

describe('a request reaches a worker as it is', () => {
	test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s, with path, query and body', async (method) => {
		const body = method === 'GET' ? undefined : Buffer.from(`a body of ${method}`);
		const answer = await raw(app, '/deep/er/%C3%A4%2F?a=1&a=2&b=%20', { method, ...(body === undefined ? {} : { body, headers: { 'content-length': String(body.length) } }) });
		expect(answer.statusCode).toBe(200);
		const echo = JSON.parse(answer.text) as Echo;
		expect(echo).toMatchObject({ method, path: '/deep/er/%C3%A4%2F?a=1&a=2&b=%20', bytes: body?.length ?? 0 });
		if (body !== undefined) expect(echo.sha256).toBe(createHash('sha256').update(body).digest('hex'));
		expect(answer.headers['x-runpod-worker-id']).toBe(echo.worker);
	});

	test('HEAD has headers and no body', async () => {
		const answer = await raw(app, '/anything', { method: 'HEAD' });
		expect(answer.statusCode).toBe(200);
		expect(Number(answer.headers['content-length'])).toBeGreaterThan(10);
		expect(answer.text).toBe('');
	});

	test('the key, headers of the connection and headers of ours stay outside; the address that was called is told', async () => {
		const answer = await raw(app, '/', {
			headers: { connection: 'close, x-named', 'x-named': '1', te: 'trailers', 'x-longshore-wait-ms': '1', cookie: 'a=b', 'x-forwarded-for': '1.2.3.4' },
		});
		const headers = new Map((JSON.parse(answer.text) as Echo).headers.map(([name, value]) => [name.toLowerCase(), value]));
		for (const name of ['authorization', 'x-named', 'te', 'keep-alive', 'x-forwarded-for']) expect([...headers.keys()]).not.toContain(name);
		expect([...headers.keys()].filter((name) => name.startsWith('x-longshore-'))).toEqual([]);
		expect(headers.get('cookie')).toBe('a=b');
		expect(headers.get('host')).toBe(new URL(stack.url).host);
		expect(headers.get('x-forwarded-proto')).toBe('http');
		expect(headers.get('x-forwarded-prefix')).toBe(`/lb/${app}`);
		expect(JSON.stringify([...headers])).not.toContain(stack.apiKey);
	});

	test("the answer comes with the worker's status and headers, several of one name too", async () => {
		const answer = await raw(app, '/teapot');
		expect([answer.statusCode, answer.text]).toEqual([418, 'short and stout']);
		expect(answer.headers['set-cookie']).toEqual(['a=1', 'b=2']);
		expect(answer.headers['x-hop']).toBeUndefined();
		expect(answer.headers['x-runpod-worker-id']).toMatch(/^w[0-9a-f]+$/);
		const moved = await raw(app, '/moved');
		expect([moved.statusCode, moved.headers.location]).toEqual([302, '/elsewhere']);
	});

	test('the worker is told its port and no key', async () => {
		const env = (await (await call(app, '/env')).json()) as Record<string, string>;
		expect(Number(env['PORT'])).toBeGreaterThan(1_024);
		expect(env['PORT_HEALTH']).toBe(env['PORT']);
		expect(env['RUNPOD_ENDPOINT_ID']).toBe(app);
		expect(Object.keys(env).filter((name) => /KEY|TOKEN|SECRET|WEBHOOK/.test(name))).toEqual([]);
	});
});

describe('an endpoint with a host name of its own', () => {
	test('gets every path of it, the keys checked as ever', async () => {
		const own = { host: `${app}.lb.example.com` };
		for (const path of ['/v2/x/run', '/openapi.json', '/']) {
			const answer = await raw('', path, { headers: own, base: stack.url });
			expect(JSON.parse(answer.text)).toMatchObject({ path });
		}
		const echo = JSON.parse((await raw('', '/', { headers: own, base: stack.url })).text) as Echo;
		const headers = new Map(echo.headers.map(([name, value]) => [name.toLowerCase(), value]));
		expect(headers.get('host')).toBe(own.host);
		expect(headers.has('x-forwarded-prefix')).toBe(false);
		expect((await raw('', '/', { headers: { ...own, authorization: 'Bearer nonsense' }, base: stack.url })).statusCode).toBe(401);
		expect((await raw('', '/', { headers: { host: 'aaaaaaaaaaaaaa.lb.example.com' }, base: stack.url })).statusCode).toBe(404);
	});
});

describe('bodies', () => {
	test('that are compressed stay as they are', async () => {
		const answer = await raw(app, '/gzip', { headers: { 'accept-encoding': 'gzip' } });
		expect(answer.headers['content-encoding']).toBe('gzip');
		expect(gunzipSync(answer.bytes).toString()).toBe('squeezed '.repeat(1_000));
		const body = gzipSync('squeezed');
		const echo = JSON.parse((await raw(app, '/upload', { method: 'POST', headers: { 'content-encoding': 'gzip', 'content-length': String(body.length) }, body })).text) as Echo;
		expect(echo.bytes).toBe(body.length);
	});

	test('of 30 MB pass both ways', async () => {
		const body = randomBytes(30_000_000);
		const echo = (await (await call(app, '/upload', { method: 'POST', body })).json()) as Echo;
		expect([echo.bytes, echo.sha256]).toEqual([body.length, createHash('sha256').update(body).digest('hex')]);
		const answer = await call(app, '/bytes?n=30000000');
		expect((await answer.arrayBuffer()).byteLength).toBe(30_000_000);
	});

	test('beyond 30 MiB are refused, declared or not', async () => {
		expect((await call(app, '/upload', { method: 'POST', body: Buffer.alloc(31_457_281) })).status).toBe(413);
		const chunked = await raw(app, '/upload', { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, body: Buffer.alloc(31_500_000) });
		expect([chunked.statusCode, JSON.parse(chunked.text)]).toEqual([413, { error: expect.stringContaining('31457280') as unknown }]);
		expect((await call(app, '/bytes?n=31457281')).status).toBe(502);
	});

	test('of unknown length stream up', async () => {
		const answer = await raw(app, '/upload', { method: 'POST', headers: { 'transfer-encoding': 'chunked' }, body: Buffer.alloc(100_000, 'z') });
		expect(JSON.parse(answer.text)).toMatchObject({ bytes: 100_000 });
	});

	test('events come one by one, each before the next is made', async () => {
		const first = await call(app, '/events');
		expect(first.headers.get('content-type')).toBe('text/event-stream');
		const worker = first.headers.get('x-runpod-worker-id') ?? '';
		const reader = first.body?.pipeThrough(new TextDecoderStream()).getReader();
		for (const n of [0, 1, 2]) {
			expect((await reader?.read())?.value).toBe(`data: ${n}\n\n`);
			await call(app, '/next', { headers: { 'x-runpod-worker-id': `strict ${worker}` } });
		}
		expect((await reader?.read())?.done).toBe(true);
	});
});

describe('a WebSocket', () => {
	let sockets: string;
	beforeAll(async () => {
		sockets = await stack.deploy({
			type: 'LOAD_BALANCER',
			directory: DIRECTORY,
			command: shellCommand(process.execPath, 'socket-echo.ts'),
			workersMin: 0,
			workersMax: 1,
			scaling: SCALING,
		});
	});

	function open(path: string, protocols: string[] = []): Promise<{ socket: WebSocket; next(): Promise<string> }> {
		const socket = new WebSocket(`${stack.url.replace('http', 'ws')}/lb/${sockets}${path}`, {
			protocols,
			headers: { authorization: `Bearer ${stack.apiKey}` },
		} as unknown as string[]);
		socket.binaryType = 'arraybuffer';
		const came: string[] = [];
		const asked: ((text: string) => void)[] = [];
		socket.addEventListener('message', ({ data }) => {
			const text = typeof data === 'string' ? data : `bytes ${(data as ArrayBuffer).byteLength}`;
			const ask = asked.shift();
			if (ask === undefined) came.push(text);
			else ask(text);
		});
		const next = (): Promise<string> => new Promise((done) => (came.length > 0 ? done(came.shift() ?? '') : asked.push(done)));
		return new Promise((done, fail) => {
			socket.addEventListener('open', () => done({ socket, next }));
			socket.addEventListener('error', () => fail(new Error('the socket was not opened')));
		});
	}

	test('passes from a client to a worker that it makes start, text and bytes both ways, and closes on both sides', async () => {
		const { socket, next } = await open('/chat?room=1', ['v2', 'v1']);
		expect(socket.protocol).toBe('v2');
		expect(JSON.parse(await next())).toMatchObject({ url: '/chat?room=1', authorization: null });
		socket.send('hello');
		expect(await next()).toBe('hello');
		socket.send(new Uint8Array(200_000));
		expect(await next()).toBe('bytes 200000');
		const closed = new Promise<number>((done) => socket.addEventListener('close', ({ code }) => done(code)));
		socket.close(4_000, 'enough');
		expect(await closed).toBe(4_000);
	}, 30_000);

	test('is refused without a key', async () => {
		const answer = await new Promise<number | undefined>((done, fail) => {
			const sent = request(
				`${stack.url}/lb/${sockets}/`,
				{ headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': randomBytes(16).toString('base64') } },
				(refusal) => done(refusal.statusCode),
			);
			sent.once('upgrade', () => fail(new Error('it was let in')));
			sent.once('error', fail);
			sent.end();
		});
		expect(answer).toBe(401);
	});
});

describe('health', () => {
	test('204 keeps requests away, 200 lets the waiting one in, and a request is what starts the worker', async () => {
		const slow = await stack.deploy({
			type: 'LOAD_BALANCER',
			directory: DIRECTORY,
			command: PYTHON,
			env: { READY_AFTER_S: '1.5' },
			workersMin: 0,
			workersMax: 1,
			scaling: SCALING,
			idleTimeoutS: 1,
		});
		const health = async (): Promise<{ jobs: { inQueue: number }; workers: Record<string, number> }> => (await stack.api(slow).health()) as never;
		expect((await health()).workers).toMatchObject({ initializing: 0, idle: 0 });
		const waiting = call(slow, '/first');
		await until(async () => (await health()).jobs.inQueue === 1, { what: 'the waiting request is seen' });
		await until(async () => (await health()).workers['initializing'] === 1, { what: 'an initializing worker' });
		const answer = await waiting;
		expect(answer.status).toBe(200);
		const { worker } = (await answer.json()) as Echo;
		expect(answer.headers.get('x-runpod-worker-id')).toBe(worker);
		await until(async () => (await health()).workers['ready'] === 0 && (await health()).workers['initializing'] === 0, { what: 'the idle worker ends' });
	}, 60_000);

	test('a worker that is never healthy gets nothing, and the caller hears so in time', async () => {
		const never = await stack.deploy({
			type: 'LOAD_BALANCER',
			directory: DIRECTORY,
			command: PYTHON,
			env: { READY_AFTER_S: '600' },
			workersMin: 0,
			workersMax: 1,
			scaling: SCALING,
		});
		const answer = await call(never, '/');
		expect([answer.status, await answer.json()]).toEqual([400, { error: 'timed out waiting for worker' }]);
	}, 30_000);

	test('an endpoint that may have no worker says so at once', async () => {
		const none = await stack.deploy({ type: 'LOAD_BALANCER', directory: DIRECTORY, command: PYTHON, workersMin: 0, workersMax: 0, scaling: SCALING });
		const answer = await call(none, '/');
		expect([answer.status, await answer.json()]).toEqual([400, { error: 'no workers available' }]);
	});
});

describe('the choice of a worker', () => {
	const workerOf = async (path: string, affinity?: string): Promise<string> => {
		const answer = await call(app, path, affinity === undefined ? {} : { headers: { 'x-runpod-worker-id': affinity } });
		expect(answer.status).toBe(200);
		return answer.headers.get('x-runpod-worker-id') ?? '';
	};

	test('requests at the same time go to the worker with the fewest', async () => {
		const workers = await Promise.all(Array.from({ length: 8 }, () => workerOf('/slow?s=0.5')));
		const counts = [...new Set(workers)].map((worker) => workers.filter((other) => other === worker).length);
		expect(counts).toEqual([4, 4]);
	});

	test('a wish is fulfilled while the worker is there, and forgotten when it is not', async () => {
		const worker = await workerOf('/');
		for (let n = 0; n < 4; n++) expect(await workerOf('/', worker)).toBe(worker);
		expect(await workerOf('/', 'w0000000000dead')).toMatch(/^w/);
	});

	test('who insists on a worker gets it, or hears that it is gone', async () => {
		const worker = await workerOf('/');
		for (const form of ['strict', 'strict-resume']) {
			expect(await workerOf('/', `${form} ${worker}`)).toBe(worker);
			const gone = await call(app, '/', { headers: { 'x-runpod-worker-id': `${form} w0000000000dead` } });
			expect([gone.status, await gone.json()]).toEqual([404, { error: 'affinity_worker_gone' }]);
		}
		expect((await call(app, '/', { headers: { 'x-runpod-worker-id': 'perhaps w1' } })).status).toBe(400);
	});
});

describe('keys', () => {
	test("are checked at the edge, in the words of RunPod's load balancer", async () => {
		const none = await fetch(`${stack.url}/lb/${app}/`);
		expect([none.status, await none.json()]).toEqual([401, { status: 401, title: 'Unauthorized', detail: 'no token provided' }]);
		const bad = await fetch(`${stack.url}/lb/${app}/`, { headers: { authorization: 'Bearer nonsense' } });
		expect([bad.status, await bad.json()]).toEqual([401, { status: 401, title: 'Unauthorized', detail: 'invalid api key' }]);
		const made = await fetch(`${stack.url}/v2/keys`, {
			method: 'POST',
			headers: { authorization: `Bearer ${stack.apiKey}` },
			body: JSON.stringify({ name: 'reader', permissions: ['read'] }),
		});
		const { key } = (await made.json()) as { key: string };
		expect((await call(app, '/', { headers: { authorization: `Bearer ${key}` } })).status).toBe(403);
		expect((await call('aaaaaaaaaaaaaa', '/')).status).toBe(404);
	});

	test('a queue endpoint is not reached this way, nor this one by jobs', async () => {
		const queue = await stack.deploy({ directory: DIRECTORY, command: 'true', workersMin: 0, workersMax: 0 });
		expect((await call(queue, '/')).status).toBe(400);
		const job = await fetch(`${stack.url}/v2/${app}/run`, { method: 'POST', headers: { authorization: `Bearer ${stack.apiKey}` }, body: '{"input":{}}' });
		expect([job.status, ((await job.json()) as { error: string }).error]).toEqual([400, expect.stringContaining('load balancing endpoint')]);
	});

	test('the endpoint says where it is called', async () => {
		const answer = await fetch(`${stack.url}/v2/serverless/${app}`, { headers: { authorization: `Bearer ${stack.apiKey}` } });
		expect(((await answer.json()) as { requestUrls: unknown }).requestUrls).toEqual({ base: `http://${app}.lb.example.com`, health: `${stack.url}/v2/${app}/health` });
	});
});
