/** Short keyed checks in ids, so that a made-up id is refused before any storage is touched. */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** The first `bytes` bytes of HMAC-SHA256 of `text` under the base64 key. */
export function macOf(keyBase64: string, text: string, bytes: number): Uint8Array {
	return Buffer.from(createHmac('sha256', keyBase64).update(text).digest()).subarray(0, bytes);
}

/** Constant-time comparison of two short byte strings. */
export function sameMac(a: Uint8Array, b: Uint8Array): boolean {
	return a.length === b.length && timingSafeEqual(a, b);
}
