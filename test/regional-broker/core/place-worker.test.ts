import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PlaceHost, type PlaceSpec, placeWorker } from '../../../regional-broker/src/core/place-worker.ts';
import { GPU_POOLS } from '../../../shared-schema/src/catalog/gpus.ts';
import { GPU_POOL_IDS } from '../../../shared-schema/src/catalog/pools.ts';

const ADA = 'NVIDIA GeForce RTX 4090';
const A100 = 'NVIDIA A100 80GB PCIe';
const spec: PlaceSpec = {
	gpuPools: ['AMPERE_80', 'ADA_24'],
	gpuTypes: [],
	excludedGpuTypes: [],
	gpuCount: 1,
	cudaVersions: [],
	minCudaVersion: null,
	dataCenterIds: [],
	model: null,
};
const host = (id: string, overrides: Partial<PlaceHost> = {}): PlaceHost => ({
	id,
	dataCenterId: 'EU-SE-1',
	gpuType: A100,
	gpus: 4,
	gpusFree: 4,
	cudaVersion: '12.8',
	models: [],
	draining: false,
	workersOfEndpoint: 0,
	workers: 0,
	backoffMs: 0,
	...overrides,
});
const hostOf = (...args: Parameters<typeof placeWorker>): string | null => {
	const placement = placeWorker(...args);
	return 'hostId' in placement ? placement.hostId : null;
};
const blockedOf = (...args: Parameters<typeof placeWorker>): string => {
	const placement = placeWorker(...args);
	return 'blocked' in placement ? placement.blocked : '';
};

it('says how many GPUs are out where room is wanting', () => {
	const busy = host('a', { gpus: 3, gpusFree: 0, gpusOut: 1 });
	expect(blockedOf({ ...spec, gpuPools: ['AMPERE_80'] }, [busy])).toContain('AMPERE_80 full in EU-SE-1 (1 GPU there taken out)');
	expect(blockedOf({ ...spec, gpuPools: ['AMPERE_80'], gpuCount: 4 }, [busy, host('b', { gpus: 2, gpusFree: 2, gpusOut: 2 })])).toContain(
		'no host with 4 GPUs (3 GPUs there taken out)',
	);
});

describe('choice', () => {
	const cases: readonly (readonly [string, PlaceSpec, readonly PlaceHost[], string])[] = [
		['the first pool of the endpoint wins over free room in the second', spec, [host('a', { gpuType: ADA, gpusFree: 4 }), host('b', { gpusFree: 1 })], 'b'],
		['a full first pool falls to the second', spec, [host('a', { gpuType: ADA }), host('b', { gpusFree: 0 })], 'a'],
		['a host with the model wins over an emptier one', { ...spec, model: 'm' }, [host('a'), host('b', { gpusFree: 1, models: ['m'] })], 'b'],
		['in every spelling of it', { ...spec, model: 'https://huggingface.co/org/m/tree/v2' }, [host('a'), host('b', { gpusFree: 1, models: ['org/m@v2'] })], 'b'],
		['another revision is another model', { ...spec, model: 'org/m@v1' }, [host('a'), host('b', { gpusFree: 1, models: ['org/m', 'org/m@v2'] })], 'a'],
		['a host with a frozen worker wins over one that holds the model', { ...spec, model: 'm' }, [host('a', { models: ['m'] }), host('b', { gpusFree: 1, frozen: 1 })], 'b'],
		['a frozen worker on a worse pool does not win', spec, [host('a', { gpuType: ADA, frozen: 1 }), host('b')], 'b'],
		['nor does one on a full host', spec, [host('a', { gpusFree: 0, frozen: 2 }), host('b', { gpusFree: 1 })], 'b'],
		['workers of the endpoint spread', spec, [host('a', { workersOfEndpoint: 1 }), host('b', { gpusFree: 1 })], 'b'],
		['only allowed data centres', { ...spec, dataCenterIds: ['EU-RO-1'] }, [host('a'), host('b', { dataCenterId: 'EU-RO-1', gpuType: ADA })], 'b'],
		['only allowed CUDA versions', { ...spec, cudaVersions: ['12.9'] }, [host('a'), host('b', { cudaVersion: '12.9' })], 'b'],
		['no excluded types', { ...spec, excludedGpuTypes: [A100] }, [host('a'), host('b', { gpuType: ADA })], 'b'],
		['no draining host', spec, [host('a', { draining: true }), host('b', { gpuType: ADA })], 'b'],
		['a host that just failed is left out', spec, [host('a', { backoffMs: 500 }), host('b', { workersOfEndpoint: 3 })], 'b'],
		['as many GPUs as the endpoint needs', { ...spec, gpuCount: 2 }, [host('a', { gpusFree: 1 }), host('b', { gpuType: ADA, gpusFree: 2 })], 'b'],
		[
			'a CPU endpoint runs anywhere, best where no GPU is in the way',
			{ ...spec, gpuCount: 0, gpuPools: [] },
			[host('a', { gpusFree: 0 }), host('b', { gpus: 0, gpusFree: 0, gpuType: 'none' })],
			'b',
		],
	];
	it.each(cases)('%s', (_, wanted, hosts, chosen) => {
		expect(hostOf(wanted, hosts)).toBe(chosen);
	});
});

