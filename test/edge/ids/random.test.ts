import { expect, test } from 'vitest';
import { randomText, takeRandom } from '../../../edge/src/ids/random.ts';

test('never gives the same bytes twice, over any number of pages', () => {
	const texts = new Set(Array.from({ length: 5_000 }, () => randomText(16)));
	expect(texts.size).toBe(5_000);
});

test('gives as many bytes as were asked for, whatever is left of a page', () => {
	for (const count of [1, 11, 4_090, 4_096, 7, 12]) expect(takeRandom(count)).toHaveLength(count);
});

test('leaves what it gave alone', () => {
	const first = takeRandom(32);
	const copy = Uint8Array.from(first);
	for (let i = 0; i < 300; i++) takeRandom(32);
	expect(first).toEqual(copy);
});

test('refuses more than a page', () => {
	expect(() => takeRandom(4_097)).toThrow(/at most 4096/);
});
