import { expect, test } from 'vitest';
import { hasProvenItself, howItEnded } from '../../../regional-broker/src/core/worker-end.ts';
import type { WorkerReport } from '../../../shared-schema/src/wire/bus.ts';

const report = (more: Partial<WorkerReport>): WorkerReport => ({
	id: 'w1',
	endpointId: 'ep1',
	version: 1,
	phase: 'idle',
	gpus: [],
	jobs: [],
	room: 0,
	startedAgoMs: 0,
	idleMs: 0,
	...more,
});

test.each([
	['lived for a while', { startedAgoMs: 30_000 }, true],
	['is new', { startedAgoMs: 29_999 }, false],
	['ended as it should', { phase: 'exited', exitCode: 0 }, true],
	['ended badly, however old', { phase: 'exited', exitCode: 1, startedAgoMs: 90_000 }, false],
	['never ran', { phase: 'exited', exitCode: null, startedAgoMs: 90_000 }, false],
	['still starts', { phase: 'initializing', startedAgoMs: 90_000 }, false],
] as const)('a worker that %s', (_, more, isProven) => {
	expect(hasProvenItself(report(more))).toBe(isProven);
});

test.each([
	[{ exitCode: 3 }, 'worker ended with exit code 3'],
	[{ exitCode: null }, 'worker ended with exit code unknown'],
	[{}, 'worker ended with exit code unknown'],
	[{ exitCode: null, exitCause: 'could not be started: no such model' }, 'worker could not be started: no such model'],
	[{ exitCode: 137, exitCause: 'out of memory' }, 'worker ended with exit code 137: out of memory'],
])('an end is told in the words of the host: %j', (end, words) => {
	expect(howItEnded(end)).toBe(words);
});
