import { expect, test } from 'vitest';
import { type BookedTime, billRows } from '../../../edge/src/core/bill.ts';

const DAY = '2026-11-22T00:00:00.000Z';

function booked(more: Partial<BookedTime>): BookedTime {
	return { endpointId: 'e1', time: DAY, worker: 'w1', gpuType: 'A', dataCenter: 'EU-RO-1', starting: 100, running: 1_000, idle: 10, amount: 0.5, ...more };
}

test('one row a bucket and endpoint, the times added up', () => {
	expect(billRows([booked({}), booked({ worker: 'w2', gpuType: 'B' })], 'endpointId')).toEqual([
		{ amount: 1, diskSpaceBilledGb: 0, endpointId: 'e1', time: DAY, timeBilledMs: 2_220, startingMs: 200, runningMs: 2_000, idleMs: 20 },
	]);
});

test('by worker each row names worker and GPU type; by GPU type the endpoints fall together', () => {
	const rows = [booked({}), booked({ endpointId: 'e2', worker: 'w2' })];
	expect(billRows(rows, 'podId').map(({ podId, gpuTypeId, endpointId }) => [podId, gpuTypeId, endpointId])).toEqual([
		['w1', 'A', 'e1'],
		['w2', 'A', 'e2'],
	]);
	expect(billRows(rows, 'gpuTypeId')).toEqual([expect.objectContaining({ gpuTypeId: 'A', timeBilledMs: 2_220 })]);
	expect(billRows(rows, 'gpuTypeId')[0]).not.toHaveProperty('endpointId');
});

test('rows are in the order of time', () => {
	const rows = billRows([booked({ time: '2026-11-23T00:00:00.000Z' }), booked({})], 'endpointId');
	expect(rows.map(({ time }) => time)).toEqual([DAY, '2026-11-23T00:00:00.000Z']);
	expect(billRows([], 'endpointId')).toEqual([]);
});
