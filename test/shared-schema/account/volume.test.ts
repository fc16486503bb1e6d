import { expect, test } from 'vitest';
import { problemOfGrowth, type Volume } from '../../../shared-schema/src/account/volume.ts';

const volume: Volume = { sizeGb: 50, dataCenterId: 'EU-RO-1', tier: 'STANDARD' };

test.each([
	[50, null],
	[51, null],
	[4_096, null],
	[49, /50 GB cannot shrink to 49 GB/],
	[4_097, /at most 4096 GB/],
])('a volume of 50 GB may become one of %d GB: %s', (sizeGb, problem) => {
	if (problem === null) expect(problemOfGrowth(volume, sizeGb)).toBeNull();
	else expect(problemOfGrowth(volume, sizeGb)).toMatch(problem);
});
