/** Sealing: every length comes back, no key stream is used twice, and only the right key reads a text. */
import { createDecipheriv, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sealBytes, TextSeal } from '../../../edge/src/stores/text-seal.ts';

const LENGTHS = [0, 1, 15, 16, 17, 300, 8 * 1024, 8 * 1024 + 1, 64 * 1024, 1_048_577];

function sealWith(...keys: { gen: number; key: Uint8Array }[]): TextSeal {
	const seal = new TextSeal();
	for (const key of keys) seal.add(key);
	return seal;
}

describe('a sealed text', () => {
	test.each(LENGTHS)('of %i bytes comes back, from the same object and from one that only has the key', (length) => {
		const key = { gen: 7, key: new Uint8Array(randomBytes(32)) };
		const seal = sealWith(key);
		for (const text of [randomBytes(length), randomBytes(length)]) {
			const sealed = seal.seal(7, text);
			expect(sealed.length).toBe(length + sealBytes(7));
			expect(Buffer.from(seal.open(7, sealed)).equals(text)).toBe(true);
			expect(Buffer.from(sealWith(key).open(7, sealed.slice().buffer)).equals(text)).toBe(true);
		}
	});

	test('is plain AES-256-CTR: its first 16 bytes are the counter block', () => {
		const key = new Uint8Array(randomBytes(32));
		const seal = sealWith({ gen: 1, key });
		for (let i = 0; i < 300; i++) {
			const text = randomBytes(i * 7);
			const sealed = seal.seal(1, text);
			expect(createDecipheriv('aes-256-ctr', key, sealed.subarray(0, 16)).update(sealed.subarray(16)).equals(text)).toBe(true);
		}
	});

	test('shares no block of key stream with another, large and small mixed', () => {
		const seal = sealWith({ gen: 1, key: new Uint8Array(randomBytes(32)) });
		const streams = Array.from({ length: 400 }, (_, i) => {
			const sealed = seal.seal(1, new Uint8Array(i % 50 === 0 ? 20_000 : i * 3)).subarray(16);
			return Array.from({ length: Math.floor(sealed.length / 16) }, (_, block) => Buffer.from(sealed.subarray(block * 16, block * 16 + 16)).toString('hex'));
		}).flat();
		expect(new Set(streams).size).toBe(streams.length);
	});

	test('cannot be read once its key is forgotten, nor under another', () => {
		const seal = sealWith({ gen: 1, key: new Uint8Array(randomBytes(32)) }, { gen: 2, key: new Uint8Array(randomBytes(32)) });
		const sealed = seal.seal(1, Buffer.from('secret'));
		expect(Buffer.from(seal.open(2, sealed)).toString()).not.toBe('secret');
		seal.forget(1);
		expect(() => seal.open(1, sealed)).toThrow(/key 1 .* gone/);
	});
});

test('a text from before there were keys reads as it is', () => {
	const seal = new TextSeal();
	expect(Buffer.from(seal.open(0, 'as it was')).toString()).toBe('as it was');
	expect(Buffer.from(seal.open(0, new Uint8Array([1, 2, 3]).buffer))).toEqual(Buffer.from([1, 2, 3]));
});
