import { expect, test } from 'vitest';
import { inputWith } from '../support.ts';
import { endpointWith } from '../synthetic.ts';
import { hpaStep, hpaWish, KEDA_DEFAULTS, keda } from './keda.ts';
import type { Rule } from './rule.ts';

test.each([
	[1, 5, 1],
	[5, 5, 1],
	[6, 5, 2],
	[50, 5, 10],
	[51, 5, 11],
	[3, 1, 3],
])('%i messages at %i a worker want %i workers: ceil(queue / target)', (queue, target, workers) => {
	expect(hpaWish(queue, 1, { ...KEDA_DEFAULTS, target })).toBe(workers);
});

test('within 10 % of the target nothing changes', () => {
	expect(hpaWish(54, 10, KEDA_DEFAULTS)).toBe(10);
	expect(hpaWish(56, 10, KEDA_DEFAULTS)).toBe(12);
	expect(hpaWish(46, 10, KEDA_DEFAULTS)).toBe(10);
	expect(hpaWish(44, 10, KEDA_DEFAULTS)).toBe(9);
});

test('up by at most 100 % or 4 workers a period, whichever is more', () => {
	expect(hpaStep(100, 1, [100])).toBe(5);
	expect(hpaStep(100, 10, [100])).toBe(20);
	expect(hpaStep(3, 2, [3])).toBe(3);
});

test('down only to the highest wish of the window', () => {
	expect(hpaStep(1, 10, [6, 1])).toBe(6);
	expect(hpaStep(1, 10, [12, 1])).toBe(10);
	expect(hpaStep(1, 10, [1])).toBe(1);
});

/** Asks the rule every second; the moments at which the number of workers changed. */
function changes(rule: Rule, untilS: number, queuedAt: (s: number) => number): [number, number][] {
	const seen: [number, number][] = [];
	let workers = 0;
	let wakeAtMs = 0;
	for (let nowMs = 0; nowMs <= untilS * 1_000; nowMs += 500) {
		if (nowMs % 1_000 !== 0 && nowMs < wakeAtMs) continue;
		const decision = rule.decide(inputWith({ nowMs, queued: queuedAt(nowMs / 1_000), serving: workers }), 'timer');
		wakeAtMs = decision.wakeAtMs ?? 0;
		if (decision.workers !== workers) seen.push([nowMs / 1_000, decision.workers]);
		workers = decision.workers;
	}
	return seen;
}

test('a queue is noticed within one polling interval, grows by HPA steps, and ends one cooldown after its last message', () => {
	const seen = changes(keda('k').create(endpointWith('e', {}), 1), 900, (s) => (s >= 1 && s < 100 ? 100 : 0));
	const at = (index: number): number => seen[index]?.[0] ?? Number.NaN;
	expect(at(0)).toBeGreaterThan(0);
	expect(at(0)).toBeLessThanOrEqual(31);
	expect(seen.map(([, workers]) => workers)).toEqual([5, 10, 20, 0]);
	// The last poll that found something was within 30 s before the end; from there the cooldown of 300 s, noticed by a poll.
	expect(at(3) - 100).toBeGreaterThan(270);
	expect(at(3) - 100).toBeLessThanOrEqual(331);
});

test('an empty queue wakes nobody', () => {
	expect(changes(keda('k').create(endpointWith('e', {}), 1), 300, () => 0)).toEqual([]);
});
