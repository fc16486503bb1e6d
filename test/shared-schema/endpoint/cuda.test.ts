import { expect, test } from 'vitest';
import { compareCuda, describeCuda, isCudaAllowed } from '../../../shared-schema/src/endpoint/cuda.ts';

test.each([
	['12.8', '12.8', 0],
	['12.11', '12.2', 1],
	['12.2', '12.11', -1],
	['11.8', '12.0', -1],
	['13.0', '12.9', 1],
])('%s against %s', (a, b, sign) => {
	expect(Math.sign(compareCuda(a, b))).toBe(sign);
});

test.each<[string[], string | null, string, boolean]>([
	[[], null, '11.8', true],
	[['12.4', '12.8'], null, '12.8', true],
	[['12.4', '12.8'], null, '12.6', false],
	[[], '12.4', '12.10', true],
	[[], '12.4', '12.3', false],
	[['12.2', '12.8'], '12.4', '12.2', false],
	[['12.2', '12.8'], '12.4', '12.8', true],
])('allowed %j from %s on: a host with %s', (cudaVersions, minCudaVersion, version, allowed) => {
	expect(isCudaAllowed({ cudaVersions, minCudaVersion }, version)).toBe(allowed);
});

test('says the range in words', () => {
	expect(describeCuda({ cudaVersions: [], minCudaVersion: null })).toBe('');
	expect(describeCuda({ cudaVersions: [], minCudaVersion: '12.4' })).toBe('12.4 or newer');
	expect(describeCuda({ cudaVersions: ['12.2', '12.8', '13.0'], minCudaVersion: '12.4' })).toBe('12.8 or 13.0');
});
