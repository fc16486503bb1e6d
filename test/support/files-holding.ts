/** Looks for bytes in every file of a directory. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files below `directory` that hold the bytes. */
export function filesHolding(directory: string, bytes: string | Buffer): string[] {
	return readdirSync(directory, { recursive: true, withFileTypes: true, encoding: 'utf8' })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name))
		.filter((path) => read(path).includes(bytes));
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
