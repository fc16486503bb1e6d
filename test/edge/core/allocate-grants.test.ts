import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocateGrants, type RegionCapacity, type Share } from '../../../edge/src/core/allocate-grants.ts';
import type { EndpointSpec } from '../../../shared-schema/src/endpoint/endpoint.ts';
import type { HostFigure } from '../../../shared-schema/src/wire/region.ts';
import { A100, host, L40S, RTX4090, spec } from './samples.ts';

const region = (id: string, hosts: HostFigure[] = [host()], alive = true): RegionCapacity => ({ region: id, alive, hosts });
const brief = (shares: readonly Share[]): string => shares.map(({ region: id, workersMax, workersMin }) => `${id}:${workersMax}/${workersMin}`).join(' ');
const give = (over: Partial<EndpointSpec>, regions: RegionCapacity[], held: Share[] = []): string => brief(allocateGrants(spec(over), held, regions));

describe('new shares', () => {
	test.each<[string, Partial<EndpointSpec>, RegionCapacity[], string]>([
		['all go to the only region', { workersMax: 3 }, [region('eu')], 'eu:3/0'],
		[
			'the better tier comes first, whatever its room',
			{ workersMax: 3, gpuPools: ['ADA_24', 'AMPERE_80'] },
			[region('big', [host({ gpuType: A100, gpus: 64 })]), region('small', [host({ gpus: 1 })])],
			'small:1/0 big:2/0',
		],
		['then the more room', { workersMax: 3 }, [region('small', [host({ gpus: 2 })]), region('big', [host({ gpus: 8 })])], 'big:3/0'],
		['then the name', { workersMax: 5 }, [region('b'), region('a')], 'a:4/0 b:1/0'],
		[
			'a region gets no more than its hosts can run',
			{ workersMax: 6, gpuCount: 2 },
			[region('a', [host({ gpus: 4 }), host({ id: 'h-2', gpus: 3 })]), region('b', [host({ gpus: 4 })])],
			'a:4/0 b:2/0',
		],
		['the rest that nobody can run is parked in the best region', { workersMax: 10 }, [region('a'), region('b', [host({ gpus: 1 })])], 'a:9/0 b:1/0'],
		['the minimum goes the same way', { workersMax: 6, workersMin: 5 }, [region('a'), region('b')], 'a:4/4 b:2/1'],
		['a minimum above the maximum is cut', { workersMax: 2, workersMin: 5 }, [region('a')], 'a:2/2'],
		['no workers, no shares', { workersMax: 0 }, [region('a')], ''],
		['no region, no shares', { workersMax: 3 }, [], ''],
		['a region that was given up gets none', { workersMax: 3 }, [region('a', [host()], false), region('b')], 'b:3/0'],
		['a region without a fitting host gets none', { workersMax: 3 }, [region('a', [host({ gpuType: L40S })]), region('b')], 'b:3/0'],
		['nor one with excluded GPUs only', { workersMax: 3, excludedGpuTypes: [RTX4090] }, [region('a')], ''],
		['nor one outside the allowed data centres', { workersMax: 3, dataCenterIds: ['US-TX-3'] }, [region('a'), region('b', [host({ dataCenterId: 'US-TX-3' })])], 'b:3/0'],
		['nor one with another CUDA version', { workersMax: 3, cudaVersions: ['12.9'] }, [region('a'), region('b', [host({ cudaVersion: '12.9' })])], 'b:3/0'],
		['nor one whose hosts have too few GPUs', { workersMax: 3, gpuCount: 8 }, [region('a'), region('b', [host({ gpus: 8 })])], 'b:3/0'],
		[
			'a CPU endpoint runs anywhere, also without GPUs',
			{ workersMax: 3, gpuCount: 0, gpuPools: [] },
			[region('b', [host({ gpuType: 'none', gpus: 0 })]), region('a', [host({ gpus: 0 })])],
			'a:3/0',
		],
	])('%s', (_what, over, regions, shares) => {
		expect(give(over, regions)).toBe(shares);
		expect(give(over, [...regions].reverse())).toBe(shares);
	});
});

describe('held shares', () => {
	const held: Share[] = [{ region: 'b', workersMax: 3, workersMin: 0 }];

	test('stay where they are when a better region turns up', () => {
		expect(give({ workersMax: 3 }, [region('a', [host({ gpus: 64 })]), region('b')], held)).toBe('b:3/0');
	});

	test('move when their region is given up', () => {
		expect(give({ workersMax: 3 }, [region('a'), region('b', [host()], false)], held)).toBe('a:3/0');
	});

	test('stay with a raised maximum, the rest goes by rank', () => {
		expect(give({ workersMax: 6 }, [region('a', [host({ gpus: 64 })]), region('b')], held)).toBe('a:3/0 b:3/0');
	});

	test('shrink with a lowered maximum', () => {
		expect(give({ workersMax: 2 }, [region('a', [host({ gpus: 64 })]), region('b')], held)).toBe('b:2/0');
	});
});

