/**
 * Signed requests to the edge over kept connections. Retries nothing but a connection that the edge closed while it lay idle.
 * On node:http, not fetch: a signed post of 4 kB took 170 µs of processor time against fetch's 549 µs (Node 24, loopback).
 */
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { createSigner } from './signature.ts';

const CONNECTIONS_MAX = 32;
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

export interface EdgeAnswer {
	readonly status: number;
	readonly body: Buffer;
}

export interface EdgeRequest {
	readonly method: 'GET' | 'POST' | 'PUT';
	readonly path: string;
	readonly body?: Uint8Array;
	readonly headers?: Readonly<Record<string, string>>;
	readonly timeoutMs: number;
}

export interface EdgeClient {
	/** The whole answer. Rejects when the edge cannot be reached or is silent for `timeoutMs`. */
	send(request: EdgeRequest): Promise<EdgeAnswer>;
	/** The answer as it arrives, for large bodies. */
	open(request: EdgeRequest): Promise<IncomingMessage>;
	close(): void;
}

/** A client for the edge at `edgeUrl`, whose requests `sign` signs. */
export function createEdgeClient(edgeUrl: string, sign: ReturnType<typeof createSigner>): EdgeClient {
	const base = new URL(edgeUrl);
	const secure = base.protocol === 'https:';
	const agentOptions = { keepAlive: true, maxSockets: CONNECTIONS_MAX, scheduling: 'lifo', noDelay: true } as const;
	const agent = secure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);
	const start = secure ? requestHttps : requestHttp;
	const prefix = base.pathname.replace(/\/$/, '');
	const NOTHING = new Uint8Array(0);

	const once = (wanted: EdgeRequest): Promise<IncomingMessage> =>
		new Promise((resolve, reject) => {
			const path = prefix + wanted.path;
			const body = wanted.body ?? NOTHING;
			const headers = { ...wanted.headers, ...sign(wanted.method, path, body), ...(wanted.method === 'GET' ? {} : { 'content-length': String(body.length) }) };
			const request = start(
				{ agent, method: wanted.method, hostname: base.hostname.replace(/^\[|\]$/g, ''), port: base.port || (secure ? 443 : 80), path, headers, timeout: wanted.timeoutMs },
				resolve,
			);
			request.on('timeout', () => request.destroy(new Error(`the edge was silent for ${wanted.timeoutMs} ms`)));
			request.on('error', (error) => reject(Object.assign(error, { idleConnection: request.reusedSocket })));
			request.end(body);
		});

	const open = async (wanted: EdgeRequest): Promise<IncomingMessage> => {
		try {
			return await once(wanted);
		} catch (error) {
			const failure = error as NodeJS.ErrnoException & { idleConnection?: boolean };
			if (failure.idleConnection === true && (failure.code === 'ECONNRESET' || failure.code === 'EPIPE')) return await once(wanted);
			throw error;
		}
	};

	return {
		open,
		send: async (wanted) => {
			const answer = await open(wanted);
			const chunks: Buffer[] = [];
			let size = 0;
			for await (const chunk of answer) {
				size += (chunk as Buffer).length;
				if (size > ANSWER_BYTES_MAX) throw new Error(`the edge's answer exceeds ${ANSWER_BYTES_MAX} bytes`);
				chunks.push(chunk as Buffer);
			}
			return { status: answer.statusCode ?? 0, body: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks) };
		},
		close: () => agent.destroy(),
	};
}
