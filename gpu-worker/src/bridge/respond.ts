/** Answers of the bridge. */
import type { ServerResponse } from 'node:http';
import type { Worker } from '../agent/worker.ts';

const NO_CONTENT = { 'content-length': '0' };

/** A status with a JSON body: `{}` for success, else `{"error":…}`. */
export function answer(response: ServerResponse, status: number, error?: string): void {
	const body = error === undefined ? '{}' : JSON.stringify({ error });
	response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
	response.end(body);
}

/** There is nothing (now). */
export function answerNothing(response: ServerResponse): void {
	response.writeHead(204, NO_CONTENT);
	response.end();
}

/** JSON bytes; `done(true)` once the system's network has them all, `done(false)` when the connection broke before. */
export function answerJson(response: ServerResponse, parts: readonly Uint8Array[], done: (delivered: boolean) => void): void {
	let told = false;
	const tell = (delivered: boolean): void => {
		if (told) return;
		told = true;
		done(delivered);
	};
	response.once('finish', () => tell(true));
	response.once('close', () => tell(false));
	if (response.destroyed || response.socket === null || response.socket.destroyed) {
		tell(false);
		return;
	}
	let length = 0;
	for (const part of parts) length += part.length;
	response.writeHead(200, { 'content-type': 'application/json', 'content-length': length });
	response.end(parts.length === 1 ? parts[0] : Buffer.concat(parts, length));
}

/** A frozen worker finds the answer when it goes on, on a connection that is closed by then: told so, it opens another at once. */
export function leaveConnection(response: ServerResponse, worker: Pick<Worker, 'stage'>): void {
	if (worker.stage === 'frozen') response.shouldKeepAlive = false;
}
