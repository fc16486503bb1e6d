/** The window behind the rate limits: exact within one slice, whatever the arrivals. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countEvent, createWindow, WINDOW_MS } from '../../../edge/src/core/sliding-window.ts';

const SLICE_MS = WINDOW_MS / 100;

describe('countEvent', () => {
	test('lets exactly the limit through at one moment', () => {
		const window = createWindow();
		const outcomes = Array.from({ length: 1_001 }, () => countEvent(window, 1_000, 1_700_000_000_000));
		expect(outcomes.filter((outcome) => outcome === 'counted')).toHaveLength(1_000);
		expect(outcomes.at(-1)).not.toBe('counted');
	});

	test('has room again when the window has passed, and says when', () => {
		const window = createWindow();
		const now = 1_700_000_000_050;
		countEvent(window, 1, now);
		const refused = countEvent(window, 1, now + 10);
		expect(refused).not.toBe('counted');
		const retryAfterMs = refused === 'counted' ? 0 : refused.retryAfterMs;
		expect(retryAfterMs).toBeGreaterThan(0);
		expect(retryAfterMs).toBeLessThanOrEqual(WINDOW_MS);
		expect(countEvent(window, 1, now + 10 + retryAfterMs)).toBe('counted');
	});

	test('forgets everything after a pause longer than the window', () => {
		const window = createWindow();
		for (let i = 0; i < 10; i++) countEvent(window, 10, 1_000_000 + i * SLICE_MS);
		expect(countEvent(window, 10, 1_000_000 + 3 * WINDOW_MS)).toBe('counted');
		expect(window.total).toBe(1);
	});

	test('never counts more than the limit in any window, and refuses only when the window is full but for one slice', () => {
		const gaps = fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 300 });
		fc.assert(
			fc.property(gaps, fc.integer({ min: 1, max: 20 }), (gapsMs, limit) => {
				const window = createWindow();
				const counted: number[] = [];
				let now = 1_700_000_000_000;
				for (const gapMs of gapsMs) {
					now += gapMs;
					const inside = (lengthMs: number): number => counted.filter((at) => at > now - lengthMs).length;
					if (countEvent(window, limit, now) === 'counted') {
						counted.push(now);
						expect(inside(WINDOW_MS - SLICE_MS)).toBeLessThanOrEqual(limit);
					} else expect(inside(WINDOW_MS + SLICE_MS)).toBeGreaterThanOrEqual(limit);
				}
			}),
		);
	});
});
