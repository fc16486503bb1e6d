import { expect, test } from 'vitest';
import { diffSpecs } from '../../../../shared-schema/src/wire/rest-v2/release-diff.ts';
import { specWith } from '../../../support/endpoint-spec.ts';

test('names what changed by the fields of REST v2, each variable and member by itself', () => {
	const before = specWith({ env: { A: '1', GONE: 'x' }, gpuPools: ['ADA_24'] });
	const after = specWith({ env: { A: '2', NEW: 'y' }, gpuPools: ['ADA_24', 'AMPERE_80'], image: 'other:2', gpuCount: 2 });
	expect(diffSpecs(before, after)).toEqual([
		{ field: 'image', old: 'example/worker:1', new: 'other:2' },
		{ field: 'env.A', old: '1', new: '2' },
		{ field: 'env.GONE', old: 'x', new: null },
		{ field: 'gpu.pools', old: ['ADA_24'], new: ['ADA_24', 'AMPERE_80'] },
		{ field: 'gpu.count', old: 1, new: 2 },
		{ field: 'env.NEW', old: null, new: 'y' },
	]);
});

test('of equal specifications is empty', () => {
	expect(diffSpecs(specWith(), specWith())).toEqual([]);
});
