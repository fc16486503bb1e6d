import { expect, test } from 'vitest';
import { volumeUses } from '../../../edge/src/core/volume-use.ts';

test('the newest of several hosts’ measurements holds', () => {
	const hosts = [
		{ volumes: [{ id: 'v1', usedBytes: 10, measuredAgoMs: 5_000 }] },
		{},
		{
			volumes: [
				{ id: 'v1', usedBytes: 30, measuredAgoMs: 1_000 },
				{ id: 'v2', usedBytes: 7, measuredAgoMs: 0 },
			],
		},
		{ volumes: [{ id: 'v1', usedBytes: 20, measuredAgoMs: 3_000 }] },
	];
	expect(Object.fromEntries(volumeUses(hosts, 100_000))).toEqual({ v1: { usedBytes: 30, atMs: 99_000 }, v2: { usedBytes: 7, atMs: 100_000 } });
	expect(volumeUses([], 0).size).toBe(0);
});
