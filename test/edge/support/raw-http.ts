/** HTTP requests exactly as a test writes them: no clean-up of paths, headers or bodies as `fetch` does. */
import { Agent, request } from 'node:http';

export interface RawRequest {
	readonly method: string;
	/** Path and query as they are sent. */
	readonly path: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: string | Uint8Array;
}

export interface RawAnswer {
	readonly status: number;
	readonly headers: { get(name: string): string | null };
	readonly text: string;
}

/** How long an endless stream is read. */
const STREAM_READ_MS = 200;
const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/** Sends it to `url`'s host and port. Rejects when there is no answer within 20 s. */
export async function sendRaw(url: string, request: RawRequest): Promise<RawAnswer> {
	const answer = await sendOnce(url, request);
	// A server that did not read a large body closes the connection behind its answer: the next call on it is made again.
	return answer === 'connection was gone' ? sendRaw(url, request) : answer;
}

function sendOnce(url: string, { method, path, headers = {}, body }: RawRequest): Promise<RawAnswer | 'connection was gone'> {
	const { hostname, port } = new URL(url);
	const length: Record<string, string> = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
	return new Promise((resolve, reject) => {
		const sent = request({ host: hostname, port, method, path, headers: { ...length, ...headers }, agent, timeout: 20_000 }, (response) => {
			const chunks: Buffer[] = [];
			response.on('data', (chunk: Buffer) => chunks.push(chunk));
			response.on('error', reject);
			const finish = (): void => {
				const single = (name: string): string | null => {
					const value = response.headers[name];
					return value === undefined ? null : String(value);
				};
				resolve({ status: response.statusCode ?? 0, headers: { get: single }, text: Buffer.concat(chunks).toString() });
			};
			response.on('end', finish);
			// Some streams have no end of their own: what came in their first moments is the answer.
			if (response.headers['content-type']?.startsWith('text/event-stream') === true) {
				setTimeout(() => {
					finish();
					sent.destroy();
				}, STREAM_READ_MS).unref();
			}
		});
		sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path.slice(0, 200)} within 20 s`)));
		sent.on('error', (error: NodeJS.ErrnoException) =>
			sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE') ? resolve('connection was gone') : reject(error),
		);
		sent.end(body);
	});
}
