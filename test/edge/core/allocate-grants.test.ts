import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocateGrants, type RegionUse, type Share } from '../../../edge/src/core/allocate-grants.ts';
import type { RegionCapacity } from '../../../edge/src/core/grant-units.ts';
import type { EndpointSpec } from '../../../shared-schema/src/endpoint/endpoint.ts';
import type { HostFigure } from '../../../shared-schema/src/wire/region.ts';
import { A100, host, L40S, RTX4090, spec } from './samples.ts';

const region = (id: string, hosts: HostFigure[] = [host()], alive = true): RegionCapacity => ({ region: id, alive, hosts });
const brief = (shares: readonly Share[]): string =>
	shares
		.filter(({ workersMax }) => workersMax > 0)
		.map(({ region: id, workersMax, workersMin }) => `${id}:${workersMax}/${workersMin}`)
		.join(' ');
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
		[
			'the minimum passes over a region that is full, which keeps its part of the maximum',
			{ workersMax: 8, workersMin: 1, gpuPools: ['ADA_24', 'ADA_48_PRO'] },
			[region('a', [host({ gpusFree: 0 })]), region('b', [host({ gpuType: L40S, gpusFree: 2 })])],
			'a:4/0 b:4/1',
		],
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
					const before = held.reduce((total, share) => total + (share.held ?? share.workersMax), 0);
					held = allocateGrants(wanted, held, regions);
					const sum = (pick: (share: Share) => number): number => held.reduce((total, share) => total + pick(share), 0);
					expect(sum(({ workersMax }) => workersMax)).toBeLessThanOrEqual(wanted.workersMax);
					expect(sum(({ workersMin }) => workersMin)).toBeLessThanOrEqual(Math.min(wanted.workersMin, wanted.workersMax));
					expect(new Set(held.map(({ region: id }) => id)).size).toBe(held.length);
					for (const { region: id, workersMax, workersMin } of held) {
						if (workersMax > 0) expect(regions.find((capacity) => capacity.region === id)?.alive).toBe(true);
						expect(workersMin).toBeLessThanOrEqual(workersMax);
						expect(workersMin).toBeGreaterThanOrEqual(0);
					}
					expect(sum(({ workersMax, held: counted }) => counted ?? workersMax)).toBeLessThanOrEqual(before + Math.max(0, wanted.workersMax - before));
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

const full = (over: Partial<HostFigure> = {}): HostFigure => host({ gpusFree: 0, ...over });
const use = (over: Partial<RegionUse> = {}): RegionUse => ({ revision: 9, alive: 0, blocked: false, ...over });
const ladder = { workersMax: 3, gpuPools: ['ADA_24', 'ADA_48_PRO', 'AMPERE_80'] } satisfies Partial<EndpointSpec>;
/** Shares with what counts and the pools, for endpoints that regions have spoken about. */
const settle = (over: Partial<EndpointSpec>, held: Share[], regions: RegionCapacity[], uses: Record<string, RegionUse> = {}): string =>
	allocateGrants(spec(over), held, regions, new Map(Object.entries(uses)), 5)
		.map(
			({ region: id, workersMax, held: counted, tiers }) => `${id}:${workersMax}${counted === undefined ? '' : `(${counted})`}${tiers === undefined ? '' : ` ${tiers.join('+')}`}`,
		)
		.join(', ');

