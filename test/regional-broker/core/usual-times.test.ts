import { expect, it } from 'vitest';
import { FIRST_TIMES, noteRun, noteStart, type UsualTimes } from '../../../regional-broker/src/core/usual-times.ts';

const after = (times: number, note: (times: UsualTimes, ms: number) => UsualTimes, ms: number): UsualTimes =>
	Array.from({ length: times }).reduce<UsualTimes>((belief) => note(belief, ms), FIRST_TIMES);

it('comes to what is seen again and again, and is moved little by one', () => {
	expect(after(60, noteStart, 2_000).startMs).toBeCloseTo(2_000, -2);
	expect(after(400, noteRun, 50).runMs).toBeCloseTo(50, -1);
	expect(Math.abs(noteStart(FIRST_TIMES, 0).startMs / FIRST_TIMES.startMs - 0.9)).toBeLessThan(1e-9);
	expect(Math.abs(noteRun(FIRST_TIMES, 0).runMs / FIRST_TIMES.runMs - 0.98)).toBeLessThan(1e-9);
});

it('keeps starts and runs apart', () => {
	expect(noteStart(FIRST_TIMES, 1).runMs).toBe(FIRST_TIMES.runMs);
	expect(noteRun(FIRST_TIMES, 1).startMs).toBe(FIRST_TIMES.startMs);
});
