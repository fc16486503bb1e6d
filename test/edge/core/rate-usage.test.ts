import { expect, test } from 'vitest';
import { METERED_SILENT_MS, type MeteredWorker, pricesOf, type RateInput, rateUsage } from '../../../edge/src/core/rate-usage.ts';
import { DEFAULT_CATALOG } from '../../../shared-schema/src/catalog/data.ts';
import type { WorkerUsage } from '../../../shared-schema/src/wire/usage.ts';

const H100 = 'NVIDIA H100 80GB HBM3';

function told(id: string, startingMs: number, runningMs: number, idleMs: number, more: Partial<WorkerUsage> = {}): WorkerUsage {
	return { id, endpointId: 'e', version: 1, gpus: 1, startingMs, runningMs, idleMs, ended: false, ...more };
}

function rate(workers: readonly WorkerUsage[], known: readonly MeteredWorker[] = [], more: Partial<RateInput> = {}) {
	return rateUsage({ region: 'r', workers, known, workersMin: 0, prices: pricesOf(DEFAULT_CATALOG, H100), now: 1_000_000, ...more });
}

test('the first figures are charged in full, at the flex price of the GPU type', () => {
	const { charges } = rate([told('w', 1_000, 2_000, 500)]);
	expect(charges).toEqual([{ workerId: 'w', kind: 'flex', startingMs: 1_000, runningMs: 2_000, idleMs: 500, amount: expect.closeTo(3.5 * 0.00116, 12) }]);
});

test('later figures charge what is new', () => {
	const first = rate([told('w', 1_000, 0, 0)]);
	expect(rate([told('w', 1_000, 4_000, 100)], first.workers).charges).toEqual([expect.objectContaining({ startingMs: 0, runningMs: 4_000, idleMs: 100 })]);
});

test('figures that come twice, late or out of order charge nothing and lower nothing', () => {
	const stored = rate([told('w', 1_000, 4_000, 0)]).workers;
	for (const late of [told('w', 1_000, 4_000, 0), told('w', 1_000, 2_000, 0), told('w', 0, 0, 0)]) {
		const again = rate([late], stored);
		expect(again.charges).toEqual([]);
		expect(again.workers[0]).toMatchObject({ startingMs: 1_000, runningMs: 4_000, idleMs: 0 });
	}
});

test('in whatever order and however often figures arrive, the last ones are charged once', () => {
	const steps = Array.from({ length: 40 }, (_, n) => told('w', Math.min(n, 5) * 100, n * 70, n * 30, { ended: n === 39 }));
	for (const stride of [1, 3, 7, 11, 13, 27, 39]) {
		let known: MeteredWorker[] = [];
		let billedMs = 0;
		for (let n = 0; n < 80; n++) {
			const { charges, workers } = rate([steps[(n * stride) % 40] ?? steps[0] ?? told('w', 0, 0, 0)], known);
			known = workers;
			for (const charge of charges) billedMs += charge.startingMs + charge.runningMs + charge.idleMs;
		}
		expect(billedMs).toBe(500 + 39 * 100);
	}
});

test('several GPUs cost as often', () => {
	expect(rate([told('w', 0, 1_000, 0, { gpus: 4 })]).charges[0]?.amount).toBeCloseTo(4 * 0.00116, 12);
});

test('the oldest workers up to the minimum have the active price', () => {
	const old = rate([told('a', 100, 0, 0)], [], { now: 1 }).workers;
	const { charges } = rate([told('b', 1_000, 0, 0), told('a', 1_100, 0, 0)], old, { workersMin: 1, now: 1_000 });
	expect(charges.map(({ workerId, kind }) => [workerId, kind])).toEqual([
		['b', 'flex'],
		['a', 'active'],
	]);
	expect(charges[1]?.amount).toBeCloseTo(0.00093, 12);
});

test('an ended or silent worker gives its active place up', () => {
	const old = rate([told('a', 100, 0, 0)], [], { now: 1 }).workers;
	expect(rate([told('b', 1_000, 0, 0)], old, { workersMin: 1, now: METERED_SILENT_MS + 2 }).charges[0]?.kind).toBe('active');
	const ended = old.map((worker) => ({ ...worker, ended: true }));
	expect(rate([told('b', 1_000, 0, 0)], ended, { workersMin: 1, now: 2 }).charges[0]?.kind).toBe('active');
	expect(rate([told('b', 1_000, 0, 0)], old, { workersMin: 1, now: 2 }).charges[0]?.kind).toBe('flex');
});

test('a type without a published price costs nothing, and says so by its price', () => {
	expect(pricesOf(DEFAULT_CATALOG, 'NVIDIA GeForce RTX 5090')).toEqual({ flex: 0, active: 0 });
	expect(pricesOf(DEFAULT_CATALOG, 'unheard of')).toEqual({ flex: 0, active: 0 });
	expect(pricesOf(DEFAULT_CATALOG, 'NVIDIA A40')).toEqual({ flex: 0.00034, active: 0.00024 });
});

test('a worker that was frozen ended and goes on: it may be an active one again, and is charged for what is new', () => {
	const frozen = rate([told('w', 1_000, 2_000, 500, { ended: true })]).workers;
	expect(frozen[0]?.ended).toBe(true);
	const thawed = rate([told('w', 1_030, 2_000, 500)], frozen, { workersMin: 1 });
	expect(thawed.charges).toEqual([expect.objectContaining({ startingMs: 30, runningMs: 0, idleMs: 0 })]);
	expect(thawed.workers[0]?.ended).toBe(false);
	expect(rate([told('w', 1_000, 2_000, 500, { ended: true })], thawed.workers).workers[0]?.ended).toBe(false);
	expect(rate([told('w', 1_030, 2_000, 500, { ended: true })], thawed.workers).workers[0]?.ended).toBe(true);
});
