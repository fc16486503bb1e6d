import { expect, test } from 'vitest';
import { mayWriteRoot, tellsReadOnlyRoot } from '../../../gpu-worker/src/core/container-root.ts';

test.each([
	['by-disk', null, false, false],
	['by-disk', 20, false, true],
	['by-disk', null, true, true],
	['read-only', 20, true, false],
	['writable', null, false, true],
] as const)('%s, disk %s, image that writes %s: %s', (policy, diskGb, imageWrites, may) => {
	expect(mayWriteRoot(policy, diskGb, imageWrites)).toBe(may);
});

test('an image that needs to write is known by the system’s own words', () => {
	expect(tellsReadOnlyRoot("OSError: [Errno 30] Read-only file system: '/.runpod_jobs.pkl.lock'")).toBe(true);
	expect(tellsReadOnlyRoot("Error: EROFS: read-only file system, open '/x'")).toBe(true);
	expect(tellsReadOnlyRoot('sh: cannot create /x: Permission denied')).toBe(false);
});
