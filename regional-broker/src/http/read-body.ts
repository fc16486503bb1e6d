/** Reads a request's body up to a limit, straight from the socket: no copy through web streams. */
import type { IncomingMessage } from 'node:http';

/** The whole body, or null when it is larger than `bytesMax`; then nothing more of it is read. */
export async function readBody(incoming: IncomingMessage, bytesMax: number): Promise<Buffer | null> {
	if (Number(incoming.headers['content-length'] ?? 0) > bytesMax) return null;
	const chunks: Buffer[] = [];
	let size = 0;
	for await (const chunk of incoming) {
		size += (chunk as Buffer).length;
		if (size > bytesMax) return null;
		chunks.push(chunk as Buffer);
	}
	return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
}
