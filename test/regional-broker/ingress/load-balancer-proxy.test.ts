/** The proxy of a broker between a signed request and real workers behind a real tunnel door. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTunnelDoor, type TunnelDoor } from '../../../gpu-worker/src/tunnel/tunnel-door.ts';
import { Balancer } from '../../../regional-broker/src/balancer/balancer.ts';
import { createVerifier } from '../../../regional-broker/src/edge/signature.ts';
import { Registry } from '../../../regional-broker/src/fleet/registry.ts';
import { type Listener, listen } from '../../../regional-broker/src/http/listener.ts';
import { isBalanced } from '../../../regional-broker/src/ingress/balanced-call.ts';
import { createLoadBalancerProxy } from '../../../regional-broker/src/ingress/load-balancer-proxy.ts';
import { createLoadBalancerSocket } from '../../../regional-broker/src/ingress/load-balancer-socket.ts';
import { createLog } from '../../../regional-broker/src/log.ts';
import type { WorkerPhase } from '../../../shared-schema/src/wire/bus.ts';
import type { EndpointGrant } from '../../../shared-schema/src/wire/region.ts';
import { NONCE_HEADER, SIGNATURE_HEADER, SIGNER_HEADER, signedText, TIMESTAMP_HEADER } from '../../../shared-schema/src/wire/signature.ts';
import { specWith } from '../../support/endpoint-spec.ts';
import { until } from '../../support/wait.ts';

const TOKEN = 'host-token-of-a-test';
const keys = generateKeyPairSync('ed25519');
const now = (): number => performance.now();

let registry: Registry;
let balancer: Balancer;
let listener: Listener;
let door: TunnelDoor;
let waiting: number;
let reports: number;
const servers: Server[] = [];
/** Port by worker; one without a port is refused by its host. */
const ports = new Map<string, number>();
let hasGrant: boolean;

