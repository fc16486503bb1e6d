/** The keys of an edge's store and what they open, as somebody with the disk in hand would see it. */

import { createDecipheriv } from 'node:crypto';
import { readRows } from './read-rows.ts';
import type { Edge } from './start-edge.ts';

/** Every key that the store's key rings hold now. */
export function textKeys(edge: Edge): { gen: number; key: Buffer }[] {
	return readRows(edge, 'KeyRing', 'keys', 'SELECT cell FROM keys')
		.map(({ cell }) => Buffer.from(cell as Uint8Array))
		.map((cell) => ({ gen: Number(cell.readBigUInt64BE(0)), key: cell.subarray(8) }))
		.filter(({ gen }) => gen !== 0);
}

/** What a sealed value says under a key: the first 16 bytes are where its key stream starts. */
export function unseal(key: Uint8Array, sealed: Uint8Array): string {
	return createDecipheriv('aes-256-ctr', key, sealed.subarray(0, 16)).update(sealed.subarray(16)).toString('utf8');
}
