/** The broker's one HTTP listener: opens, says where, and closes after what is under way. */
import type { Server } from 'node:http';
import { createAdaptorServer, type HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';

export interface Listener {
	readonly url: string;
	/** Takes no new connections; resolves when open requests have ended, at the latest after `timeoutMs`. */
	close(timeoutMs: number): Promise<void>;
}

/** Resolves when the port is open; rejects when it cannot be. */
export async function listen(app: Pick<Hono<{ Bindings: HttpBindings }>, 'fetch'>, host: string, port: number): Promise<Listener> {
	const server = createAdaptorServer({ fetch: app.fetch as never, overrideGlobalObjects: false }) as Server;
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
