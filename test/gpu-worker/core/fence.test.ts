import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FenceFacts, fenceReason, leftMs } from '../../../gpu-worker/src/core/fence.ts';

const AT_MS = 1_000_000;
const LEASE_MS = 20_000;
const FENCE_MS = 90_000;

/** What a host knows at `AT_MS` when report and edge were last heard so long ago. */
function silent(reportMs: number, edgeMs: number): FenceFacts {
	return { nowMs: AT_MS, ackedReportSentAtMs: AT_MS - reportMs, edgeHeardAtMs: AT_MS - edgeMs, agentLeaseMs: LEASE_MS, regionFenceMs: FENCE_MS };
}

const NO_REPORT = /^no acknowledged host report for \d+ ms \(lease 20000 ms\)$/;
const NO_EDGE = /^the region has not heard the edge for \d+ ms \(fence 90000 ms\)$/;

describe('a host', () => {
	test.each([
		['that is heard', 0, 0],
		['whose lease ends this moment', LEASE_MS, 0],
		['whose region loses the edge this moment', 0, FENCE_MS],
		['at both limits', LEASE_MS, FENCE_MS],
	])('%s may run jobs', (_name, reportMs, edgeMs) => {
		expect(fenceReason(silent(reportMs, edgeMs))).toBeNull();
	});

	test.each([
		['unheard past its lease', LEASE_MS + 1, 0, NO_REPORT],
		['of a region cut off from the edge', 0, FENCE_MS + 1, NO_EDGE],
		['cut off from a region that is cut off names the nearer cause, and', LEASE_MS + 1, FENCE_MS + 1, NO_REPORT],
		['that woke from a long sleep', 86_400_000, 86_400_000, NO_REPORT],
	])('%s is fenced off', (_name, reportMs, edgeMs, reason) => {
		expect(fenceReason(silent(reportMs, edgeMs))).toMatch(reason);
	});

	test('is told how long it was not heard', () => {
		expect(fenceReason(silent(25_000.4, 0))).toBe('no acknowledged host report for 25000 ms (lease 20000 ms)');
		expect(fenceReason(silent(0, 100_000.4))).toBe('the region has not heard the edge for 100000 ms (fence 90000 ms)');
	});
});

const span = fc.integer({ min: 0, max: 200_000 });
const anyFacts = fc
	.record({ nowMs: fc.integer({ min: 0, max: 10_000_000 }), reportMs: span, edgeMs: span, agentLeaseMs: span, regionFenceMs: span })
	.map(({ nowMs, reportMs, edgeMs, ...limits }): FenceFacts => ({ nowMs, ackedReportSentAtMs: nowMs - reportMs, edgeHeardAtMs: nowMs - edgeMs, ...limits }));

describe('whatever the times', () => {
	test('a host stays fenced off until something newer is heard, and both limits passed fence it off for sure', () => {
		fc.assert(
			fc.property(anyFacts, fc.nat(500_000), (facts, laterMs) => {
				if (fenceReason(facts) !== null) expect(fenceReason({ ...facts, nowMs: facts.nowMs + laterMs })).not.toBeNull();
				const limitMs = Math.min(facts.ackedReportSentAtMs + facts.agentLeaseMs, facts.edgeHeardAtMs + facts.regionFenceMs);
				expect(fenceReason({ ...facts, nowMs: limitMs })).toBeNull();
				expect(fenceReason({ ...facts, nowMs: limitMs + 1 })).not.toBeNull();
			}),
		);
	});

	test('news of one kind alone does not lift the fence of the other', () => {
		fc.assert(
			fc.property(anyFacts, (facts) => {
				const edgeOnly = fenceReason({ ...facts, edgeHeardAtMs: facts.nowMs });
				const reportOnly = fenceReason({ ...facts, ackedReportSentAtMs: facts.nowMs });
				expect(edgeOnly === null && reportOnly === null).toBe(fenceReason(facts) === null);
			}),
		);
	});
});

test('what is left of the lease is used up exactly when the host is fenced off', () => {
	expect(leftMs(silent(5_000, 1_000))).toBe(15_000);
	expect(leftMs(silent(0, 80_000))).toBe(10_000);
	fc.assert(fc.property(fc.nat(200_000), fc.nat(200_000), (reportMs, edgeMs) => leftMs(silent(reportMs, edgeMs)) < 0 === (fenceReason(silent(reportMs, edgeMs)) !== null)));
});
