import { expect, test } from 'vitest';
import { countOne, NO_STARTS, noteStart } from '../../../gpu-worker/src/core/start-figures.ts';

test('cold and frozen starts are kept apart, each with its last and its total time', () => {
	const figures = noteStart(noteStart(noteStart(NO_STARTS, 'cold', 900), 'frozen', 20), 'frozen', 30);
	expect(figures.cold).toEqual({ starts: 1, lastMs: 900, totalMs: 900 });
	expect(figures.frozen).toEqual({ starts: 2, lastMs: 30, totalMs: 50 });
});

test('what is only counted is counted, and nothing else changes', () => {
	expect(countOne(countOne(NO_STARTS, 'thawsFailed'), 'evicted')).toEqual({ ...NO_STARTS, thawsFailed: 1, evicted: 1 });
});
