import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backoffMs } from '../../../gpu-worker/src/core/backoff.ts';

/** Just below 1, the most that a source of randomness gives. */
const ALMOST_ONE = 1 - Number.EPSILON / 2;
const random = fc.double({ min: 0, max: ALMOST_ONE, noNaN: true });
const bounds = fc.tuple(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 0, max: 1_000_000 })).map(([baseMs, moreMs]) => ({ baseMs, maxMs: baseMs + moreMs }));
const tries = fc.integer({ min: 0, max: 100_000 });

describe('the wait before the next try', () => {
	test.each([
		[0, 0, 50],
		[0, 0.5, 75],
		[1, 0, 100],
		[2, 0, 200],
		[3, 0.5, 600],
		[4, 0, 500],
		[4, 0.5, 750],
		[1_000_000, 0.5, 750],
	])('after %i tries, at random %f, of 100 up to 1000 ms, is %f ms', (tried, chance, waitMs) => {
		expect(backoffMs(tried, 100, 1_000, chance)).toBe(waitMs);
	});

	test('doubles with every try until it is at its limit, and stays there', () => {
		fc.assert(
			fc.property(tries, bounds, random, (tried, { baseMs, maxMs }, chance) => {
				const before = backoffMs(tried, baseMs, maxMs, chance);
				const next = backoffMs(tried + 1, baseMs, maxMs, chance);
				const atLimit = backoffMs(100_000, baseMs, maxMs, chance);
				expect(next).toBeCloseTo(Math.min(2 * before, atLimit), 6);
			}),
		);
	});

	test('lies in the upper half of its step: never over the limit, never so short that tries pile up', () => {
		fc.assert(
			fc.property(tries, bounds, random, (tried, { baseMs, maxMs }, chance) => {
				const waitMs = backoffMs(tried, baseMs, maxMs, chance);
				expect(waitMs).toBeGreaterThanOrEqual(baseMs / 2);
				expect(waitMs).toBeLessThanOrEqual(maxMs);
				expect(waitMs).toBeGreaterThanOrEqual(backoffMs(tried, baseMs, maxMs, ALMOST_ONE) / 2);
			}),
		);
	});

	test('spreads hosts that failed together over half of the step', () => {
		fc.assert(
			fc.property(tries, bounds, (tried, { baseMs, maxMs }) => {
				const soonest = backoffMs(tried, baseMs, maxMs, 0);
				expect(backoffMs(tried, baseMs, maxMs, 0.5)).toBeCloseTo(1.5 * soonest, 6);
				expect(backoffMs(tried, baseMs, maxMs, ALMOST_ONE)).toBeCloseTo(2 * soonest, 6);
			}),
		);
	});

	test('is the limit from the first try on when the limit lies below the base', () => {
		expect(backoffMs(0, 5_000, 1_000, 0)).toBe(500);
		expect(backoffMs(7, 5_000, 1_000, 0)).toBe(500);
	});
});