describe('fallback', () => {
	const eu = (adaFree: number, a100Free: number): RegionCapacity => region('eu', [host({ gpusFree: adaFree }), host({ id: 'h-2', gpuType: A100, gpusFree: a100Free })]);
	const us = (free: number): RegionCapacity => region('us', [host({ gpuType: L40S, gpusFree: free })]);

	test('a better tier elsewhere beats a worse tier here', () => {
		expect(settle(ladder, [], [eu(4, 4), us(4)])).toBe('eu:3 ADA_24');
		expect(settle(ladder, [], [eu(1, 4), us(4)])).toBe('eu:1 ADA_24, us:2 ADA_24+ADA_48_PRO');
		expect(settle(ladder, [], [eu(0, 4), us(4)])).toBe('us:3 ADA_24+ADA_48_PRO');
		expect(settle(ladder, [], [eu(0, 4), us(0)])).toBe('eu:3');
	});

	test('or the other way round, where the endpoint asks for it', () => {
		expect(settle({ ...ladder, fallbackOrder: 'region' }, [], [eu(1, 4), us(4)])).toBe('eu:3');
		expect(settle({ ...ladder, fallbackOrder: 'region' }, [], [eu(0, 0), us(4)])).toBe('us:3');
	});

	test('a share without workers moves off a region that is full, and comes back when it is not', () => {
		const there = [{ region: 'eu', workersMax: 3, workersMin: 0 }];
		expect(settle(ladder, there, [eu(0, 0), us(4)], { eu: use({ blocked: true }) })).toBe('eu:0(3)');
		expect(settle(ladder, [{ region: 'us', workersMax: 3, workersMin: 0 }], [eu(4, 4), us(4)], { us: use({ alive: 1 }) })).toContain('us:1(3)');
	});

	test('all full everywhere: shares stay where they are', () => {
		expect(settle(ladder, [{ region: 'us', workersMax: 3, workersMin: 0 }], [eu(0, 0), us(0)], { us: use({ blocked: true }) })).toBe('us:3 ADA_24+ADA_48_PRO');
	});

	test('a region that finds no place although figures show one is left for the next', () => {
		const there: Share[] = [{ region: 'eu', workersMax: 3, workersMin: 0, tiers: ['ADA_24'] }];
		expect(settle(ladder, there, [eu(4, 4), us(4)], { eu: use({ blocked: true }) })).toBe('eu:0(3) ADA_24');
		expect(settle(ladder, there, [eu(4, 4), us(4)], { eu: use({ revision: 5 }) })).toBe('eu:3 ADA_24');
	});

	test('a draining host is no room', () => {
		expect(settle({ workersMax: 3 }, [], [region('a', [host({ draining: true })]), region('b', [host({ gpus: 2 })])])).toBe('b:3');
	});
});

describe('a share that is lowered', () => {
	const held: Share[] = [{ region: 'a', workersMax: 3, workersMin: 0 }];
	const [a, b] = [region('a', [full()]), region('b')];

	test('counts in full until its region has confirmed it, then as many as still run there', () => {
		const lowered = allocateGrants(spec({ workersMax: 3 }), held, [a, b], new Map([['a', use({ alive: 1, blocked: true, revision: 4 })]]), 5);
		expect(lowered).toEqual([{ region: 'a', workersMax: 1, workersMin: 0, held: 3, since: 5 }]);
		const ask = (revision: number, alive: number): string => settle({ workersMax: 3 }, lowered, [a, b], { a: use({ revision, alive, blocked: true }) });
		expect(ask(4, 1)).toBe('a:1(3)');
		expect(ask(5, 2)).toBe('a:1(2), b:1');
		expect(ask(5, 1)).toBe('a:1, b:2');
	});

	test('is free at once when its region was given up, which keeps a share of 0 until it has confirmed that', () => {
		const gone = allocateGrants(spec({ workersMax: 3 }), held, [{ ...a, alive: false }, b], new Map(), 5);
		expect(gone).toEqual([
			{ region: 'b', workersMax: 3, workersMin: 0 },
			{ region: 'a', workersMax: 0, workersMin: 0, since: 5 },
		]);
		const back = (uses: Record<string, RegionUse>): string[] =>
			allocateGrants(spec({ workersMax: 3 }), gone, [region('a'), b], new Map(Object.entries({ b: use({ alive: 3 }), ...uses })), 6).map(({ region: id }) => id);
		expect(back({})).toContain('a');
		expect(back({ a: use({ revision: 3 }) })).toContain('a');
		expect(back({ a: use({ revision: 5, alive: 2 }) })).toContain('a');
		expect(back({ a: use({ revision: 5 }) })).not.toContain('a');
	});
});

/** A region on its own: acts on the last grant that reached it, in messages that may come late or never. */
class Model {
	applied = { revision: 0, workersMax: 0 };
	alive = 0;
	connected = true;
	said: RegionUse | undefined;
}

