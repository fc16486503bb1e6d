import { describe, expect, it } from 'vitest';
import { dutyOrders } from '../../../regional-broker/src/core/host-duty.ts';

const workers = [
	{ id: 'idle', phase: 'idle' },
	{ id: 'busy', phase: 'running' },
	{ id: 'going', phase: 'draining' },
	{ id: 'gone', phase: 'exited' },
];

describe('orders for a host', () => {
	it('drain it and stop every worker that does not end already', () => {
		expect(dutyOrders('drained', { draining: false, workers })).toEqual({ drain: true, stop: ['idle', 'busy'] });
		expect(dutyOrders('drained', { draining: true, workers: [] })).toEqual({ drain: null, stop: [] });
	});

	it('leave the workers of a cordoned host alone', () => {
		expect(dutyOrders('cordoned', { draining: false, workers })).toEqual({ drain: null, stop: [] });
	});

	it('put it back to work when it still drains', () => {
		expect(dutyOrders('open', { draining: true, workers })).toEqual({ drain: false, stop: [] });
		expect(dutyOrders('cordoned', { draining: true, workers })).toEqual({ drain: false, stop: [] });
		expect(dutyOrders('open', { draining: false, workers })).toEqual({ drain: null, stop: [] });
	});
});
