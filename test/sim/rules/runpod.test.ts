import { expect, test } from 'vitest';
import { simulate } from '../simulate.ts';
import { inputWith, tiny } from '../support.ts';
import { runpodQueueDelay, runpodRequestCount, wantedByQueueDelay, wantedByRequestCount } from './runpod.ts';

test.each([
	[0, 0, 4, 0],
	[1, 0, 4, 1],
	[5, 3, 4, 2],
	[5, 4, 4, 3],
	[5, 0, 1, 5],
])('%i in queue and %i in progress at scaler value %i want %i workers', (queued, running, scalerValue, workers) => {
	expect(wantedByRequestCount({ queued, running }, scalerValue)).toBe(workers);
});

test('queue delay: the first request adds a worker, later ones add one each when they have waited the delay', () => {
	expect(wantedByQueueDelay(inputWith({ queued: 9 }), 4_000)).toBe(1);
	expect(wantedByQueueDelay(inputWith({ queued: 9, serving: 2, waitingOver: () => 0 }), 4_000)).toBe(2);
	expect(wantedByQueueDelay(inputWith({ queued: 9, serving: 2, waitingOver: (ms) => (ms === 4_000 ? 3 : 0) }), 4_000)).toBe(5);
	expect(wantedByQueueDelay(inputWith({ queued: 9, serving: 2, starting: 2, waitingOver: () => 3 }), 4_000)).toBe(3);
	expect(wantedByQueueDelay(inputWith({ serving: 2 }), 4_000)).toBe(0);
});

test('a worker stops when its idle timeout ends', () => {
	expect(simulate(tiny([[0, 3]]), runpodRequestCount(1, 7), 1)).toMatchObject({ gpuSecondsIdle: 7 });
	expect(simulate(tiny([[0, 3]]), runpodQueueDelay(4, 2), 1)).toMatchObject({ gpuSecondsIdle: 2 });
});
