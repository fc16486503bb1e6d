/** Slots, back-off, fence and phases: one decision each. */
import { expect, test } from 'vitest';
import { backoffMs } from '../../../gpu-worker/src/core/backoff.ts';
import { fenceReason } from '../../../gpu-worker/src/core/fence.ts';
import { chooseGpus } from '../../../gpu-worker/src/core/slots.ts';
import { workerPhase } from '../../../gpu-worker/src/core/worker-phase.ts';

test('a worker gets the lowest free GPUs, or none when too few are free', () => {
	expect(chooseGpus(4, new Set([0, 2]), 2)).toEqual([1, 3]);
	expect(chooseGpus(4, new Set([0, 2]), 3)).toBeNull();
	expect(chooseGpus(0, new Set(), 0)).toEqual([]);
});

test('waits double up to the limit and are spread over their upper half', () => {
	expect([0, 1, 2, 10].map((tries) => backoffMs(tries, 100, 1_000, 0.999_999))).toEqual([100, 200, 400, 1_000].map((ms) => expect.closeTo(ms, 0)));
	expect(backoffMs(1, 100, 1_000, 0)).toBe(100);
});

const facts = { nowMs: 100_000, ackedReportSentAtMs: 90_000, edgeHeardAtMs: 50_000, agentLeaseMs: 20_000, regionFenceMs: 90_000 };

test('a host is fenced off when its reports or the edge were silent too long', () => {
	expect(fenceReason(facts)).toBeNull();
	expect(fenceReason({ ...facts, ackedReportSentAtMs: 79_999 })).toMatch(/no acknowledged host report/);
	expect(fenceReason({ ...facts, edgeHeardAtMs: 9_999 })).toMatch(/has not heard the edge/);
});

test('a phase is the first that applies', () => {
	const idle = { exited: false, unhealthy: false, draining: false, contacted: true, jobs: 0 };
	expect(workerPhase({ ...idle, contacted: false })).toBe('initializing');
	expect(workerPhase(idle)).toBe('idle');
	expect(workerPhase({ ...idle, jobs: 1 })).toBe('running');
	expect(workerPhase({ ...idle, jobs: 1, draining: true })).toBe('draining');
	expect(workerPhase({ ...idle, draining: true, unhealthy: true })).toBe('unhealthy');
	expect(workerPhase({ ...idle, unhealthy: true, exited: true })).toBe('exited');
});