describe('reasons', () => {
	it.each([
		['full', [host('a', { gpusFree: 0 })], 'AMPERE_80 full in EU-SE-1, ADA_24 has no host in this region'],
		['CUDA', [host('a', { cudaVersion: '11.8' })], 'AMPERE_80 has no host with CUDA 12.8'],
		['too small', [host('a', { gpus: 0, gpusFree: 0 })], 'AMPERE_80 has no host with 1 GPU'],
		['failed starts', [host('a', { backoffMs: 900 })], 'AMPERE_80 waits after failed starts on a'],
		['why they failed', [host('a', { backoffMs: 900, failure: 'no such model' })], 'AMPERE_80 waits after failed starts on a (no such model)'],
		['draining', [host('a', { draining: true })], 'AMPERE_80 has only draining hosts'],
	] as const)('%s', (_, hosts, text) => {
		expect(blockedOf({ ...spec, cudaVersions: ['12.8'] }, hosts)).toContain(text);
	});
	it.each<[string, Partial<PlaceSpec>, { id: string }[], string]>([
		['a data centre', { dataCenterIds: ['EU-RO-1'] }, [], 'b has room in EU-SE-1, not in EU-RO-1'],
		['a volume', { dataCenterIds: ['EU-RO-1'] }, [{ id: 'vol-1' }], 'b has room in EU-SE-1, not in EU-RO-1, where volume vol-1 lies'],
		['a CUDA version', { cudaVersions: ['12.4'] }, [], 'b has room and CUDA 12.8, not 12.4'],
	])('names the host with room that only %s keeps the worker off', (_, rule, volumes, text) => {
		const hosts = [host('a', { dataCenterId: 'EU-RO-1', cudaVersion: '12.4', gpusFree: 0 }), host('b'), host('c', { gpusFree: 0 }), host('d', { gpuType: 'NVIDIA L4' })];
		expect(blockedOf({ ...spec, gpuPools: ['AMPERE_80'], ...rule }, hosts, volumes)).toBe(`AMPERE_80 full in EU-RO-1, ${text}`);
	});
	it('says of a model where it is, and why not there', () => {
		const whyOf = (...hosts: readonly PlaceHost[]): unknown => placeWorker({ ...spec, gpuPools: ['AMPERE_80'], model: 'm' }, hosts);
		expect(whyOf(host('a', { models: ['m'] }))).toMatchObject({ why: 'AMPERE_80 in EU-SE-1, holds the model' });
		expect(whyOf(host('a'), host('b', { models: ['m'], gpusFree: 0 }))).toMatchObject({ hostId: 'a', why: 'AMPERE_80 in EU-SE-1, does not hold m: b does and is full' });
		expect(whyOf(host('a'))).toMatchObject({ why: 'AMPERE_80 in EU-SE-1, does not hold m: no host of this tier does' });
	});
	it('takes GPU types in their order, whatever their pools', () => {
		const hosts = [host('a', { gpuType: 'NVIDIA L40' }), host('b', { gpuType: 'NVIDIA L40S' }), host('c', { gpuType: 'Tesla T4' })];
		const byType = (...gpuTypes: string[]): PlaceSpec => ({ ...spec, gpuPools: ['ADA_48_PRO'], gpuTypes });
		expect(hostOf(byType('NVIDIA L40S', 'NVIDIA L40'), hosts)).toBe('b');
		expect(hostOf(byType('Tesla T4', 'NVIDIA L40S'), hosts)).toBe('c');
		expect(blockedOf(byType('NVIDIA L4'), hosts)).toBe('NVIDIA L4 has no host in this region');
	});
	it('obeys the lowest CUDA version, compared as numbers', () => {
		const hosts = [host('a', { cudaVersion: '12.8' }), host('b', { cudaVersion: '12.10' })];
		expect(hostOf({ ...spec, minCudaVersion: '12.9' }, hosts)).toBe('b');
		expect(blockedOf({ ...spec, minCudaVersion: '13.0' }, hosts)).toContain('AMPERE_80 has no host with CUDA 13.0 or newer');
	});
	it('says when the next try is due after failed starts', () => {
		expect(placeWorker(spec, [host('a', { backoffMs: 900 }), host('b', { backoffMs: 300 })])).toMatchObject({ retryInMs: 300 });
	});
});

