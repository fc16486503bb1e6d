import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Standstill, watchStandstill } from '../../../gpu-worker/src/agent/standstill.ts';

let nowMs = 0;
let watch: Standstill;
/** Time passes and timers run. */
const live = (ms: number): void => {
	for (let end = nowMs + ms; nowMs < end; ) {
		nowMs += 100;
		vi.advanceTimersByTime(100);
	}
};

beforeEach(() => {
	vi.useFakeTimers();
	nowMs = 1_000;
	watch = watchStandstill({ nowMs: () => nowMs, wallMs: () => nowMs, random: () => 0.5 });
});
afterEach(() => {
	watch.close();
	vi.useRealTimers();
});

test('a process that runs, however long, did not stand still', () => {
	expect(watch.justNowMs()).toBeNull();
	live(60_000);
	expect(watch.justNowMs()).toBeNull();
});

test('a short pause is none', () => {
	live(2_000);
	nowMs += 4_000;
	expect(watch.justNowMs()).toBeNull();
});

test('a message that is read before any timer has run learns of the pause, and so do those of the next second', () => {
	live(2_000);
	nowMs += 20_000;
	expect(watch.justNowMs()).toBeGreaterThanOrEqual(20_000);
	live(900);
	expect(watch.justNowMs()).toBeGreaterThanOrEqual(20_000);
	live(200);
	expect(watch.justNowMs()).toBeNull();
});

test('a pause that a timer notices first is told as well', () => {
	live(2_000);
	nowMs += 20_000;
	vi.advanceTimersByTime(500);
	expect(watch.justNowMs()).toBeGreaterThanOrEqual(20_000);
});
