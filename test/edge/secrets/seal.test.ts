import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSealer, SealError } from '../../../edge/src/secrets/seal.ts';

const key = (): string => randomBytes(32).toString('base64');

describe('a sealed text', () => {
	const sealer = createSealer([key()]);

	test('opens to what it was, in its place', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, place) => {
				expect(sealer.open(sealer.seal(text, place), place)).toBe(text);
			}),
		);
	});

	test('does not show the text, and is another one each time', () => {
		const text = 'correct horse battery staple';
		const [one, two] = [sealer.seal(text, 'a'), sealer.seal(text, 'a')];
		expect(one).not.toBe(two);
		for (const sealed of [one, two]) expect(Buffer.from(sealed.split('.')[2] ?? '', 'base64url').includes(text)).toBe(false);
	});

	test('does not open in another place', () => {
		expect(() => sealer.open(sealer.seal('x', 'account/secret/a'), 'account/secret/b')).toThrow(SealError);
	});

	test('does not open when one character is changed, cut off or added', () => {
		const sealed = sealer.seal('some text', 'a');
		for (let at = 0; at < sealed.length; at++) {
			const flipped = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
			// The last character of base64url may hold bits that say nothing.
			if (at < sealed.length - 1) expect(() => sealer.open(flipped, 'a'), `character ${at}`).toThrow(SealError);
		}
		for (const damaged of ['', 's1', 's1..', sealed.slice(0, -4), `${sealed}AAAA`]) expect(() => sealer.open(damaged, 'a')).toThrow(SealError);
	});

	test('says nothing of the text when it does not open', () => {
		const sealed = sealer.seal('hunter2', 'a');
		try {
			sealer.open(sealed, 'b');
			expect.unreachable();
		} catch (error) {
			expect(String(error)).not.toContain('hunter2');
			expect(String(error)).not.toContain(sealed);
		}
	});
});

test('a new key seals, the one before it still opens, and a third does not', () => {
	const [old, current, other] = [key(), key(), key()];
	const sealed = createSealer([old]).seal('x', 'a');
	const rotated = createSealer([current, old]);
	expect(rotated.open(sealed, 'a')).toBe('x');
	expect(createSealer([current]).open(rotated.seal('y', 'a'), 'a')).toBe('y');
	expect(() => createSealer([other]).open(sealed, 'a')).toThrow(/key that this edge does not have/);
});
