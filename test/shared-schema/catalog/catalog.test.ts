import { describe, expect, test } from 'vitest';
import { type Catalog, catalog } from '../../../shared-schema/src/catalog/catalog.ts';
import { DEFAULT_CATALOG } from '../../../shared-schema/src/catalog/data.ts';

/** RunPod's ids, of whose list of 49 these are the odd ones. */
const ODD_TYPES = ['NVIDIA  RTX A4500', 'NVIDIA  A30', 'NVIDIA GeForce RTX 3080TI', 'NVIDIA A5000 Ada', 'Tesla T4', 'AMD Instinct MI300X OAM', 'Tesla V100-FHHL-16GB'];

describe('the catalogue that comes with the edge', () => {
	test('holds together, says of when it is and where its prices come from', () => {
		expect(catalog.parse(DEFAULT_CATALOG)).toEqual(DEFAULT_CATALOG);
		expect(DEFAULT_CATALOG.date).toMatch(/^\d{4}-\d\d-\d\d$/);
		expect(DEFAULT_CATALOG.source.length).toBeGreaterThan(20);
	});

	test('knows at least 49 GPU types, odd spellings included, the flavours of CPU endpoints and 26 data centres', () => {
		const ids = DEFAULT_CATALOG.gpus.map(({ id }) => id);
		expect(ids.length).toBeGreaterThanOrEqual(49);
		expect(ids).toEqual(expect.arrayContaining(ODD_TYPES));
		expect(DEFAULT_CATALOG.cpus.map(({ id }) => id)).toEqual(expect.arrayContaining(['cpu3c', 'cpu3g', 'cpu5c', 'cpu5g']));
		expect(DEFAULT_CATALOG.dataCenters.length).toBeGreaterThanOrEqual(26);
	});
});

describe("an operator's catalogue is refused", () => {
	const [firstPool, ...otherPools] = DEFAULT_CATALOG.pools;
	const [firstGpu] = DEFAULT_CATALOG.gpus;
	const [firstCpu] = DEFAULT_CATALOG.cpus;
	if (firstPool === undefined || firstGpu === undefined || firstCpu === undefined) throw new Error('the catalogue is empty');
	test.each<[string, Partial<Catalog>, RegExp]>([
		['without a pool', { pools: otherPools }, /lacks AMPERE_16/],
		['with a GPU type twice', { gpus: [firstGpu, firstGpu] }, /listed twice/],
		['with a negative price', { pools: [{ ...firstPool, flexPerSecond: -1 }, ...otherPools] }, /flexPerSecond|>=0/],
		['with a range of CPUs upside down', { cpus: [{ ...firstCpu, vcpuMin: 8, vcpuMax: 2 }] }, /vcpuMax \(2\)/],
		['without a date', { date: 'spring' }, /date/],
	])('%s', (_what, over, words) => {
		const parsed = catalog.safeParse({ ...DEFAULT_CATALOG, ...over });
		expect(parsed.success).toBe(false);
		expect(JSON.stringify(parsed.error?.issues)).toMatch(words);
	});
});
