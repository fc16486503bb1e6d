import { expect, test } from 'vitest';
import { type AnticipateInput, type Anticipation, anticipateWorkers, neededWorkers } from '../../../regional-broker/src/core/anticipate-workers.ts';
import { desiredWorkers } from '../../../regional-broker/src/core/desired-workers.ts';
import { NO_LEVEL_USE } from '../../../regional-broker/src/core/level-use.ts';

const NOTHING: AnticipateInput = { queued: 0, running: 0, serving: 0, starting: 0, slotsFree: 0 };
const USUAL: Anticipation = { startMs: 20_000, runMs: 5_000, slotsPerWorker: 1, use: NO_LEVEL_USE, keepMs: 5_000, nowMs: 0, patience: 1, spareWorkers: 0 };

function wanted(input: Partial<AnticipateInput>, anticipation: Partial<Anticipation> = {}): number {
	return anticipateWorkers({ ...NOTHING, ...input }, { ...USUAL, ...anticipation }).workers;
}

test('nothing to do and no recent peak wants nobody', () => {
	expect(wanted({ serving: 3, slotsFree: 3 })).toBe(0);
});

test('the first job of a cold endpoint starts a worker', () => {
	expect(wanted({ queued: 1 })).toBe(1);
});

test('an impatient rule starts one worker a job without a slot', () => {
	expect(wanted({ queued: 7, running: 2, serving: 4, starting: 1, slotsFree: 1 }, { patience: 0 })).toBe(4 + (7 - 1 - 1));
});

test('a patient rule starts none for jobs that workers at hand will have taken before a new one is ready', () => {
	// Two workers end a job every 5 s each: eight within the 20 s of a start.
	expect(wanted({ queued: 8, running: 2, serving: 2 })).toBe(2);
	expect(wanted({ queued: 11, running: 2, serving: 2 })).toBe(2 + 3);
	expect(wanted({ queued: 8, running: 2, serving: 2 }, { patience: 0.5 })).toBe(2 + 4);
});

test('a worker with several slots answers several jobs', () => {
	expect(wanted({ queued: 9 }, { slotsPerWorker: 4, patience: 0 })).toBe(3);
});

test('the recent peak keeps workers and starts none', () => {
	expect(wanted({ running: 1, serving: 4, slotsFree: 3 }, { use: { needed: 1, lastMs: [0, -1_000, -1_000] } })).toBe(3);
	expect(wanted({ running: 1, serving: 1 }, { use: { needed: 1, lastMs: [0, -1_000, -1_000] } })).toBe(1);
});

test('it is asked again when the recent peak ends', () => {
	const use = { needed: 1, lastMs: [0, -1_000, -1_000] };
	expect(anticipateWorkers({ ...NOTHING, running: 1, serving: 3, slotsFree: 2 }, { ...USUAL, use }).recheckInMs).toBe(4_000);
	expect(anticipateWorkers({ ...NOTHING, running: 1, serving: 3, slotsFree: 2 }, { ...USUAL, use, nowMs: 4_000 })).toMatchObject({ workers: 1, recheckInMs: null });
});

test('spare workers are there while there are jobs, and not without', () => {
	expect(wanted({ queued: 1 }, { spareWorkers: 1 })).toBe(2);
	expect(wanted({ running: 2, serving: 3, slotsFree: 1 }, { spareWorkers: 1 })).toBe(3);
	expect(wanted({ serving: 3, slotsFree: 3 }, { spareWorkers: 1 })).toBe(0);
	expect(neededWorkers(0, { slotsPerWorker: 1, spareWorkers: 2 })).toBe(0);
	expect(neededWorkers(5, { slotsPerWorker: 4, spareWorkers: 2 })).toBe(4);
});

test('the grant and the minimum bound it as they bound the scaler', () => {
	const input = { ...NOTHING, scaling: { type: 'REQUEST_COUNT', requestCount: 1 } as const, oldestWaitMs: 0, anticipation: USUAL };
	expect(desiredWorkers({ ...input, queued: 50, workersMin: 0, workersMax: 4 }).workers).toBe(4);
	expect(desiredWorkers({ ...input, workersMin: 2, workersMax: 4 }).workers).toBe(2);
});

test('left out, the scaler alone decides', () => {
	const input = { ...NOTHING, scaling: { type: 'QUEUE_DELAY', queueDelayS: 4 } as const, workersMin: 0, workersMax: 9, oldestWaitMs: 0, queued: 9, running: 2, serving: 2 };
	expect(desiredWorkers(input).workers).toBe(2);
	expect(desiredWorkers({ ...input, anticipation: USUAL }).workers).toBe(3);
});
