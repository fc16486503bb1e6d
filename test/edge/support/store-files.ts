/** The bytes of an edge's store, every file of it, as somebody with the disk in hand would see them. */

import { createDecipheriv } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRows } from './read-rows.ts';
import type { Edge } from './start-edge.ts';

/** Files below `directory` that hold the bytes. */
export function filesHolding(directory: string, bytes: string | Buffer): string[] {
	return readdirSync(directory, { recursive: true, withFileTypes: true, encoding: 'utf8' })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.filter((path) => read(path).includes(bytes));
}

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

/** A file may go while the directory is read: workerd closes objects by itself. */
function read(path: string): Buffer {
	try {
		return readFileSync(path);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
		throw error;
	}
}
