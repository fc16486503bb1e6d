import { describe, expect, test } from 'vitest';
import { GPU_POOL_IDS } from '../../../shared-schema/src/catalog/pools.ts';
import { gpuTierOf, gpuTiers, poolsOfTypes } from '../../../shared-schema/src/endpoint/gpu-preference.ts';
import { specWith } from '../../support/endpoint-spec.ts';

describe('the order of GPUs', () => {
	test('is that of the pools', () => {
		const spec = specWith({ gpuPools: ['AMPERE_80', 'ADA_24'] });
		expect(gpuTiers(spec)).toEqual(['AMPERE_80', 'ADA_24']);
		expect([gpuTierOf(spec, 'NVIDIA A100 80GB PCIe'), gpuTierOf(spec, 'NVIDIA GeForce RTX 4090'), gpuTierOf(spec, 'NVIDIA L4'), gpuTierOf(spec, 'Tesla T4')]).toEqual([
			0, 1, -1, -1,
		]);
	});

	test('is that of the types where types are named, also of one that no pool holds', () => {
		const spec = specWith({ gpuPools: ['AMPERE_24'], gpuTypes: ['Tesla T4', 'NVIDIA L4'] });
		expect([gpuTierOf(spec, 'Tesla T4'), gpuTierOf(spec, 'NVIDIA L4'), gpuTierOf(spec, 'NVIDIA RTX A5000')]).toEqual([0, 1, -1]);
	});

	test('is every pool where nothing is named', () => {
		expect(gpuTiers(specWith({ gpuPools: [] }))).toEqual(GPU_POOL_IDS);
	});
});

test('pools of types come once each, in the types’ order', () => {
	expect(poolsOfTypes(['NVIDIA A40', 'NVIDIA L4', 'Tesla T4', 'NVIDIA RTX A6000'])).toEqual(['AMPERE_48', 'AMPERE_24']);
});
