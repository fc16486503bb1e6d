/** Passes a load-balanced request on to a worker and its answer back, both as they come. Until a worker has been reached nothing of the body is read, so that another one may be tried. */
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { BALANCED_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import type { BalancerRefusal } from '@longshore/shared-schema/wire/load-balancer';
import type { Balancer, Lease } from '../balancer/balancer.ts';
import { openTunnel } from '../balancer/tunnel.ts';
import type { createVerifier } from '../edge/signature.ts';
import { errorText, type Log } from '../log.ts';
import { type BalancedCall, headersForClient, headersForWorker, readBalancedCall, refusalAnswer } from './balanced-call.ts';

export interface ProxyOptions {
	readonly balancer: Balancer;
	readonly verify: ReturnType<typeof createVerifier>;
	/** From the worker's choice to the end of its answer. */
	readonly requestMs: number;
	readonly now: () => number;
	readonly log: Log;
}

/** The handler of one broker. */
export function createLoadBalancerProxy(options: ProxyOptions): (incoming: IncomingMessage, outgoing: ServerResponse) => void {
	return (incoming, outgoing) => {
		serve(options, incoming, outgoing).catch((error: unknown) => {
			options.log.error('a load-balanced request failed', { error: errorText(error) });
			outgoing.destroy();
		});
	};
}

async function serve(options: ProxyOptions, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
	incoming.on('error', () => {}); // Its end is seen at the answer's.
	const call = readBalancedCall(incoming, options.verify);
	if ('error' in call) return answer(incoming, outgoing, { status: call.status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error: call.error }) });
	if (Number(incoming.headers['content-length'] ?? 0) > BALANCED_BODY_BYTES_MAX) return answer(incoming, outgoing, refusalAnswer('too_large'));
	const left = new AbortController();
	outgoing.once('close', () => left.abort());
	const reached = await reachWorker(options, call, 'request', left.signal);
	if (left.signal.aborted) {
		if (typeof reached !== 'string') reached.abandon();
		return;
	}
	if (typeof reached === 'string') return answer(incoming, outgoing, refusalAnswer(reached));
	pass(options, call, incoming, outgoing, reached);
}

/** A worker that has been reached: its connection belongs to this one request. */
export interface Reached {
	readonly lease: Lease;
	readonly socket: Awaited<ReturnType<typeof openTunnel>>;
	abandon(): void;
}

/** Tries workers until one is reached or the wait is over. */
export async function reachWorker(options: ProxyOptions, call: BalancedCall, kind: 'request' | 'socket', signal: AbortSignal): Promise<Reached | BalancerRefusal> {
	const untilMs = options.now() + call.waitMs;
	while (true) {
		const lease = await options.balancer.acquire(call.endpointId, { affinity: call.affinity, waitMs: Math.max(0, untilMs - options.now()), signal });
		if (typeof lease === 'string') return lease;
		try {
			const socket = await openTunnel(lease.tunnel, lease.workerId, lease.tunnelToken, kind);
			return { lease, socket, abandon: () => void [socket.destroy(), lease.release()] };
		} catch (error) {
			lease.fail();
			options.log.info('a worker was not reached', { endpointId: call.endpointId, workerId: lease.workerId, error: errorText(error) });
		}
	}
}

function pass(options: ProxyOptions, call: BalancedCall, incoming: IncomingMessage, outgoing: ServerResponse, { lease, socket }: Reached): void {
	const headers = headersForWorker(incoming);
	if (incoming.headers['transfer-encoding'] !== undefined) headers.push('transfer-encoding', 'chunked');
	headers.push('connection', 'close');
	const onward = request({ createConnection: () => socket, method: incoming.method, path: call.path, headers, setHost: false });
	let isOver = false;
	const over = (): void => {
		if (isOver) return;
		isOver = true;
		clearTimeout(limit);
		lease.release();
		socket.destroy();
	};
	const fail = (refusal: BalancerRefusal): void => {
		if (isOver) return;
		over();
		if (outgoing.headersSent) outgoing.destroy();
		else answer(incoming, outgoing, refusalAnswer(refusal, lease.workerId));
	};
	const limit = setTimeout(() => fail('too_slow'), options.requestMs);
	onward.on('error', () => fail('worker_failed'));
	onward.once('response', (reply) => {
		if (Number(reply.headers['content-length'] ?? 0) > BALANCED_BODY_BYTES_MAX && incoming.method !== 'HEAD') return fail('answer_too_large');
		outgoing.writeHead(reply.statusCode ?? 502, reply.statusMessage, headersForClient(reply, lease.workerId));
		// The first byte of an event stream may be long in coming, its beginning must not be.
		outgoing.flushHeaders();
		bound(reply, () => fail('answer_too_large'));
		reply.once('error', () => fail('worker_failed'));
		reply.pipe(outgoing);
	});
	outgoing.once('close', () => {
		over();
		incoming.unpipe(onward);
		incoming.resume();
	});
	bound(incoming, () => fail('too_large'));
	incoming.pipe(onward);
}

/** Calls `exceeded` when more has passed than may. */
function bound(stream: IncomingMessage, exceeded: () => void): void {
	let bytes = 0;
	const count = (chunk: Buffer): void => {
		bytes += chunk.length;
		if (bytes <= BALANCED_BODY_BYTES_MAX) return;
		stream.off('data', count);
		exceeded();
	};
	stream.on('data', count);
}

/** What is left of the body is read and thrown away: whoever still sends it would not see the answer. */
function answer(incoming: IncomingMessage, outgoing: ServerResponse, { status, headers, body }: ReturnType<typeof refusalAnswer>): void {
	incoming.unpipe();
	incoming.resume();
	outgoing.writeHead(status, headers).end(body);
}
