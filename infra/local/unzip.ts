/** Reads one file out of a ZIP archive held in memory: all that a Python wheel asks for. */
import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER_BYTES = 30;

/** Content of the first entry whose name ends with `suffix`. Throws when there is none or its packing is neither stored nor deflate. */
export function readZipEntry(archive: Buffer, suffix: string): Buffer {
	const end = findEndOfDirectory(archive);
	const count = archive.readUInt16LE(end + 10);
	let at = archive.readUInt32LE(end + 16);
	for (let i = 0; i < count; i++) {
		if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('ZIP archive: broken directory');
		const nameBytes = archive.readUInt16LE(at + 28);
		const name = archive.toString('utf8', at + 46, at + 46 + nameBytes);
		if (name.endsWith(suffix)) return unpack(archive, at);
		at += 46 + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
	}
	throw new Error(`ZIP archive: no entry ends with ${suffix}`);
}

function findEndOfDirectory(archive: Buffer): number {
	for (let at = archive.length - 22; at >= Math.max(0, archive.length - 22 - 0xffff); at--) {
		if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
	}
	throw new Error('not a ZIP archive');
}

function unpack(archive: Buffer, entryAt: number): Buffer {
	const method = archive.readUInt16LE(entryAt + 10);
	const packedBytes = archive.readUInt32LE(entryAt + 20);
	const localAt = archive.readUInt32LE(entryAt + 42);
	const start = localAt + LOCAL_HEADER_BYTES + archive.readUInt16LE(localAt + 26) + archive.readUInt16LE(localAt + 28);
	const packed = archive.subarray(start, start + packedBytes);
	if (method === 0) return packed;
	if (method === 8) return inflateRawSync(packed);
	throw new Error(`ZIP archive: packing method ${method} is not supported`);
}
