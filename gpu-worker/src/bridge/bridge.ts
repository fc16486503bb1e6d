/** The door for workers on this host: RunPod's worker protocol over HTTP on a local port. */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BridgeRoute, parseRoute, presentedKey, queryValue } from '../core/route.ts';
import type { Log } from '../log.ts';
import type { BridgeHost } from './bridge-host.ts';
import type { BridgeCall, BridgeTimers } from './call.ts';
import { done } from './done.ts';
import { ping } from './ping.ts';
import { answer } from './respond.ts';
import { stopPoll } from './stop.ts';
import { stream } from './stream.ts';
import { take } from './take.ts';

export interface Bridge {
	readonly port: number;
	/** From here on requests of `host`'s workers are served; before, everything is refused. */
	serve(host: BridgeHost): void;
	/** Listens at another address of this machine too, on the same port; once is enough. */
	listenAlso(hostname: string): Promise<void>;
	close(): Promise<void>;
}

/** Addresses that stand for all of a machine. */
const EVERYWHERE = ['0.0.0.0', '::'];
/** Idle connections stay open longer than any SDK's pool keeps them, so that a request never meets a closing one. */
const KEEP_ALIVE_MS = 120_000;

/** Listens on `preferredPort`, or on any port when it is taken. */
export async function openBridge(hostname: string, preferredPort: number, timers: BridgeTimers, log: Log): Promise<Bridge> {
	let host: BridgeHost | null = null;
	const servers: Server[] = [];
	const also = new Map<string, Promise<void>>();
	const newServer = (): Server =>
		createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, noDelay: true }, (request, response) => {
			handle(host, request, response, timers, log).catch(async (error: Error) => {
				log.error('a worker request failed', { path: (request.url ?? '').split('?')[0], error: error.stack });
				// A worker whose poll fails at once comes back at once.
				if (request.method === 'GET') await sleep(timers.refusalDelayMs);
				if (!response.headersSent) answer(response, request.method === 'GET' ? 429 : 500, 'the agent failed on this request; its log says why');
			});
		});
	const open = async (at: string, port: number, movable: boolean): Promise<number> => {
		const server = newServer();
		await listen(server, at, port, movable);
		servers.push(server);
		return (server.address() as AddressInfo).port;
	};
	const port = await open(hostname, preferredPort, true);
	return {
		port,
		listenAlso(other) {
			if (other === hostname || EVERYWHERE.includes(hostname)) return Promise.resolve();
			const opening = also.get(other) ?? open(other, port, false).then(() => undefined);
			also.set(other, opening);
			opening.catch(() => also.delete(other));
			return opening;
		},
		serve: (bridgeHost) => {
			host = bridgeHost;
		},
		close: async () => {
			await Promise.all(servers.map(closeServer));
		},
	};
}

function closeServer(server: Server): Promise<void> {
	return new Promise((resolve) => {
		server.close(() => resolve());
		server.closeAllConnections();
	});
}

/** `movable`: on any port when the given one is taken. */
function listen(server: Server, hostname: string, port: number, movable: boolean): Promise<void> {
	return new Promise((resolve, reject) => {
		server.once('error', (error: NodeJS.ErrnoException) => {
			if (error.code === 'EADDRINUSE' && port !== 0 && movable) resolve(listen(server, hostname, 0, true));
			else reject(error);
		});
		server.listen(port, hostname, resolve);
	});
}

async function handle(host: BridgeHost | null, request: IncomingMessage, response: ServerResponse, timers: BridgeTimers, log: Log): Promise<void> {
	const route = parseRoute(request.url ?? '');
	const worker = route === null ? undefined : host?.worker(route.workerId);
	if (host === null || route === null || worker === undefined || worker.endpointId !== route.endpointId || !hasKey(worker.key, request, route)) {
		return refuse(request, response, route, timers);
	}
	const call: BridgeCall = { host, worker, route, request, response, timers, log };
	switch (route.verb) {
		case 'job-take':
			return take(call, 1, false);
		case 'job-take-batch':
			return take(call, null, true);
		case 'job-stop':
			return stopPoll(call);
		case 'job-done':
			return done(call);
		case 'job-stream':
			return stream(call);
		case 'ping':
			return ping(call);
	}
}

/** SDKs come back at once after any refusal but 429, after which they pause; the delay is for those that do not. */
async function refuse(request: IncomingMessage, response: ServerResponse, route: BridgeRoute | null, timers: BridgeTimers): Promise<void> {
	request.resume();
	await sleep(timers.refusalDelayMs);
	if (route === null) answer(response, 404, `${request.method} ${(request.url ?? '').split('?')[0]} is not part of the worker protocol`);
	else answer(response, 429, `worker ${route.workerId} of endpoint ${route.endpointId} is not known here with this key`);
}

/** The key comes in the header, or in the query of the URLs that the worker was given: an SDK may put another key of its user in the header. */
function hasKey(key: string, request: IncomingMessage, route: BridgeRoute): boolean {
	return isKey(key, presentedKey(request.headers.authorization)) || isKey(key, queryValue(route.query, 'key') ?? '');
}

function isKey(key: string, presented: string): boolean {
	const [expected, given] = [Buffer.from(key), Buffer.from(presented)];
	return expected.length === given.length && timingSafeEqual(expected, given);
}
