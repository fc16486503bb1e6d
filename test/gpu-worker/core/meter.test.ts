import { expect, test } from 'vitest';
import { advanceMeter, endMeter, type MeterState, resumeMeter, startMeter } from '../../../gpu-worker/src/core/meter.ts';

test('time goes to what the worker was at', () => {
	let meter = startMeter(1_000);
	meter = advanceMeter(meter, 'idle', 1_400);
	meter = advanceMeter(meter, 'running', 1_500);
	meter = advanceMeter(meter, 'running', 2_000);
	meter = advanceMeter(meter, 'idle', 2_200);
	expect(endMeter(meter, 2_250)).toMatchObject({ startingMs: 400, runningMs: 700, idleMs: 150, ended: true });
});

test('an ended meter counts no further', () => {
	const ended = endMeter(startMeter(0), 10);
	expect(advanceMeter(ended, 'running', 5_000)).toEqual(ended);
	expect(endMeter(ended, 5_000)).toEqual(ended);
});

test('an end that is told late does not take back what was counted meanwhile, and time never runs backwards', () => {
	const meter = advanceMeter(startMeter(0), 'running', 100);
	expect(endMeter(meter, 90)).toMatchObject({ startingMs: 100, runningMs: 0, idleMs: 0 });
});

test('whatever happens, the sums are the time from start to end', () => {
	const states: MeterState[] = ['starting', 'running', 'idle'];
	let meter = startMeter(17);
	let nowMs = 17;
	for (let step = 0; step < 1_000; step++) {
		nowMs += (step * 7_919) % 13;
		meter = advanceMeter(meter, states[(step * 31) % 3] ?? 'idle', nowMs);
	}
	meter = endMeter(meter, nowMs + 5);
	expect(meter.startingMs + meter.runningMs + meter.idleMs).toBe(nowMs + 5 - 17);
});

test('what it waited for its host is in no sum, whether it came to run or not', () => {
	const waiting = startMeter(0, 'waiting');
	expect(endMeter(waiting, 60_000)).toMatchObject({ startingMs: 0, runningMs: 0, idleMs: 0 });
	const started = advanceMeter(advanceMeter(waiting, 'waiting', 30_000), 'starting', 60_000);
	expect(endMeter(started, 60_250)).toMatchObject({ startingMs: 250, runningMs: 0, idleMs: 0 });
});

test('the time in which a worker was frozen is in none of the sums', () => {
	const frozen = endMeter(advanceMeter(startMeter(0), 'idle', 100), 150);
	const thawed = advanceMeter(resumeMeter(frozen, 10_000), 'idle', 10_020);
	expect(endMeter(thawed, 10_050)).toMatchObject({ startingMs: 120, runningMs: 0, idleMs: 80, ended: true });
});