beforeEach(async () => {
	[waiting, reports, hasGrant] = [0, 0, true];
	ports.clear();
	door = await openTunnelDoor('127.0.0.1', 0, TOKEN, { info: () => undefined, warn: () => undefined, error: () => undefined } as never);
	door.serve({ portOf: (id) => ports.get(id) ?? null, busy: () => undefined, opened: () => () => undefined });
	registry = new Registry({ hostLeaseMs: 60_000, settleMs: 0, now });
	const grant: EndpointGrant = { endpointId: 'ep1', accountId: 'acc', revision: 1, version: 1, spec: specWith({ type: 'LOAD_BALANCER' }), workersMax: 2, workersMin: 0 };
	const add = (_: string, by: number): void => {
		waiting += by;
	};
	const demand = { add, of: () => waiting };
	balancer = new Balancer({ registry, grants: { get: () => (hasGrant ? grant : undefined), areKnown: () => true }, demand, isOpen: () => true, now });
	const verify = createVerifier('edge', keys.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'), () => Date.now());
	const log = createLog({}, () => undefined);
	const options = { balancer, verify, requestMs: 600, now, log };
	listener = await listen({ fetch: () => new Response(null, { status: 404 }) }, '127.0.0.1', 0, {
		isFor: isBalanced,
		request: createLoadBalancerProxy(options),
		upgrade: createLoadBalancerSocket(options),
	});
});
afterEach(async () => {
	for (const server of servers.splice(0)) {
		server.close();
		server.closeAllConnections();
	}
	await Promise.all([listener.close(100), door.close()]);
});

/** An app behind the door under a worker's id. */
async function app(workerId: string, handler: (incoming: IncomingMessage, outgoing: ServerResponse) => void): Promise<void> {
	const server = createServer(handler);
	await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
	servers.push(server);
	ports.set(workerId, (server.address() as AddressInfo).port);
}

function report(workers: Record<string, WorkerPhase>): void {
	const host = { id: 'h1', boot: 'b1', dataCenterId: 'A', gpuType: 'NVIDIA L4', gpus: 4, gpusFree: 4, cudaVersion: '12.8', models: [], draining: false };
	const list = Object.entries(workers).map(([id, phase]) => ({ id, endpointId: 'ep1', version: 1, phase, gpus: [], jobs: [], room: 0, startedAgoMs: 0, idleMs: 0 }));
	registry.hear({ n: ++reports, host, workers: list, tunnel: `127.0.0.1:${door.port}`, tunnelToken: TOKEN });
	balancer.review();
}

interface Answer {
	readonly status: number;
	readonly headers: IncomingMessage['headers'];
	readonly text: string;
}

interface CallOptions {
	readonly method?: string;
	readonly body?: string;
	readonly headers?: Record<string, string>;
	readonly key?: KeyObject;
	readonly waitMs?: number;
	readonly signal?: AbortSignal;
}

function signature(method: string, pathAndQuery: string, key: KeyObject): Record<string, string> {
	const parts = { signer: 'edge', method, pathAndQuery, timestampMs: Date.now(), nonce: crypto.randomUUID(), bodySha256: 'streamed' };
	return {
		[SIGNER_HEADER]: 'edge',
		[TIMESTAMP_HEADER]: String(parts.timestampMs),
		[NONCE_HEADER]: parts.nonce,
		[SIGNATURE_HEADER]: sign(null, Buffer.from(signedText(parts)), key).toString('base64'),
	};
}

/** A request as the edge sends it; `path` is the worker's. */
function call(path: string, { method = 'GET', body, headers = {}, key = keys.privateKey, waitMs = 5_000, signal }: CallOptions = {}): Promise<Answer> {
	const whole = `/region/v1/balance/ep1${path}`;
	const own = {
		...signature(method, whole, key),
		'x-longshore-wait-ms': String(waitMs),
		...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
		...headers,
	};
	return new Promise((done, fail) => {
		const sent = request(`${listener.url}${whole}`, { method, headers: own, agent: false, ...(signal === undefined ? {} : { signal }) }, (answer) => {
			const parts: Buffer[] = [];
			answer.on('data', (part: Buffer) => parts.push(part));
			answer.once('end', () => done({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(parts).toString() }));
			answer.once('error', fail);
		});
		sent.once('error', fail);
		sent.end(body);
	});
}

const echo = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
	const parts: Buffer[] = [];
	incoming.on('data', (part: Buffer) => parts.push(part));
	incoming.once('end', () => outgoing.end(JSON.stringify({ url: incoming.url, headers: incoming.headers, body: Buffer.concat(parts).toString() })));
};

describe('who is let in', () => {
	test('only what the edge has signed, for this path, and once', async () => {
		await app('w1', echo);
		report({ w1: 'idle' });
		expect((await call('/', { key: generateKeyPairSync('ed25519').privateKey })).status).toBe(401);
		expect((await call('/a', { headers: signature('GET', '/region/v1/balance/ep1/b', keys.privateKey) })).status).toBe(401);
		const once = signature('GET', '/region/v1/balance/ep1/', keys.privateKey);
		expect((await call('/', { headers: once })).status).toBe(200);
		expect((await call('/', { headers: once })).status).toBe(401);
	});

	test('nothing of the edge’s own headers reaches the worker', async () => {
		await app('w1', echo);
		report({ w1: 'idle' });
		const { text } = await call('/x?y=1', { headers: { 'x-forwarded-host': 'api.example.com', 'x-mine': '1' } });
		const seen = JSON.parse(text) as { url: string; headers: Record<string, string> };
		expect(seen.url).toBe('/x?y=1');
		expect(Object.keys(seen.headers).filter((name) => name.startsWith('x-longshore'))).toEqual([]);
		expect(seen.headers).toMatchObject({ host: 'api.example.com', 'x-mine': '1' });
	});
});

