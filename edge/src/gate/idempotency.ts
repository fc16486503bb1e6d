/** The `Idempotency-Key` header of a submit. */
import { createHash } from 'node:crypto';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { IdempotencyKey } from '../stores/idempotency-table.ts';

/** What a key may be. */
export const IDEMPOTENCY_KEY_PATTERN: RegExp = /^[\x21-\x7e]{1,255}$/;

/** The key of a request, or null when it has none. Throws `invalid_request` for one that is too long or not printable ASCII. */
export function idempotencyKeyOf(request: Request): string | null {
	const key = request.headers.get('idempotency-key');
	if (key === null) return null;
	if (IDEMPOTENCY_KEY_PATTERN.test(key)) return key;
	throw new LongshoreError('invalid_request', 'Idempotency-Key must be 1 to 255 printable ASCII characters without spaces');
}

/** The shard of a key: always the same one, since only that shard remembers it. */
export function shardOfKey(key: string, shards: number): number {
	return (createHash('sha256').update(key).digest()[0] ?? 0) % shards;
}

/** What the store compares: a key stands for one body. Of either only a hash is kept. */
export function toIdempotencyKey(key: string, body: Uint8Array): IdempotencyKey {
	return { key: sha256(key), bodySha256: sha256(body) };
}

function sha256(of: string | Uint8Array): string {
	return Buffer.from(createHash('sha256').update(of).digest()).toString('hex');
}
