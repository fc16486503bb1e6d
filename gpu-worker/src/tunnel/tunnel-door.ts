/**
 * The door through which brokers reach load-balanced workers: `CONNECT <worker id>` with this boot's token opens a TCP connection to the
 * worker's port. One tunnel is one request or one socket, so the agent knows exactly what a worker has in hand. It may not look into what passes.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SOCKET_IDLE_MS } from '@longshore/shared-schema/limits';
import { TUNNEL_KIND_HEADER } from '@longshore/shared-schema/wire/load-balancer';
import type { Log } from '../log.ts';

const WORKER_HOST = '127.0.0.1';

/** What the door needs of the agent. */
export interface TunnelHost {
	/** The port of a worker that may be given requests; null: it may not (any more). */
	portOf(workerId: string): number | null;
	/** The worker has one request more, or one less. */
	busy(workerId: string, by: 1 | -1): void;
	/** A tunnel to the worker is open, and how to cut it. Returns what says that it is no longer. */
	opened(workerId: string, cut: () => void): () => void;
}

export interface TunnelDoor {
	readonly port: number;
	/** From here on workers of `host` are reached; before, nobody is. */
	serve(host: TunnelHost): void;
	close(): Promise<void>;
}

/** Listens for brokers. */
export async function openTunnelDoor(hostname: string, preferredPort: number, token: string, log: Log): Promise<TunnelDoor> {
	let host: TunnelHost | null = null;
	const open = new Set<Duplex>();
	const server = createServer((_request, response) => response.writeHead(405, { allow: 'CONNECT' }).end());
	server.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
		open.add(socket);
		socket.once('close', () => open.delete(socket));
		socket.on('error', () => socket.destroy());
		if (!isToken(token, request.headers.authorization)) return refuse(socket, 401, 'the token of this host is required');
		const workerId = request.url ?? '';
		const port = host?.portOf(workerId) ?? null;
		if (host === null || port === null) return refuse(socket, 503, 'this worker takes no requests');
		dig(host, workerId, port, socket, head, request.headers[TUNNEL_KIND_HEADER] === 'socket');
	});
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(preferredPort, hostname, resolve);
	});
	server.on('error', (error) => log.error('the tunnel door failed', { error: error.message }));
	return {
		port: (server.address() as AddressInfo).port,
		serve: (given) => {
			host = given;
		},
		close: () =>
			new Promise((resolve) => {
				server.close(() => resolve());
				server.closeAllConnections();
				for (const socket of open) socket.destroy();
			}),
	};
}

/** The worker counts as busy from here: nothing may end it between the admission and the first byte. */
function dig(host: TunnelHost, workerId: string, port: number, socket: Duplex, head: Buffer, isSocket: boolean): void {
	const activity = createActivity(host, workerId, isSocket);
	const closed = host.opened(workerId, () => socket.destroy());
	const worker = connect({ host: WORKER_HOST, port, noDelay: true, allowHalfOpen: true });
	if ('setNoDelay' in socket) (socket as Socket).setNoDelay(true);
	let isOpen = false;
	worker.once('connect', () => {
		isOpen = true;
		socket.write('HTTP/1.1 200 OK\r\n\r\n');
		if (head.length > 0) worker.write(head);
		socket.pipe(worker);
		worker.pipe(socket);
		if (isSocket) {
			socket.on('data', activity.seen);
			worker.on('data', activity.seen);
		}
	});
	worker.once('error', () => {
		if (isOpen) socket.destroy();
		else refuse(socket, 503, 'the worker does not listen');
	});
	// A worker that is gone has closed both ways: what it could not read is lost, and the broker must see that.
	worker.once('close', () => {
		activity.over();
		if (isOpen) socket.end();
	});
	socket.once('close', () => {
		closed();
		activity.over();
		worker.destroy();
	});
}

interface Activity {
	seen(): void;
	over(): void;
}

/** A request is work from its beginning to its end, a socket while something passes. */
function createActivity(host: TunnelHost, workerId: string, isSocket: boolean): Activity {
	let state: 'busy' | 'idle' | 'over' = 'busy';
	host.busy(workerId, 1);
	const rest = (next: 'idle' | 'over'): void => {
		if (state === 'busy') host.busy(workerId, -1);
		if (state !== 'over') state = next;
	};
	const timer = isSocket ? setTimeout(() => rest('idle'), SOCKET_IDLE_MS).unref() : null;
	return {
		seen() {
			if (state === 'over') return;
			timer?.refresh();
			if (state === 'idle') {
				state = 'busy';
				host.busy(workerId, 1);
			}
		},
		over() {
			if (timer !== null) clearTimeout(timer);
			rest('over');
		},
	};
}

function refuse(socket: Duplex, status: number, why: string): void {
	socket.end(
		`HTTP/1.1 ${status} ${status === 401 ? 'Unauthorized' : 'Service Unavailable'}\r\ncontent-type: text/plain\r\ncontent-length: ${why.length}\r\nconnection: close\r\n\r\n${why}`,
	);
}

/** Hashing makes both sides equally long, whatever was sent. */
function isToken(token: string, authorization: string | undefined): boolean {
	const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
	return timingSafeEqual(hash(`Bearer ${token}`), hash(authorization ?? ''));
}
