import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutFrames, decodeFramed, encodeFramed } from '../../../shared-schema/src/wire/framing.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);

describe('framed bodies', () => {
	test('give back head and frames byte for byte, whatever bytes the frames hold', () => {
		fc.assert(
			fc.property(fc.jsonValue(), fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 }), (head, frames) => {
				const { head: read, rest } = decodeFramed(encodeFramed(head, frames, encode), decode);
				expect(read).toEqual(JSON.parse(JSON.stringify(head)));
				const cut = cutFrames(
					rest,
					frames.map(({ length }) => length),
				);
				expect(cut.map((frame) => [...frame])).toEqual(frames.map((frame) => [...frame]));
			}),
		);
	});

	test('a head with line breaks in its strings is still one line', () => {
		const body = encodeFramed({ text: 'a\nb' }, [encode('\n\n')], encode);
		expect(body.indexOf(10)).toBe(body.length - 3);
		expect(decodeFramed(body, decode)).toMatchObject({ head: { text: 'a\nb' }, rest: encode('\n\n') });
	});

	test.each([
		['no head line', '{"a":1}'],
		['nothing at all', ''],
		['an empty head', '\nrest'],
		['a head that is no JSON', '{"a":\nrest'],
	])('%s is a SyntaxError', (_what, text) => {
		expect(() => decodeFramed(encode(text), decode)).toThrow(SyntaxError);
	});

	test.each([
		['too long', [3, 3]],
		['too short', [2, 2]],
		['none', []],
		['far too long', [5, 1_000_000_000]],
	])('lengths that are %s for the body are a RangeError that names both', (_what, lengths) => {
		const total = lengths.reduce((sum, length) => sum + length, 0);
		expect(() => cutFrames(encode('12345'), lengths)).toThrow(new RangeError(`frames take ${total} bytes, body has 5`));
	});

	test('empty frames are frames', () => {
		expect(cutFrames(encode('ab'), [0, 2, 0]).map(decode)).toEqual(['', 'ab', '']);
		expect(cutFrames(encode(''), [])).toEqual([]);
	});
});
