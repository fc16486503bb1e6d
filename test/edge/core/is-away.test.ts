import { expect, test } from 'vitest';
import { allocateGrants } from '../../../edge/src/core/allocate-grants.ts';
import { isAway } from '../../../edge/src/core/is-away.ts';
import { A100, host, spec } from './samples.ts';

const wanted = spec({ workersMax: 2, gpuPools: ['ADA_24', 'AMPERE_80'] });
const regions = (gpusFree: number) => [
	{ region: 'eu', alive: true, hosts: [host({ gpusFree })] },
	{ region: 'us', alive: true, hosts: [host({ id: 'h-2', gpuType: A100 })] },
];

test('shares that gave way to others are away, those on the best tier are at home', () => {
	expect(isAway(wanted, allocateGrants(wanted, [], regions(0)), regions(0))).toBe(true);
	expect(isAway(wanted, allocateGrants(wanted, [], regions(4)), regions(4))).toBe(false);
});
