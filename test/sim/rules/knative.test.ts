import { expect, test } from 'vitest';
import { inputWith } from '../support.ts';
import { endpointWith } from '../synthetic.ts';
import { KPA_DEFAULTS, type KpaState, knative, kpaDecide } from './knative.ts';

const CALM: KpaState = { stableAverage: 0, panicAverage: 0, ready: 0, panicSinceMs: null, panicPeak: 0 };

test.each([
	[0.7, 1],
	[0.71, 2],
	[7, 10],
	[7.1, 11],
])('average concurrency %f wants %i workers: ceil(average / (1 × 70 %%))', (stableAverage, workers) => {
	expect(kpaDecide({ ...CALM, stableAverage, panicAverage: stableAverage, ready: workers }, 0, KPA_DEFAULTS).workers).toBe(workers);
});

test('the number at most halves in one decision', () => {
	expect(kpaDecide({ ...CALM, stableAverage: 0.5, panicAverage: 0.5, ready: 10 }, 0, KPA_DEFAULTS).workers).toBe(5);
	expect(kpaDecide({ ...CALM, ready: 1 }, 0, KPA_DEFAULTS).workers).toBe(0);
});

test('the number rises at most by the scale-up rate', () => {
	expect(kpaDecide({ ...CALM, stableAverage: 70, panicAverage: 70, ready: 4 }, 0, { ...KPA_DEFAULTS, maxScaleUpRate: 3 }).workers).toBe(12);
});

test('panic begins at twice the capacity in the panic window, lasts a stable window after its last confirmation, and only rises meanwhile', () => {
	const begun = kpaDecide({ ...CALM, stableAverage: 1, panicAverage: 2.8, ready: 2 }, 1_000, KPA_DEFAULTS);
	expect(begun).toEqual({ workers: 4, panicSinceMs: 1_000, panicPeak: 4 });
	const calmer = { ...CALM, stableAverage: 1, panicAverage: 0.5, ready: 4, panicSinceMs: 1_000, panicPeak: 4 };
	expect(kpaDecide(calmer, 61_000, KPA_DEFAULTS)).toEqual({ workers: 4, panicSinceMs: 1_000, panicPeak: 4 });
	expect(kpaDecide(calmer, 61_001, KPA_DEFAULTS)).toEqual({ workers: 2, panicSinceMs: null, panicPeak: 0 });
});

test('below twice the capacity the stable window decides', () => {
	expect(kpaDecide({ ...CALM, stableAverage: 1, panicAverage: 2, ready: 2 }, 0, KPA_DEFAULTS)).toMatchObject({ workers: 2, panicSinceMs: null });
});

test('the first request of an endpoint at zero starts a worker at once; everything else waits for the next tick of 2 s', () => {
	const rule = knative('k').create(endpointWith('e', {}), 1);
	expect(rule.decide(inputWith({ nowMs: 500, queued: 1 }), 'event')).toEqual({ workers: 1, stops: [], wakeAtMs: 2_000 });
	expect(rule.decide(inputWith({ nowMs: 600, queued: 9, serving: 1, starting: 1 }), 'event').workers).toBe(1);
});

test('averages are over time: one request throughout a full window is an average of 1', () => {
	const rule = knative('k').create(endpointWith('e', {}), 1);
	const busy = { running: 1, serving: 1, workers: [{ id: 'w', state: 'busy' as const, outdated: false, idleMs: 0 }] };
	let decision = rule.decide(inputWith({ ...busy, nowMs: 0 }), 'event');
	for (let nowMs = 2_000; nowMs <= 120_000; nowMs += 2_000) decision = rule.decide(inputWith({ ...busy, nowMs }), 'timer');
	expect(decision.workers).toBe(2);
});

test('the last worker goes when the stable window is empty and the grace has passed', () => {
	const rule = knative('k').create(endpointWith('e', {}), 1);
	const idle = { serving: 1, slotsFree: 1, workers: [{ id: 'w', state: 'idle' as const, outdated: false, idleMs: 1 }] };
	rule.decide(inputWith({ nowMs: 0, running: 1, serving: 1, workers: [{ id: 'w', state: 'busy', outdated: false, idleMs: 0 }] }), 'event');
	rule.decide(inputWith({ ...idle, nowMs: 1_000 }), 'event');
	let goneAtMs = 0;
	for (let nowMs = 2_000; nowMs <= 120_000 && goneAtMs === 0; nowMs += 2_000) if (rule.decide(inputWith({ ...idle, nowMs }), 'timer').stops.length > 0) goneAtMs = nowMs;
	// Used until 1 s; the window of 60 s is empty at 62 s; 30 s of grace.
	expect(goneAtMs).toBe(92_000);
});
