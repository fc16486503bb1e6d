/** Framed bodies: one JSON head line, then raw byte frames, so that payloads and results pass through untouched and unparsed. */

const NEWLINE = 10;

/** Joins a JSON head and its frames. The head names each frame's length itself (`bytes` fields), in order. */
export function encodeFramed(head: unknown, frames: readonly Uint8Array[], encode: (text: string) => Uint8Array): Uint8Array {
	const line = encode(`${JSON.stringify(head)}\n`);
	let size = line.length;
	for (const frame of frames) size += frame.length;
	const body = new Uint8Array(size);
	body.set(line, 0);
	let at = line.length;
	for (const frame of frames) {
		body.set(frame, at);
		at += frame.length;
	}
	return body;
}

/** The head (unparsed schema) and the bytes behind it. Throws `SyntaxError` when there is no head line or it is not JSON. */
export function decodeFramed(body: Uint8Array, decode: (bytes: Uint8Array) => string): { head: unknown; rest: Uint8Array } {
	const end = body.indexOf(NEWLINE);
	if (end < 0) throw new SyntaxError('framed body has no head line');
	return { head: JSON.parse(decode(body.subarray(0, end))), rest: body.subarray(end + 1) };
}

/** Cuts `rest` into views of the given lengths. Throws `RangeError` unless they fill it exactly. */
export function cutFrames(rest: Uint8Array, lengths: readonly number[]): Uint8Array[] {
	const frames: Uint8Array[] = [];
	let at = 0;
	for (const length of lengths) {
		frames.push(rest.subarray(at, at + length));
		at += length;
	}
	if (at !== rest.length) throw new RangeError(`frames take ${at} bytes, body has ${rest.length}`);
	return frames;
}
