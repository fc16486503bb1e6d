/** Reads a request's body up to a bound, refusing a larger one as early as it shows. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';

/** What is read and thrown away of a body that is too large: a client that is still sending when the answer comes sees a broken connection instead. */
const DRAIN_BYTES_MAX = 64 * 1024 * 1024;
const DRAIN_PAUSE_MS = 300;
/** A body up to this size is in the system's buffers when the answer leaves. */
const UNREAD_BYTES_MAX = 32 * 1024;

/** The whole body. Throws `body_too_large` by `Content-Length` or when the bound is passed, after the rest was thrown away. */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array> {
	const declared = Number(request.headers.get('content-length') ?? Number.NaN);
	if (declared > bytesMax) {
		if (declared <= DRAIN_BYTES_MAX) await drain(request.body?.getReader() ?? null);
		throw tooLarge(bytesMax);
	}
	if (!Number.isNaN(declared)) return request.bytes();
	return readChunked(request, bytesMax);
}

async function readChunked(request: Request, bytesMax: number): Promise<Uint8Array> {
	const parts: Uint8Array[] = [];
	const reader = request.body?.getReader() ?? null;
	let size = 0;
	for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader?.read()) {
		size += read.value.length;
		if (size > bytesMax) {
			await drain(reader);
			throw tooLarge(bytesMax);
		}
		parts.push(read.value);
	}
	const whole = new Uint8Array(size);
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}

/** Before a refusal that no byte of the body was needed for: reads what the client is still sending, unless that is little or endless. */
export async function throwAwayBody(request: Request): Promise<void> {
	const declared = Number(request.headers.get('content-length') ?? DRAIN_BYTES_MAX);
	if (declared < UNREAD_BYTES_MAX || declared > DRAIN_BYTES_MAX || request.body === null || request.bodyUsed || request.body.locked) return;
	await drain(request.body.getReader());
}

/** Until the end, the bound, or a pause: a client that waits for the answer now can read it. */
async function drain(reader: ReadableStreamDefaultReader<Uint8Array> | null): Promise<void> {
	if (reader === null) return;
	let left = DRAIN_BYTES_MAX;
	while (left > 0) {
		const read = await Promise.race([reader.read(), scheduler.wait(DRAIN_PAUSE_MS)]);
		if (read === undefined || read.done) return;
		left -= read.value.length;
	}
}

function tooLarge(bytesMax: number): LongshoreError {
	return new LongshoreError('body_too_large', `request body is larger than the limit of ${bytesMax} bytes (${bytesMax / 1024 / 1024} MiB): send less, or pass a URL to the data`);
}
