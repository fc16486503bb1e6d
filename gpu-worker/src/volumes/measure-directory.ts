/**
 * Adds up what lies in a directory that workers write to at the same time. It never leaves the directory, whatever they put in the
 * place of what it has just seen: every step down goes through an open handle and follows no link.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, opendir, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** As `st_blocks` counts. */
const BLOCK_BYTES = 512;
/** Handles that are open at one time; what lies deeper is not counted. */
const DEPTH_MAX = 200;

/** Bytes on disk. A directory that is a file system of its own is asked for, without a walk. */
export async function measureDirectory(path: string): Promise<number> {
	const [own, above] = await Promise.all([stat(path), stat(dirname(path))]);
	if (own.dev !== above.dev) {
		const { blocks, bfree, bsize } = await statfs(path);
		return (blocks - bfree) * bsize;
	}
	const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
	return walk(handle, own.dev, new Set(), 1);
}

/** Closes the handle. */
async function walk(handle: FileHandle, device: number, counted: Set<number>, depth: number): Promise<number> {
	let sum = 0;
	const here = `/proc/self/fd/${handle.fd}`;
	try {
		for await (const { name } of await opendir(here)) {
			// What has gone meanwhile takes no room any more.
			const info = await lstat(`${here}/${name}`).catch(() => null);
			if (info === null || info.dev !== device || (info.nlink > 1 && !info.isDirectory() && counted.has(info.ino))) continue;
			if (info.nlink > 1) counted.add(info.ino);
			sum += info.blocks * BLOCK_BYTES;
			if (!info.isDirectory() || depth >= DEPTH_MAX) continue;
			const below = await open(`${here}/${name}`, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(() => null);
			if (below !== null) sum += await walk(below, device, counted, depth + 1);
		}
	} finally {
		await handle.close();
	}
	return sum;
}
