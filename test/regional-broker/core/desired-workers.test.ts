import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DesiredInput, desiredWorkers } from '../../../regional-broker/src/core/desired-workers.ts';

const base: DesiredInput = {
	scaling: { type: 'QUEUE_DELAY', queueDelayS: 4 },
	workersMin: 0,
	workersMax: 10,
	queued: 0,
	running: 0,
	oldestWaitMs: 0,
	serving: 0,
	starting: 0,
	slotsFree: 0,
};
const byCount = (requestCount: number): Pick<DesiredInput, 'scaling'> => ({ scaling: { type: 'REQUEST_COUNT', requestCount } });

describe('queue delay', () => {
	it.each([
		['nothing waits', {}, 0],
		['the first job of a cold endpoint starts one worker at once, however many wait', { queued: 50 }, 1],
		['a young queue adds nothing', { queued: 5, serving: 1, oldestWaitMs: 3_999 }, 1],
		['a queue past the delay gets a worker for each job that nobody covers', { queued: 5, serving: 1, oldestWaitMs: 4_000 }, 6],
		['starting workers count as cover', { queued: 5, serving: 3, starting: 3, oldestWaitMs: 9_000 }, 5],
		['free slots count as cover', { queued: 2, serving: 2, slotsFree: 2, oldestWaitMs: 9_000 }, 2],
		['the grant is the limit', { queued: 50, serving: 9, oldestWaitMs: 9_000 }, 10],
		['active workers are kept without any job', { workersMin: 3 }, 3],
		['a grant below the minimum wins', { workersMin: 3, workersMax: 2 }, 2],
		['a region without a grant starts nothing', { workersMax: 0, queued: 9, oldestWaitMs: 9_000 }, 0],
	] as const)('%s', (_, input, workers) => {
		expect(desiredWorkers({ ...base, ...input }).workers).toBe(workers);
	});

	it('says when time alone will add workers', () => {
		expect(desiredWorkers({ ...base, queued: 5, serving: 1, oldestWaitMs: 1_500 }).recheckInMs).toBe(2_500);
		expect(desiredWorkers({ ...base, queued: 5, serving: 1, oldestWaitMs: 4_500 }).recheckInMs).toBeNull();
	});
});

describe('request count', () => {
	it.each([
		['nothing', 4, { queued: 0, running: 0 }, 0],
		['one job', 4, { queued: 1, running: 0 }, 1],
		['exactly full', 4, { queued: 4, running: 4 }, 2],
		['one above', 4, { queued: 5, running: 4 }, 3],
		['one a worker', 1, { queued: 3, running: 4 }, 7],
		['above the grant', 1, { queued: 30, running: 4 }, 10],
	] as const)('%s', (_, requestCount, input, workers) => {
		expect(desiredWorkers({ ...base, ...byCount(requestCount), ...input }).workers).toBe(workers);
	});
});

const inputs = fc.record({
	scaling: fc.oneof(
		fc.record({ type: fc.constant('QUEUE_DELAY' as const), queueDelayS: fc.double({ min: 0.5, max: 3_600, noNaN: true }) }),
		fc.record({ type: fc.constant('REQUEST_COUNT' as const), requestCount: fc.integer({ min: 1, max: 10_000 }) }),
	),
	workersMin: fc.nat(20),
	workersMax: fc.nat(20),
	queued: fc.nat(1_000),
	running: fc.nat(1_000),
	oldestWaitMs: fc.nat(100_000),
	serving: fc.nat(20),
	starting: fc.nat(20),
	slotsFree: fc.nat(100),
});

it('stays within the grant and above the minimum, whatever happens', () => {
	fc.assert(
		fc.property(inputs, (input) => {
			const { workers } = desiredWorkers(input);
			expect(workers).toBeLessThanOrEqual(input.workersMax);
			expect(workers).toBeGreaterThanOrEqual(Math.min(input.workersMin, input.workersMax));
		}),
	);
});

it('never asks by delay for more new workers than there are waiting jobs', () => {
	fc.assert(
		fc.property(inputs, (input) => {
			const { workers } = desiredWorkers({ ...input, scaling: { type: 'QUEUE_DELAY', queueDelayS: 4 }, workersMin: 0 });
			expect(workers - input.serving).toBeLessThanOrEqual(input.queued);
		}),
	);
});

it('wants a worker whenever a job waits and none serves', () => {
	fc.assert(
		fc.property(inputs, (input) => {
			fc.pre(input.queued > 0 && input.workersMax > 0);
			expect(desiredWorkers({ ...input, serving: 0, starting: 0, slotsFree: 0 }).workers).toBeGreaterThan(0);
		}),
	);
});
