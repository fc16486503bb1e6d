/** HTTP/1.1 on a bare socket, one request at a time and as little work as possible: the generator shares its cores with what it measures. */
import { connect, type Socket } from 'node:net';

/** What the generator needs of an answer. */
export interface LeanAnswer {
	readonly status: number;
	readonly body: string;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const CRLF = Buffer.from('\r\n');

/** A request as bytes, built once and sent many times. */
export function encodeRequest(method: string, url: URL, path: string, apiKey: string, body = ''): Buffer {
	const head = [
		`${method} ${path} HTTP/1.1`,
		`host: ${url.host}`,
		`authorization: Bearer ${apiKey}`,
		'content-type: application/json',
		`content-length: ${Buffer.byteLength(body)}`,
	];
	return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** One keep-alive connection with at most one request on it. */
export class LeanConnection {
	readonly #url: URL;
	#socket: Socket | undefined;
	#received: Buffer = Buffer.alloc(0);
	#settle: { resolve: (answer: LeanAnswer) => void; reject: (error: Error) => void } | undefined;

	constructor(url: URL) {
		this.#url = url;
	}

	/** Sends the request and resolves with its answer; rejects when the connection breaks before it is complete. */
	send(request: Buffer): Promise<LeanAnswer> {
		if (this.#settle !== undefined) throw new Error('the connection is busy');
		return new Promise((resolve, reject) => {
			this.#settle = { resolve, reject };
			this.#open().write(request);
		});
	}

	close(): void {
		this.#socket?.destroy();
		this.#socket = undefined;
	}

	#open(): Socket {
		if (this.#socket !== undefined) return this.#socket;
		const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port), noDelay: true });
		const lost = (error?: Error): void => this.#lose(socket, error);
		socket.on('data', (chunk) => this.#take(chunk));
		socket.on('error', lost);
		socket.on('close', () => lost());
		this.#socket = socket;
		this.#received = Buffer.alloc(0);
		return socket;
	}

	#lose(socket: Socket, error: Error | undefined): void {
		if (this.#socket !== socket) return;
		this.#socket = undefined;
		const waiting = this.#settle;
		this.#settle = undefined;
		waiting?.reject(error ?? new Error('the connection was closed'));
	}

	#take(chunk: Buffer): void {
		this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
		const answer = parseAnswer(this.#received);
		if (answer === undefined) return;
		this.#received = Buffer.alloc(0);
		const waiting = this.#settle;
		this.#settle = undefined;
		waiting?.resolve(answer);
	}
}

/** The answer in `bytes` when it is complete. */
function parseAnswer(bytes: Buffer): LeanAnswer | undefined {
	const headEnd = bytes.indexOf(HEAD_END);
	if (headEnd < 0) return undefined;
	const head = bytes.toString('latin1', 0, headEnd).toLowerCase();
	const status = Number(head.slice(9, 12));
	const at = head.indexOf('\r\ncontent-length:');
	if (at >= 0) {
		const length = Number.parseInt(head.slice(at + 17), 10);
		const start = headEnd + 4;
		return bytes.length < start + length ? undefined : { status, body: bytes.toString('utf8', start, start + length) };
	}
	const body = head.includes('\r\ntransfer-encoding: chunked') ? parseChunks(bytes, headEnd + 4) : '';
	return body === undefined ? undefined : { status, body };
}

function parseChunks(bytes: Buffer, start: number): string | undefined {
	const parts: Buffer[] = [];
	let at = start;
	for (;;) {
		const lineEnd = bytes.indexOf(CRLF, at);
		if (lineEnd < 0) return undefined;
		const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
		const dataEnd = lineEnd + 2 + size;
		if (bytes.length < dataEnd + 2) return undefined;
		if (size === 0) return Buffer.concat(parts).toString('utf8');
		parts.push(bytes.subarray(lineEnd + 2, dataEnd));
		at = dataEnd + 2;
	}
}