describe('whatever is late, lost or cut off', () => {
	const step = fc.record({
		kind: fc.constantFrom('allocate', 'hear', 'say', 'grow', 'shrink', 'cut', 'heal') as fc.Arbitrary<'allocate' | 'hear' | 'say' | 'grow' | 'shrink' | 'cut' | 'heal'>,
		region: fc.constantFrom('a', 'b', 'c'),
		free: fc.nat({ max: 5 }),
		back: fc.nat({ max: 3 }),
		blocked: fc.boolean(),
	});

	test('regions together never run more workers than the maximum', () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 120 }), (workersMax, steps) => {
				const models = new Map(['a', 'b', 'c'].map((id) => [id, new Model()]));
				const free = new Map<string, number>();
				const history: Share[][] = [[]];
				for (const { kind, region: id, free: gpusFree, back, blocked } of steps) {
					const model = models.get(id) as Model;
					free.set(id, gpusFree);
					if (kind === 'allocate') {
						const uses = new Map([...models].flatMap(([name, { said, connected }]) => (said === undefined || !connected ? [] : [[name, said] as const])));
						const capacity = [...models].map(([name, { connected }]) => region(name, [host({ gpus: 5, gpusFree: free.get(name) ?? 5 })], connected));
						history.push(allocateGrants(spec({ workersMax }), history.at(-1) ?? [], capacity, uses, history.length));
					} else if (kind === 'hear' && model.connected) {
						const revision = Math.max(0, history.length - 1 - back);
						const share = history[revision]?.find((candidate) => candidate.region === id);
						if (share !== undefined && revision > model.applied.revision) model.applied = { revision, workersMax: share.workersMax };
					} else if (kind === 'say' && model.connected) model.said = { revision: model.applied.revision, alive: model.alive, blocked };
					else if (kind === 'grow' && model.connected && model.alive < model.applied.workersMax) model.alive++;
					else if (kind === 'shrink') model.alive = Math.max(0, model.alive - 1);
					else if (kind === 'cut' && model.connected) {
						// Past its lease: it has fenced itself before the edge gives it up.
						model.connected = false;
						model.alive = 0;
					} else if (kind === 'heal' && !model.connected) {
						// The answer that ends its fence brings what the edge grants now.
						const share = history.at(-1)?.find((candidate) => candidate.region === id);
						if (history.length > 1) model.applied = { revision: history.length - 1, workersMax: share?.workersMax ?? 0 };
						model.connected = true;
						model.said = undefined;
					}
					const running = [...models.values()].reduce((sum, { alive }) => sum + alive, 0);
					expect(running).toBeLessThanOrEqual(workersMax);
				}
			}),
			{ numRuns: 500 },
		);
	});
});

describe('a region that an endpoint leaves', () => {
	const moved = spec({ workersMax: 3, gpuPools: ['ADA_48_PRO'] });
	const regions = [region('old', [host()]), region('new', [host({ gpuType: L40S })])];
	const held: Share[] = [{ region: 'old', workersMax: 3, workersMin: 0 }];
	const use = (over: Partial<RegionUse> = {}): RegionUse => ({ revision: 1, alive: 0, blocked: false, ...over });

	test('keeps one worker until another region serves, which starts one whether a job asks for it or not', () => {
		const first = allocateGrants(moved, held, regions, new Map([['old', use({ alive: 3 })]]), 2);
		expect(brief(first)).toBe('old:1/1');
		const confirmed = allocateGrants(moved, first, regions, new Map([['old', use({ revision: 2, alive: 1 })]]), 3);
		expect(brief(confirmed)).toBe('new:2/1 old:1/0');
		const starting = new Map([
			['old', use({ revision: 3, alive: 1 })],
			['new', use({ revision: 3, alive: 1, isServing: false })],
		]);
		expect(brief(allocateGrants(moved, confirmed, regions, starting, 4))).toBe('new:2/1 old:1/0');
		const serving = new Map([...starting, ['new', use({ revision: 3, alive: 1, isServing: true })] as const]);
		expect(brief(allocateGrants(moved, confirmed, regions, serving, 4))).toBe('new:2/0');
	});

	test('keeps none where the maximum is one, where it has none, or where there is nowhere to go', () => {
		const uses = new Map([['old', use({ alive: 1 })]]);
		expect(brief(allocateGrants({ ...moved, workersMax: 1 }, [{ region: 'old', workersMax: 1, workersMin: 0 }], regions, uses, 2))).toBe('');
		const lowered = allocateGrants(moved, held, regions, new Map([['old', use()]]), 2);
		expect(brief(lowered)).toBe('');
		expect(brief(allocateGrants(moved, lowered, regions, new Map([['old', use({ revision: 2 })]]), 3))).toBe('new:3/0');
		expect(brief(allocateGrants(moved, held, [regions[0] ?? region('old')], uses, 2))).toBe('');
	});
});
