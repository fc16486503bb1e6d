/** The broker's one HTTP listener: opens, says where, and closes after what is under way. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';

export interface Listener {
	readonly url: string;
	/** Takes no new connections; resolves when open requests have ended, at the latest after `timeoutMs`. */
	close(timeoutMs: number): Promise<void>;
}

/** What passes by the routes: requests whose bodies stream both ways, and connections that are upgraded. */
export interface Bypass {
	isFor(url: string | undefined): boolean;
	request(incoming: IncomingMessage, outgoing: ServerResponse): void;
	upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** Resolves when the port is open; rejects when it cannot be. */
export async function listen(app: Pick<Hono<{ Bindings: HttpBindings }>, 'fetch'>, host: string, port: number, bypass: Bypass): Promise<Listener> {
	const routed = getRequestListener(app.fetch as never, { overrideGlobalObjects: false });
	const server = createServer((incoming, outgoing) => {
		if (bypass.isFor(incoming.url)) bypass.request(incoming, outgoing);
		else void routed(incoming, outgoing);
	});
	server.on('upgrade', (incoming, socket, head) => {
		if (bypass.isFor(incoming.url)) bypass.upgrade(incoming, socket, head);
		else socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
	});
	// Large uploads from far away take their time; whoever only connects is cut off by the timeout for headers.
	server.requestTimeout = 0;
	// Above what edges and proxies keep idle connections for, so that they close first and no request meets a closing socket.
	server.keepAliveTimeout = 75_000;
	await new Promise<void>((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, host, resolve);
	});
	const address = server.address();
	const bound = typeof address === 'object' && address !== null ? address.port : port;
	return {
		url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
		close: (timeoutMs) =>
			new Promise((resolve) => {
				const force = setTimeout(() => server.closeAllConnections(), timeoutMs);
				server.close(() => {
					clearTimeout(force);
					resolve();
				});
				server.closeIdleConnections();
			}),
	};
}
