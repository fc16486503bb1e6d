import { describe, expect, test } from 'vitest';
import { GPU_POOLS, poolOfGpuType } from '../../../shared-schema/src/catalog/gpus.ts';
import { GPU_POOL_IDS, type GpuPoolId } from '../../../shared-schema/src/catalog/pools.ts';

describe('the catalogue', () => {
	test('has every pool once, in the order of its ids', () => {
		expect(GPU_POOLS.map(({ id }) => id)).toEqual([...GPU_POOL_IDS]);
	});

	test('has every GPU type in one pool', () => {
		const types = GPU_POOLS.flatMap(({ gpuTypes }) => gpuTypes);
		expect(new Set(types).size).toBe(types.length);
		for (const type of types) expect(GPU_POOLS.filter((pool) => pool === poolOfGpuType(type))).toHaveLength(1);
	});

	/** RunPod's price list of April 2026, US dollars a second. */
	test.each<[GpuPoolId, number, number, number, RegExp[]]>([
		['AMPERE_16', 16, 0.00016, 0.00011, [/A4000/, /A4500/, /RTX 4000/]],
		['ADA_24', 24, 0.00031, 0.00021, [/4090/]],
		['AMPERE_24', 24, 0.00019, 0.00013, [/L4$/, /A5000/, /3090/]],
		['ADA_48_PRO', 48, 0.00053, 0.00037, [/L40$/, /L40S/, /6000 Ada/]],
		['AMPERE_48', 48, 0.00034, 0.00024, [/A6000/, /A40$/]],
		['ADA_80_PRO', 80, 0.00116, 0.00093, [/H100/]],
		['AMPERE_80', 80, 0.00076, 0.0006, [/A100/]],
		['HOPPER_141', 141, 0.00155, 0.00124, [/H200/]],
		['BLACKWELL_180', 180, 0.0024, 0.0019, [/B200/]],
	])('%s has %i GB and costs %d flex, %d active', (id, memoryGb, flexPerSecond, activePerSecond, types) => {
		const pool = GPU_POOLS.find((candidate) => candidate.id === id);
		expect(pool).toMatchObject({ memoryGb, flexPerSecond, activePerSecond });
		for (const type of types)
			expect(
				pool?.gpuTypes.some((name) => type.test(name)),
				String(type),
			).toBe(true);
	});

	test('an active worker costs 19 to 33 % less than a flex one', () => {
		for (const { flexPerSecond, activePerSecond } of GPU_POOLS) {
			if (flexPerSecond === null || activePerSecond === null) continue;
			expect(1 - activePerSecond / flexPerSecond).toBeGreaterThan(0.19);
			expect(1 - activePerSecond / flexPerSecond).toBeLessThan(0.33);
		}
	});

	test('a type that it does not know has no pool', () => {
		expect(poolOfGpuType('NVIDIA H300')).toBeUndefined();
		expect(poolOfGpuType('')).toBeUndefined();
	});
});
