import { describe, expect, test } from 'vitest';
import { inLanes, playApart } from './lanes.ts';
import { addCounts, findVacuous } from './minima.ts';
import { formatHistory } from './report.ts';

/** Together they meet every kind of fault; `npm run dst` plays many more, and longer. */
const SEEDS = [1, 2, 3];
const HOURS = 1;

describe('simulated histories', { timeout: 600_000 }, () => {
	const play = (seed: number) => playApart({ seed, hours: HOURS, faults: null, jobs: null });
	const played = inLanes(SEEDS, play);

	test('no job is lost, ends twice or goes back, whatever fails', async () => {
		for (const result of await played) expect(result.violations, formatHistory(result)).toEqual([]);
	});

	test('every kind of fault and every invariant was met', async () => {
		expect(findVacuous(addCounts((await played).map(({ counts }) => counts)), SEEDS.length * HOURS)).toEqual([]);
	});

	test('a history is the same whenever it is played', async () => {
		const [first] = await played;
		const again = await play(SEEDS[0] as number);
		expect(again.events).toBe(first?.events);
		expect(again.hash).toBe(first?.hash);
	});
});
