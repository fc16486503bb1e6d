/** Splits a stream chunk that one event cannot carry. */
import { EVENT_MESSAGE_BYTES_MAX, STREAM_CHUNK_BYTES_MAX } from '@longshore/shared-schema/limits';

/** Room for an event message's head beside the one frame that fills it. Bytes. */
const HEAD_BYTES_MAX = 4 * 1024;
/** Largest frame that an event may have: what a chunk may be, within what one message on the bus may be. Bytes. */
export const FRAME_BYTES_MAX: number = Math.min(STREAM_CHUNK_BYTES_MAX, EVENT_MESSAGE_BYTES_MAX - HEAD_BYTES_MAX);
/** A UTF-16 unit takes at most six bytes of JSON text (`\u001f`). */
const JSON_BYTES_PER_UNIT = 6;

/**
 * JSON texts that together carry `json`: itself when it fits `bytesMax`. A longer string becomes several strings; any other value
 * becomes the pieces of its JSON text, as strings, since a piece of an object is no JSON by itself.
 */
export function splitChunk(json: string, byteLength: number, bytesMax: number = FRAME_BYTES_MAX): string[] {
	if (byteLength <= bytesMax) return [json];
	const value: unknown = JSON.parse(json);
	const text = typeof value === 'string' ? value : json;
	const step = Math.max(2, Math.floor((bytesMax - 2) / JSON_BYTES_PER_UNIT));
	const pieces: string[] = [];
	for (let at = 0; at < text.length; ) {
		let end = Math.min(text.length, at + step);
		if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--;
		pieces.push(JSON.stringify(text.slice(at, end)));
		at = end;
	}
	return pieces;
}

function isHighSurrogate(code: number): boolean {
	return code >= 0xd800 && code <= 0xdbff;
}
