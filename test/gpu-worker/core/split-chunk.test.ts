import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { FRAME_BYTES_MAX, splitChunk } from '../../../gpu-worker/src/core/split-chunk.ts';

test('a chunk that fits stays as it is written', () => {
	expect(splitChunk('{"a": 1.0}', 10, 100)).toEqual(['{"a": 1.0}']);
});

test('RunPod’s megabyte is one chunk, whatever it holds', () => {
	const json = JSON.stringify({ image: 'A'.repeat(1_000_000 - 12) });
	expect(json).toHaveLength(1_000_000);
	expect(splitChunk(json, json.length)).toEqual([json]);
});

test('pieces are as long as they may be', () => {
	const json = JSON.stringify('z'.repeat(2_500_000));
	expect(splitChunk(json, json.length).map(({ length }) => length)).toEqual([FRAME_BYTES_MAX, FRAME_BYTES_MAX, 500_006]);
});

test('a long string becomes strings that together are it, each within the bound', () => {
	void fc.assert(
		fc.property(fc.string({ unit: 'binary', minLength: 30 }), (text) => {
			const json = JSON.stringify(text);
			const pieces = splitChunk(json, Buffer.byteLength(json), 32);
			expect(pieces.map((piece) => JSON.parse(piece) as string).join('')).toBe(text);
			for (const piece of pieces) expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(32);
		}),
	);
});

test('any other long value becomes the pieces of its text', () => {
	const json = JSON.stringify({ list: Array.from({ length: 20 }, (_, n) => n) });
	const pieces = splitChunk(json, json.length, 32);
	expect(pieces.length).toBeGreaterThan(1);
	expect(pieces.map((piece) => JSON.parse(piece) as string).join('')).toBe(json);
});
