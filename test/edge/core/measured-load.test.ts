import { expect, test } from 'vitest';
import { type BookedHour, measuredLoad } from '../../../edge/src/core/measured-load.ts';

const HOUR = 3_600_000;

function booked(hour: number, running: number, more: Partial<BookedHour> = {}): BookedHour {
	return { hour: hour * HOUR, kind: 'flex', gpus: 1, starting: 0, running, idle: 0, ...more };
}

test('running seconds by hour, hours without load between the first and the last included', () => {
	expect(measuredLoad([booked(10, 60_000), booked(10, 30_000), booked(12, 5_000)])?.busySecondsPerHour).toEqual([90, 0, 5]);
});

test('several GPUs are as much load', () => {
	expect(measuredLoad([booked(1, 1_000, { gpus: 4 })])?.busySecondsPerHour).toEqual([4]);
});

test('overhead is what flex workers took beside running; active ones cost it anyway', () => {
	const rows = [booked(1, 10_000, { starting: 3_000, idle: 2_000 }), booked(1, 10_000, { kind: 'active', idle: 50_000 })];
	expect(measuredLoad(rows)?.overheadPerBusySecond).toBeCloseTo(0.5, 12);
});

test('without any running there is no load to speak of', () => {
	expect(measuredLoad([])).toBeNull();
	expect(measuredLoad([booked(1, 0, { starting: 5_000 })])).toBeNull();
});
