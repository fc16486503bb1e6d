import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BookedWorker, costOfJob, type JobRun, runShares } from '../../../edge/src/core/job-cost.ts';

const run = (id: string, fromMs: number, runMs: number, worker = 'w1'): JobRun => ({ id, worker, fromMs, runMs });
const booked = (more: Partial<BookedWorker> = {}): BookedWorker => ({
	worker: 'w1',
	gpuType: 'NVIDIA A40',
	dataCenter: 'X-1',
	gpus: 1,
	kind: 'flex',
	startingMs: 2_000,
	runningMs: 6_000,
	idleMs: 4_000,
	amount: 0.012,
	ended: true,
	...more,
});
const ofShares = (runs: readonly JobRun[]): Record<string, number> => Object.fromEntries(runShares(runs));

describe('the time of a worker that falls to a job', () => {
	test.each([
		['alone: all of it', [run('a', 0, 500)], { a: 500 }],
		['one after the other: all of each', [run('a', 0, 500), run('b', 500, 300)], { a: 500, b: 300 }],
		['two at once: half each', [run('a', 100, 400), run('b', 100, 400)], { a: 200, b: 200 }],
		['overlapping: half of what overlaps', [run('a', 0, 400), run('b', 200, 400)], { a: 300, b: 300 }],
		['on different workers: all of each', [run('a', 0, 400), run('b', 0, 400, 'w2')], { a: 400, b: 400 }],
		['of no length: nothing', [run('a', 100, 0), run('b', 0, 200)], { a: 0, b: 200 }],
	])('%s', (_what, runs, shares) => {
		expect(ofShares(runs)).toEqual(shares);
	});

	test('adds up to the time in which the worker had any job', () => {
		const anyRun = fc.record({ fromMs: fc.integer({ min: 0, max: 500 }), runMs: fc.integer({ min: 0, max: 300 }) });
		fc.assert(
			fc.property(fc.array(anyRun, { minLength: 1, maxLength: 12 }), (spans) => {
				const runs = spans.map(({ fromMs, runMs }, n) => run(`j${n}`, fromMs, runMs));
				const busy = Array.from({ length: 800 }, (_, ms) => runs.some(({ fromMs, runMs }) => ms >= fromMs && ms < fromMs + runMs)).filter(Boolean).length;
				const shares = [...runShares(runs).values()];
				expect(shares.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(busy, 6);
				expect(Math.min(...shares)).toBeGreaterThanOrEqual(-1e-9);
			}),
		);
	});
});

describe('what a job costs', () => {
	test('is its running time, and starting and idle time in proportion, at the price that was booked', () => {
		expect(costOfJob(3_000, booked())).toEqual({ startingMs: 1_000, runningMs: 3_000, idleMs: 2_000, gpuSeconds: 6, amount: 0.006 });
		expect(costOfJob(3_000, booked({ gpus: 4, amount: 0.048 }))).toMatchObject({ gpuSeconds: 24, amount: 0.024 });
	});

	test('adds up to the bill of the worker', () => {
		const costs = [1_000, 2_000, 3_000].map((ms) => costOfJob(ms, booked()));
		expect(costs.reduce((sum, { amount }) => sum + amount, 0)).toBeCloseTo(0.012, 12);
		expect(costs.reduce((sum, { gpuSeconds }) => sum + gpuSeconds, 0)).toBeCloseTo(12, 12);
	});

	test('is never more than all of the worker’s starting and idle time, whose running time is booked a little later', () => {
		expect(costOfJob(6_500, booked({ runningMs: 1_000 }))).toMatchObject({ startingMs: 2_000, runningMs: 6_500, idleMs: 4_000 });
	});

	test('of a worker without a price, or of which nothing is booked, is nothing', () => {
		expect(costOfJob(1_000, booked({ amount: 0 })).amount).toBe(0);
		expect(costOfJob(1_000, booked({ startingMs: 0, runningMs: 0, idleMs: 0, amount: 0 })).amount).toBe(0);
	});
});
