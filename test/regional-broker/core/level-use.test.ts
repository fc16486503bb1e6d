import { expect, test } from 'vitest';
import { NO_LEVEL_USE, noteLevel, recentPeak } from '../../../regional-broker/src/core/level-use.ts';

/** Needs at their times, in order. */
function after(...needs: readonly (readonly [atMs: number, needed: number])[]) {
	return needs.reduce((use, [atMs, needed]) => noteLevel(use, needed, atMs, 10), NO_LEVEL_USE);
}

test('a pool that nobody needed has no peak', () => {
	expect(recentPeak(NO_LEVEL_USE, 0, 5_000)).toEqual({ workers: 0, fallsInMs: null });
});

test('what is needed now is the least of the peak and does not run out', () => {
	expect(recentPeak(after([0, 3]), 1_000_000, 5_000)).toEqual({ workers: 3, fallsInMs: null });
});

test('a level counts until the window has passed since it was last needed', () => {
	const use = after([0, 2], [1_000, 0]);
	expect(recentPeak(use, 5_999, 5_000)).toEqual({ workers: 2, fallsInMs: 1 });
	expect(recentPeak(use, 6_000, 5_000)).toEqual({ workers: 0, fallsInMs: null });
});

test('levels run out one by one, the highest first', () => {
	const use = after([0, 3], [1_000, 1], [4_000, 0]);
	expect(recentPeak(use, 5_000, 5_000)).toEqual({ workers: 3, fallsInMs: 1_000 });
	expect(recentPeak(use, 6_000, 5_000)).toEqual({ workers: 1, fallsInMs: 3_000 });
});

test('the same need again and again does not make a higher level younger', () => {
	expect(recentPeak(after([0, 4], [1_000, 1], [2_000, 1], [3_000, 0], [3_500, 1]), 6_000, 5_000).workers).toBe(1);
});

test('more levels than allowed are not remembered', () => {
	expect(recentPeak(noteLevel(NO_LEVEL_USE, 1_000, 0, 10), 0, 5_000).workers).toBe(10);
});
