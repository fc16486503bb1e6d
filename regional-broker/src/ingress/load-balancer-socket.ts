/** Passes an upgraded connection (a WebSocket) through to a worker: after the handshake bytes only, both ways. */
import { type IncomingMessage, request, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorText } from '../log.ts';
import { headersForClient, headersForWorker, readBalancedCall, refusalAnswer } from './balanced-call.ts';
import { type ProxyOptions, type Reached, reachWorker } from './load-balancer-proxy.ts';

/** A worker that does not answer the handshake is given up after this. ms. */
const HANDSHAKE_MS = 30_000;

/** The `upgrade` handler of one broker. */
export function createLoadBalancerSocket(options: ProxyOptions): (incoming: IncomingMessage, client: Duplex, head: Buffer) => void {
	return (incoming, client, head) => {
		client.on('error', () => client.destroy());
		serve(options, incoming, client, head).catch((error: unknown) => {
			options.log.error('a load-balanced socket failed', { error: errorText(error) });
			client.destroy();
		});
	};
}

async function serve(options: ProxyOptions, incoming: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
	const call = readBalancedCall(incoming, options.verify);
	if ('error' in call) return respond(client, call.status, ['content-type', 'application/json'], JSON.stringify({ error: call.error }));
	const left = new AbortController();
	client.once('close', () => left.abort());
	const reached = await reachWorker(options, call, 'socket', left.signal);
	if (typeof reached === 'string') return refuse(client, refusalAnswer(reached));
	client.once('close', reached.abandon);
	if (left.signal.aborted) return reached.abandon();
	shakeHands(incoming, client, head, call.path, reached);
}

function shakeHands(incoming: IncomingMessage, client: Duplex, head: Buffer, path: string, { lease, socket, abandon }: Reached): void {
	const headers = [...headersForWorker(incoming), 'connection', 'Upgrade', 'upgrade', incoming.headers.upgrade ?? 'websocket'];
	const onward = request({ createConnection: () => socket, method: incoming.method, path, headers, setHost: false });
	const limit = setTimeout(() => onward.destroy(new Error('the worker does not answer the handshake')), HANDSHAKE_MS);
	onward.on('error', () => {
		clearTimeout(limit);
		abandon();
		if (client.writable) refuse(client, refusalAnswer('worker_failed', lease.workerId));
	});
	onward.once('response', (reply) => {
		// No upgrade: an answer like any other, which ends the connection.
		clearTimeout(limit);
		client.write(headOf(reply.statusCode ?? 502, [...headersForClient(reply, lease.workerId), 'connection', 'close']));
		reply.once('close', abandon);
		reply.pipe(client);
	});
	onward.once('upgrade', (reply, worker, workerHead) => {
		clearTimeout(limit);
		client.write(headOf(101, [...headersForClient(reply, lease.workerId), 'connection', 'Upgrade', 'upgrade', reply.headers.upgrade ?? 'websocket']));
		if (workerHead.length > 0) client.write(workerHead);
		if (head.length > 0) worker.write(head);
		worker.on('error', () => client.destroy());
		worker.once('close', () => void [abandon(), client.end()]);
		worker.pipe(client);
		client.pipe(worker);
	});
	onward.end();
}

function refuse(client: Duplex, { status, headers, body }: ReturnType<typeof refusalAnswer>): void {
	respond(client, status, Object.entries(headers).flat(), body);
}

function respond(client: Duplex, status: number, headers: readonly string[], body: string): void {
	client.end(headOf(status, [...headers, 'content-length', String(Buffer.byteLength(body)), 'connection', 'close']) + body);
}

/** Status line and headers; Node has checked the values when it parsed them. */
function headOf(status: number, headers: readonly string[]): string {
	let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
	for (let i = 0; i + 1 < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
	return `${text}\r\n`;
}
