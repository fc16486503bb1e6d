import { expect, test } from 'vitest';
import { shareOut } from '../../../gpu-worker/src/core/share-out.ts';

const take = (room: number, load = 0, refused: string[] = []) => ({ room, load, refuses: (jobId: string) => refused.includes(jobId) });

test('jobs spread evenly over workers', () => {
	expect(shareOut(['a', 'b', 'c', 'd'], [take(4), take(4)])).toEqual([0, 1, 0, 1]);
});

test('the worker with fewer jobs in hand comes first', () => {
	expect(shareOut(['a', 'b'], [take(4, 2), take(4, 0)])).toEqual([1, 1]);
});

test('what finds no room stays', () => {
	expect(shareOut(['a', 'b', 'c'], [take(1), take(1)])).toEqual([0, 1, -1]);
	expect(shareOut(['a'], [])).toEqual([-1]);
});

test('a worker does not get a second attempt of a job that it has', () => {
	expect(shareOut(['a', 'b'], [take(2, 0, ['a'])])).toEqual([-1, 0]);
});
