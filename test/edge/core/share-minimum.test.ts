import { describe, expect, test } from 'vitest';
import { type MinimumPlace, shareMinimum } from '../../../edge/src/core/share-minimum.ts';

const place = (region: string, workersMax: number, within: number): MinimumPlace => ({ region, workersMax, within });

describe('the minimum of workers', () => {
	test.each<[string, number, MinimumPlace[], Record<string, number>]>([
		['goes to the preferred region while it has room', 2, [place('a', 4, 4), place('b', 4, 4)], { a: 2, b: 0 }],
		['passes over a region that is full', 1, [place('a', 4, 0), place('b', 4, 4)], { a: 0, b: 1 }],
		['is divided where no region has room for all of it', 5, [place('a', 4, 2), place('b', 4, 3)], { a: 2, b: 3 }],
		['waits in the preferred region for what nobody has room for', 5, [place('a', 4, 1), place('b', 4, 1)], { a: 4, b: 1 }],
		['never exceeds a region’s maximum', 9, [place('a', 2, 8), place('b', 3, 0)], { a: 2, b: 3 }],
		['is nothing when there is none', 0, [place('a', 4, 4)], { a: 0 }],
	])('%s', (_, workersMin, places, expected) => {
		expect(Object.fromEntries(shareMinimum(workersMin, places))).toEqual(expected);
	});
});
