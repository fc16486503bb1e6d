import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addCounts, capacityPrint, grantOf, NO_WORKERS, routesOf } from '../../../edge/src/core/region-figures.ts';
import { endpointGrant, type RegionHeartbeat, workerCounts } from '../../../shared-schema/src/wire/region.ts';
import { host, spec } from './samples.ts';

const record = { id: 'e-1', accountId: 'a-1', createdAt: 0, shards: 2, revision: 4, version: 2, spec: spec(), shares: [{ region: 'eu', workersMax: 2, workersMin: 1 }] };
const counts = fc.record(Object.fromEntries(Object.keys(NO_WORKERS).map((name) => [name, fc.nat({ max: 9 })])) as { [K in keyof typeof NO_WORKERS]: fc.Arbitrary<number> });

describe('addCounts', () => {
	test('adds state by state', () => {
		fc.assert(
			fc.property(counts, counts, (a, b) => {
				const sum = addCounts(a, b);
				expect(sum).toEqual(addCounts(b, a));
				expect(workerCounts.parse(sum)).toEqual(sum);
				expect(sum.idle - a.idle).toBe(b.idle);
				expect(addCounts(a, NO_WORKERS)).toEqual(a);
			}),
		);
	});
});

describe('capacityPrint', () => {
	test('is the same in any order and however busy hosts are', () => {
		const hosts = [host(), host({ id: 'h-2', gpus: 2 })];
		expect(capacityPrint([...hosts].reverse())).toBe(capacityPrint(hosts));
		expect(capacityPrint(hosts.map((one) => ({ ...one, gpusFree: 0, boot: 'later', models: ['m'] })))).toBe(capacityPrint(hosts));
	});

	test.each([{ id: 'h-9' }, { dataCenterId: 'US-TX-3' }, { gpuType: 'NVIDIA L4' }, { gpus: 3 }, { cudaVersion: '12.9' }, { draining: true }])('changes with %o', (over) => {
		expect(capacityPrint([host(over)])).not.toBe(capacityPrint([host()]));
	});
});

describe('grantOf', () => {
	test("has the wire's shape and the share of its region", () => {
		const grant = grantOf(record, 'eu');
		expect(endpointGrant.parse(grant)).toEqual(grant);
		expect(grant).toMatchObject({ endpointId: 'e-1', accountId: 'a-1', revision: 4, version: 2, workersMax: 2, workersMin: 1 });
	});

	test('is null for a region without a share', () => expect(grantOf(record, 'us')).toBeNull());
});

describe('routesOf', () => {
	const regions = new Map([
		['eu', { url: 'http://eu' }],
		['us', { url: 'http://us' }],
	]);
	const heartbeat: RegionHeartbeat = {
		brokerBoot: 'b-1',
		hosts: [],
		lostBoots: [],
		endpoints: { 'e-1': { revision: 4, workers: { ...NO_WORKERS, idle: 1 }, queued: 5, slotsFree: 1, blocked: 'full' } },
	};
	const live = new Map<string, { heartbeat: RegionHeartbeat | null }>([
		['eu', { heartbeat }],
		['us', { heartbeat: null }],
	]);
	const silent = (region: string): number => (region === 'eu' ? 5 : 70);

	test('join grants, figures and silence; a region without a share takes no jobs', () => {
		expect(routesOf(record, regions, live, silent, ['boot-7'])).toEqual({
			workersMax: 3,
			lostBoots: ['boot-7'],
			regions: [
				{ region: 'eu', url: 'http://eu', silentMs: 5, workersMax: 2, workers: { ...NO_WORKERS, idle: 1 }, queued: 5, slotsFree: 1, blocked: 'full' },
				{ region: 'us', url: 'http://us', silentMs: 70, workersMax: 0, workers: NO_WORKERS, queued: 0, slotsFree: 0, blocked: null },
			],
		});
	});

	test('come in the order of the shares, whatever the order of registration', () => {
		const shares = [
			{ region: 'us', workersMax: 1, workersMin: 0 },
			{ region: 'eu', workersMax: 2, workersMin: 0 },
		];
		expect(routesOf({ ...record, shares }, regions, live, silent, []).regions.map(({ region }) => region)).toEqual(['us', 'eu']);
	});

	test('of an unknown endpoint are none', () => {
		expect(routesOf(null, regions, live, silent, ['boot-7'])).toEqual({ workersMax: 0, regions: [], lostBoots: ['boot-7'] });
	});
});
