/** Splits a stream chunk that one event cannot carry. */
import { BUS_MESSAGE_BYTES_MAX, STREAM_CHUNK_BYTES_MAX } from '@longshore/shared-schema/limits';

/** Room for an event message's head and headers beside the one frame that fills it. Bytes. */
const HEAD_BYTES_MAX = 16 * 1024;
/** Largest frame that an event may have: what a chunk may be, within what one message on the bus may be. Bytes. */
export const FRAME_BYTES_MAX: number = Math.min(STREAM_CHUNK_BYTES_MAX, BUS_MESSAGE_BYTES_MAX - HEAD_BYTES_MAX);

const encoder = new TextEncoder();

/**
 * JSON texts that together carry `json`: itself when it fits `bytesMax`. A longer string becomes several strings; any other value
 * becomes the pieces of its JSON text, as strings, since a piece of an object is no JSON by itself.
 */
export function splitChunk(json: string, byteLength: number, bytesMax: number = FRAME_BYTES_MAX): string[] {
	if (byteLength <= bytesMax) return [json];
	const value: unknown = JSON.parse(json);
	const text = typeof value === 'string' ? value : json;
	const pieces: string[] = [];
	for (let at = 0; at < text.length; ) {
		const end = endOfPiece(text, at, bytesMax);
		pieces.push(JSON.stringify(text.slice(at, end)));
		at = end;
	}
	return pieces;
}

/** Where a piece that begins at `at` ends, so that its JSON text fits. A UTF-16 unit takes one to six bytes there. */
function endOfPiece(text: string, at: number, bytesMax: number): number {
	for (let units = bytesMax - 2; ; ) {
		const end = cutAt(text, at + units);
		const bytes = encoder.encode(JSON.stringify(text.slice(at, end))).length;
		if (bytes <= bytesMax) return end;
		units = Math.max(2, Math.min(units - 1, Math.floor((units * bytesMax) / bytes)));
	}
}

/** Not between the two units of a pair. */
function cutAt(text: string, end: number): number {
	if (end >= text.length) return text.length;
	const before = text.charCodeAt(end - 1);
	return before >= 0xd800 && before <= 0xdbff ? end - 1 : end;
}
