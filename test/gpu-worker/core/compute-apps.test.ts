import { expect, test } from 'vitest';
import { readComputeApps } from '../../../gpu-worker/src/core/compute-apps.ts';

test('memory by process, over several GPUs, in bytes', () => {
	expect([...readComputeApps('4711, 1024\n4712, 512\n4711, 8\n')]).toEqual([
		[4711, 1032 * 2 ** 20],
		[4712, 512 * 2 ** 20],
	]);
});

test('memory that the driver does not tell is there all the same; lines that are no row are not', () => {
	expect([...readComputeApps('4711, [N/A]\nNo running processes found\n\n')]).toEqual([[4711, 2 ** 20]]);
});