describe('finding a worker', () => {
	test('one that its host refuses has seen nothing: the next one gets the whole request', async () => {
		await app('w2', echo);
		report({ w1: 'idle', w2: 'idle' });
		const answer = await call('/', { method: 'POST', body: 'whole' });
		expect(answer.headers['x-runpod-worker-id']).toBe('w2');
		expect(JSON.parse(answer.text)).toMatchObject({ body: 'whole' });
	});

	test('a request waits for the first healthy worker and counts as demand meanwhile', async () => {
		await app('w1', echo);
		report({ w1: 'initializing' });
		const answer = call('/');
		await until(() => waiting === 1, { what: 'demand' });
		report({ w1: 'idle' });
		expect((await answer).status).toBe(200);
		expect(waiting).toBe(0);
	});

	test.each<[WorkerPhase]>([['initializing'], ['unhealthy'], ['draining'], ['exited']])('a worker that is %s gets none', async (phase) => {
		await app('w1', echo);
		report({ w1: phase });
		const answer = await call('/', { waitMs: 30 });
		expect([answer.status, answer.text]).toEqual([400, '{"error":"timed out waiting for worker"}']);
		expect(answer.headers['x-longshore-refused']).toBe('timed_out');
	});

	test('a region without a share says so at once', async () => {
		hasGrant = false;
		expect((await call('/')).headers['x-longshore-refused']).toBe('no_grant');
	});

	test('who insists on a worker waits for that one, without demand, and hears when it is gone', async () => {
		await app('w1', echo);
		await app('w2', echo);
		report({ w1: 'idle', w2: 'initializing' });
		const strict = { headers: { 'x-runpod-worker-id': 'strict w2' } };
		expect((await call('/', { ...strict, waitMs: 30 })).text).toBe('{"error":"worker_timeout"}');
		const answer = call('/', strict);
		await new Promise((done) => setTimeout(done, 50));
		expect(waiting).toBe(0);
		report({ w1: 'idle', w2: 'idle' });
		expect((await answer).headers['x-runpod-worker-id']).toBe('w2');
		report({ w1: 'idle' });
		expect((await call('/', strict)).status).toBe(404);
	});

	test('a client that leaves waits no more', async () => {
		const leaving = new AbortController();
		const answer = call('/', { signal: leaving.signal }).catch(() => 'left');
		await until(() => waiting === 1, { what: 'demand' });
		leaving.abort();
		expect(await answer).toBe('left');
		await until(() => waiting === 0, { what: 'no demand' });
	});
});

describe('faults of a worker', () => {
	test('an answer that breaks off breaks off for the client too, and is never whole', async () => {
		await app('w1', (incoming, outgoing) => {
			outgoing.writeHead(200, { 'content-length': '1000' });
			outgoing.write('half');
			setTimeout(() => incoming.socket.resetAndDestroy(), 20);
		});
		report({ w1: 'idle' });
		await expect(call('/')).rejects.toThrow();
	});

	test('no answer at all is a 502 with its name', async () => {
		await app('w1', (incoming) => incoming.socket.destroy());
		report({ w1: 'idle' });
		const answer = await call('/', { method: 'POST', body: 'x' });
		expect([answer.status, answer.headers['x-runpod-worker-id'], answer.headers['x-longshore-refused']]).toEqual([502, 'w1', 'worker_failed']);
	});

	test('one that does not come to an end is cut off: 504, and the worker is rid of it', async () => {
		let left = false;
		await app('w1', (incoming) => incoming.socket.once('close', () => (left = true)));
		report({ w1: 'idle' });
		expect((await call('/')).status).toBe(504);
		await until(() => left, { what: 'the worker sees the end' });
	});

	test('a client that leaves in the middle takes its request with it', async () => {
		let [came, left] = [false, false];
		await app('w1', (incoming) => {
			came = true;
			incoming.socket.once('close', () => (left = true));
		});
		report({ w1: 'idle' });
		const leaving = new AbortController();
		const answer = call('/', { signal: leaving.signal }).catch(() => 'left');
		await until(() => came, { what: 'the worker has it' });
		leaving.abort();
		await answer;
		await until(() => left, { what: 'the worker sees the end' });
	});
});
