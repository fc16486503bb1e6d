import { request } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from '../../../gpu-worker/src/log.ts';
import { openTunnelDoor, type TunnelDoor } from '../../../gpu-worker/src/tunnel/tunnel-door.ts';
import { until } from '../../support/wait.ts';

const TOKEN = 'host-token-of-a-test';
let worker: Server;
let door: TunnelDoor;
let takes: boolean;
/** Requests in the worker's hands. */
let busy: number;

beforeEach(async () => {
	worker = createServer((socket) => socket.pipe(socket));
	await new Promise<void>((done) => worker.listen(0, '127.0.0.1', done));
	[takes, busy] = [true, 0];
	door = await openTunnelDoor(
		'127.0.0.1',
		0,
		TOKEN,
		createLog(() => undefined, {}),
	);
	const { port } = worker.address() as AddressInfo;
	door.serve({ portOf: (id) => (takes && id === 'w1' ? port : null), busy: (_, by) => (busy += by), opened: () => () => undefined });
});
afterEach(async () => {
	await door.close();
	worker.close();
});

/** The socket, or the status of the refusal. */
function dig(workerId: string, token = TOKEN, method = 'CONNECT'): Promise<Socket | number> {
	return new Promise((done, fail) => {
		const dial = request({ host: '127.0.0.1', port: door.port, method, path: workerId, headers: { authorization: `Bearer ${token}` } });
		dial.once('connect', (answer, socket) => done(answer.statusCode === 200 ? socket : (answer.statusCode ?? 0)));
		dial.once('response', (answer) => done(answer.statusCode ?? 0));
		dial.once('error', fail);
		dial.end();
	});
}

test('a tunnel carries bytes both ways, and its worker has a request in hand as long as it is open', async () => {
	const socket = (await dig('w1')) as Socket;
	expect(busy).toBe(1);
	const echoed = new Promise((done) => socket.once('data', (data: Buffer) => done(data.toString())));
	socket.write('hello');
	expect(await echoed).toBe('hello');
	socket.end();
	await until(() => busy === 0, { what: 'the worker is free' });
});

test('nobody gets in without the host token, to another worker, or to one that takes nothing', async () => {
	expect(await dig('w1', 'another-token')).toBe(401);
	expect(await dig('w2')).toBe(503);
	expect(await dig('127.0.0.1:22')).toBe(503);
	expect(await dig('/', TOKEN, 'GET')).toBe(405);
	takes = false;
	expect(await dig('w1')).toBe(503);
	expect(busy).toBe(0);
});

test('a worker that does not listen is told apart before anything is sent to it', async () => {
	await new Promise((done) => worker.close(done));
	expect(await dig('w1')).toBe(503);
	await until(() => busy === 0, { what: 'the worker is free' });
});

test('a worker that dies ends its tunnels', async () => {
	const held: Socket[] = [];
	worker.on('connection', (socket) => held.push(socket));
	const socket = (await dig('w1')) as Socket;
	const closed = new Promise((done) => socket.once('close', done));
	socket.resume();
	for (const one of held) one.resetAndDestroy();
	await closed;
	await until(() => busy === 0, { what: 'the worker is free' });
});

test('closing the door ends what passes', async () => {
	const socket = (await dig('w1')) as Socket;
	socket.resume();
	const closed = new Promise((done) => socket.once('close', done));
	await door.close();
	await closed;
});
