/** Reads a request's body up to a bound, refusing a larger one as early as it shows. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';

/** The whole body. Throws `body_too_large` by `Content-Length` at once, else when the bound is passed. */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array> {
	const declared = Number(request.headers.get('content-length') ?? Number.NaN);
	if (declared > bytesMax) throw tooLarge(bytesMax);
	if (!Number.isNaN(declared)) return request.bytes();
	return readChunked(request, bytesMax);
}

async function readChunked(request: Request, bytesMax: number): Promise<Uint8Array> {
	const parts: Uint8Array[] = [];
	let size = 0;
	for await (const part of request.body ?? []) {
		size += part.length;
		if (size > bytesMax) throw tooLarge(bytesMax);
		parts.push(part);
	}
	const whole = new Uint8Array(size);
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}

function tooLarge(bytesMax: number): LongshoreError {
	return new LongshoreError('body_too_large', `request body is larger than the limit of ${bytesMax} bytes (${bytesMax / 1024 / 1024} MiB): send less, or pass a URL to the data`);
}