const anyHost = fc.record({
	id: fc.uuid(),
	dataCenterId: fc.constantFrom('A', 'B'),
	gpuType: fc.constantFrom(...GPU_POOLS.flatMap((pool) => pool.gpuTypes)),
	gpus: fc.nat(8),
	gpusFree: fc.nat(8),
	cudaVersion: fc.constantFrom('12.4', '12.8'),
	models: fc.subarray(['m', 'n']),
	draining: fc.boolean(),
	workersOfEndpoint: fc.nat(5),
	workers: fc.nat(9),
	backoffMs: fc.constantFrom(0, 0, 0, 700),
});
const anySpec = fc.record({
	gpuPools: fc.subarray([...GPU_POOL_IDS]),
	excludedGpuTypes: fc.subarray(GPU_POOLS.flatMap((pool) => pool.gpuTypes)),
	gpuTypes: fc.oneof(fc.constant<string[]>([]), fc.subarray(GPU_POOLS.flatMap((pool) => [...pool.gpuTypes]))),
	gpuCount: fc.nat(4),
	cudaVersions: fc.subarray(['12.4', '12.8']),
	minCudaVersion: fc.constantFrom(null, '12.0', '12.6', '12.10'),
	dataCenterIds: fc.subarray(['A', 'B']),
	model: fc.constantFrom(null, 'm'),
});

it('places only where every condition of the endpoint holds, and says why where it does not place', () => {
	fc.assert(
		fc.property(anySpec, fc.uniqueArray(anyHost, { selector: ({ id }) => id, maxLength: 12 }), (wanted, hosts) => {
			const placement = placeWorker(wanted, hosts);
			if ('blocked' in placement) {
				expect(placement.blocked).not.toBe('');
				expect(placement.blocked.length).toBeLessThanOrEqual(300);
				return;
			}
			const chosen = hosts.find(({ id }) => id === placement.hostId);
			if (chosen === undefined) throw new Error(`placed on unknown host ${placement.hostId}`);
			expect(chosen.draining).toBe(false);
			expect(chosen.backoffMs).toBe(0);
			if (wanted.dataCenterIds.length > 0) expect(wanted.dataCenterIds).toContain(chosen.dataCenterId);
			if (wanted.gpuCount === 0) return;
			expect(chosen.gpusFree).toBeGreaterThanOrEqual(wanted.gpuCount);
			expect(wanted.excludedGpuTypes).not.toContain(chosen.gpuType);
			if (wanted.cudaVersions.length > 0) expect(wanted.cudaVersions).toContain(chosen.cudaVersion);
			if (wanted.minCudaVersion !== null)
				expect([wanted.minCudaVersion, chosen.cudaVersion]).toEqual(expect.toSatisfy(([min, version]: string[]) => Number(version?.split('.')[1]) >= Number(min?.split('.')[1])));
			if (wanted.gpuTypes.length > 0) expect(wanted.gpuTypes).toContain(chosen.gpuType);
			else if (wanted.gpuPools.length > 0) expect(GPU_POOLS.filter(({ id }) => wanted.gpuPools.includes(id)).flatMap(({ gpuTypes }) => gpuTypes)).toContain(chosen.gpuType);
		}),
	);
});

it('does not depend on the order in which hosts are known', () => {
	fc.assert(
		fc.property(anySpec, fc.uniqueArray(anyHost, { selector: ({ id }) => id, maxLength: 12 }), (wanted, hosts) => {
			expect(placeWorker(wanted, [...hosts].reverse())).toEqual(placeWorker(wanted, hosts));
		}),
	);
});
