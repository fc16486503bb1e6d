import { expect, test } from 'vitest';
import { advanceDownload, describeBytes, describeDownload, startDownload } from '../../../gpu-worker/src/core/download-progress.ts';

test('a line comes at most every five seconds, and only for a tenth more', () => {
	let { progress, note } = advanceDownload(startDownload(4_000_000_000, 0, 0), 1_000_000_000, 4_999);
	expect(note).toBeNull();
	({ progress, note } = advanceDownload(progress, 0, 5_000));
	expect(note).toBe('1.0 of 4.0 GB');
	({ progress, note } = advanceDownload(progress, 100_000_000, 20_000));
	expect(note, 'less than a tenth').toBeNull();
	({ progress, note } = advanceDownload(progress, 400_000_000, 20_001));
	expect(note).toBe('1.5 of 4.0 GB');
});

test('what was there already counts, and what had to be thrown away does not', () => {
	const { progress } = advanceDownload(startDownload(10_000_000, 6_000_000, 0), -6_000_000, 10);
	expect(progress.bytes).toBe(0);
	expect(describeDownload({ bytes: 2_500_000, totalBytes: 10_000_000 })).toBe('2.5 of 10.0 MB');
	expect(describeBytes(1_234_000_000)).toBe('1.2 GB');
});