const hostDraft = fc.record({
	gpuType: fc.constantFrom(RTX4090, A100, L40S, 'NVIDIA H300'),
	gpus: fc.nat({ max: 9 }),
	dataCenterId: fc.constantFrom('EU-RO-1', 'US-TX-3'),
	cudaVersion: fc.constantFrom('12.4', '12.8'),
	draining: fc.boolean(),
});
const capacities = fc.uniqueArray(
	fc.record({
		region: fc.constantFrom('a', 'b', 'c', 'd'),
		alive: fc.boolean(),
		hosts: fc.array(hostDraft, { maxLength: 4 }).map((drafts) => drafts.map((draft, i) => host({ ...draft, id: `h-${i}` }))),
	}),
	{ selector: ({ region: id }) => id },
);
const specs = fc
	.record({
		workersMax: fc.nat({ max: 30 }),
		workersMin: fc.nat({ max: 30 }),
		gpuPools: fc.shuffledSubarray(['ADA_24', 'AMPERE_80', 'ADA_48_PRO'] as const),
		gpuCount: fc.nat({ max: 4 }),
		dataCenterIds: fc.subarray(['EU-RO-1', 'US-TX-3']),
		cudaVersions: fc.subarray(['12.4', '12.8']),
	})
	.map((over) => spec({ ...over, gpuPools: [...over.gpuPools] }));

describe('however capacity comes and goes', () => {
	test('the sum never exceeds the maximum, minimum keeps below maximum, and only live regions hold shares', () => {
		fc.assert(
			fc.property(fc.array(fc.tuple(specs, capacities), { minLength: 1, maxLength: 6 }), (changes) => {
				let held: Share[] = [];
				for (const [wanted, regions] of changes) {
					held = allocateGrants(wanted, held, regions);
					const sum = (pick: (share: Share) => number): number => held.reduce((total, share) => total + pick(share), 0);
					expect(sum(({ workersMax }) => workersMax)).toBeLessThanOrEqual(wanted.workersMax);
					expect(sum(({ workersMin }) => workersMin)).toBeLessThanOrEqual(Math.min(wanted.workersMin, wanted.workersMax));
					expect(new Set(held.map(({ region: id }) => id)).size).toBe(held.length);
					for (const { region: id, workersMax, workersMin } of held) {
						expect(regions.find((capacity) => capacity.region === id)?.alive).toBe(true);
						expect(workersMax).toBeGreaterThan(0);
						expect(workersMin).toBeLessThanOrEqual(workersMax);
						expect(workersMin).toBeGreaterThanOrEqual(0);
					}
					if (held.length > 0) expect(sum(({ workersMax }) => workersMax)).toBe(wanted.workersMax);
				}
			}),
		);
	});

	test('the same again changes nothing, whatever the order of the regions', () => {
		fc.assert(
			fc.property(specs, capacities, (wanted, regions) => {
				const once = allocateGrants(wanted, [], regions);
				expect(allocateGrants(wanted, once, [...regions].reverse())).toEqual(once);
			}),
		);
	});

	test('a region that comes takes nothing that the others can run', () => {
		const sized = fc.uniqueArray(fc.record({ region: fc.constantFrom('a', 'b', 'c', 'd'), gpus: fc.integer({ min: 1, max: 9 }) }), {
			minLength: 1,
			selector: ({ region: id }) => id,
		});
		fc.assert(
			fc.property(sized, fc.nat(), ([newcomer, ...others], seed) => {
				const room = others.reduce((sum, { gpus }) => sum + gpus, 0);
				const wanted = spec({ workersMax: seed % (room + 1) });
				const capacityOf = (sizes: readonly { region: string; gpus: number }[]): RegionCapacity[] => sizes.map(({ region: id, gpus }) => region(id, [host({ gpus })]));
				const before = allocateGrants(wanted, [], capacityOf(others));
				const after = allocateGrants(wanted, before, capacityOf([...(newcomer === undefined ? [] : [newcomer]), ...others]));
				expect(after.map(({ region: id, workersMax }) => `${id}:${workersMax}`).sort()).toEqual(before.map(({ region: id, workersMax }) => `${id}:${workersMax}`).sort());
			}),
		);
	});
});
