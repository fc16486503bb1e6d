/** Reads a request's body up to a bound. The declared content type is ignored: SDKs send JSON as a form. */
import type { IncomingMessage } from 'node:http';

/** The text, or of a body beyond the bound only its size. */
export type Body = { readonly text: string; readonly bytes: number } | { readonly text: null; readonly bytes: number };

/** null when the sender broke off. */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Body | null> {
	return new Promise((resolve) => {
		const parts: Buffer[] = [];
		let bytes = 0;
		request.on('data', (part: Buffer) => {
			bytes += part.length;
			if (bytes <= bytesMax) parts.push(part);
			else parts.length = 0;
		});
		request.on('end', () =>
			resolve(bytes > bytesMax ? { text: null, bytes } : { text: (parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)).toString('utf8'), bytes }),
		);
		request.on('error', () => resolve(null));
		request.on('close', () => resolve(null));
	});
}
