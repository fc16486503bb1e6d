import { expect, it } from 'vitest';
import { quarantineOrders } from '../../../regional-broker/src/core/quarantine.ts';

it('tells a host what it does not do yet, and nothing when it does all', () => {
	expect(quarantineOrders({ 0: 'hot', 2: 'ECC' }, [0])).toEqual([{ gpu: 2, reason: 'ECC' }]);
	expect(quarantineOrders({ 0: 'hot' }, [0])).toEqual([]);
	expect(quarantineOrders({}, [])).toEqual([]);
});

it('lets back in what nobody wants out any more', () => {
	expect(quarantineOrders({ 1: 'x' }, [0, 1, 3])).toEqual([
		{ gpu: 0, reason: null },
		{ gpu: 3, reason: null },
	]);
});
