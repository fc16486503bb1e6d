import { expect, test } from 'vitest';
import { type RegionCapacity, rankUnits } from '../../../edge/src/core/grant-units.ts';
import { A100, host, L40S, spec } from './samples.ts';

const regions: RegionCapacity[] = [
	{ region: 'eu', alive: true, hosts: [host({ gpusFree: 1 }), host({ id: 'h-2', gpuType: A100, gpus: 8, gpusFree: 8 })] },
	{ region: 'us', alive: true, hosts: [host({ gpuType: L40S, gpusFree: 3 }), host({ id: 'h-3', draining: true })] },
	{ region: 'gone', alive: false, hosts: [host()] },
];
const rank = (more: object): string[] =>
	rankUnits({ ...spec({ gpuPools: ['ADA_24', 'ADA_48_PRO', 'AMPERE_80'] }), ...more }, regions).map(({ region, tier, free, room }) => `${region} ${tier} ${free}/${room}`);

test('tiers come in the order of preference over all regions, without draining hosts and regions that were given up', () => {
	expect(rank({})).toEqual(['eu 0 1/4', 'us 1 3/4', 'eu 2 8/8']);
});

test('region first: all tiers of the best region, then the next region', () => {
	expect(rank({ fallbackOrder: 'region' })).toEqual(['eu 0 1/4', 'eu 2 8/8', 'us 1 3/4']);
});

test('a worker of several GPUs fits only where they are on one host', () => {
	expect(rank({ gpuCount: 2 })).toEqual(['eu 0 0/2', 'us 1 1/2', 'eu 2 4/4']);
});

test('an endpoint that names no pool takes any, the cheapest first', () => {
	expect(rank({ gpuPools: [] }).map((unit) => unit.split(' ')[0])).toEqual(['eu', 'us', 'eu']);
});
