import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceptDispatch, assignRegion, createJob, keepQueued, refuseDispatch, waitAgain } from '../../../shared-schema/src/job/dispatch.ts';
import { attempt, newJob, T0, timers } from './samples.ts';

describe('createJob', () => {
	test('a new job waits, is due at once, and counts its TTL from its submission', () => {
		const job = createJob({ id: 'a', sync: true, ttlMs: 10_000, executionTimeoutMs: 5_000, lowPriority: true, retriesMax: 3 }, T0);
		expect(job).toMatchObject({ phase: 'waiting', epoch: 0, retries: 0, createdAt: T0, ttlAt: T0 + 10_000, nextAt: T0, sync: true, lowPriority: true, retriesMax: 3 });
		expect([job.region, job.token, job.startedAt, job.workerId, job.endedAt, job.expiresAt, job.error]).toEqual([null, null, null, null, null, null, null]);
	});
});

describe('assignRegion', () => {
	test('opens the next epoch under a new token and forgets the last attempt', () => {
		const before = attempt('running', { phase: 'waiting', epoch: 4, seq: 9 });
		expect(assignRegion(before, 'us-1', 'token-2', T0 + 50, timers)).toMatchObject({
			phase: 'sent',
			epoch: 5,
			region: 'us-1',
			token: 'token-2',
			seq: 0,
			sentAt: T0 + 50,
			startedAt: null,
			hostBoot: null,
			workerId: null,
			nextAt: T0 + 50 + timers.dispatchConfirmMs,
		});
	});

	test('keeps what belongs to the job and not to the attempt', () => {
		const before = { ...newJob(), retries: 1, refusals: 2 };
		expect(assignRegion(before, 'us-1', 't', T0 + 9, timers)).toMatchObject({ createdAt: T0, ttlAt: before.ttlAt, retries: 1, refusals: 2 });
	});
});

describe('the answer of a region', () => {
	test('an acknowledged attempt is queued under its sequence, its refusals forgotten', () => {
		expect(acceptDispatch(attempt('sent', { refusals: 3 }), 1, 77, T0 + 5, timers)).toMatchObject({ phase: 'queued', seq: 77, refusals: 0, epoch: 1, token: 'token-1-0123456789' });
	});

	test.each([
		['of an earlier epoch', attempt('sent', { epoch: 2 })],
		['after the start', attempt('running')],
		['after an acknowledgement', attempt('queued')],
		['after the end', attempt('sent', { phase: 'cancelled' })],
		['after it moved on', attempt('sent', { phase: 'waiting' })],
	])('changes nothing %s', (_when, job) => {
		expect(acceptDispatch(job, 1, 1, T0, timers)).toBeNull();
		expect(refuseDispatch(job, 1, T0)).toBeNull();
	});

	test('a refused attempt waits without a token, so that no report of it counts', () => {
		expect(refuseDispatch(attempt('sent'), 1, T0)).toMatchObject({ phase: 'waiting', region: null, token: null, refusals: 1, epoch: 1, nextAt: T0 + 500 });
	});

	test('each refusal in a row waits longer, up to 15 s', () => {
		const delays = Array.from({ length: 12 }, (_, refusals) => waitAgain(attempt('sent', { refusals }), T0).nextAt - T0);
		expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000, 15_000, 15_000]);
	});
});

describe('the sweep', () => {
	test('first looks at a queued attempt when its start window is over', () => {
		const quick = { ...timers, sweepMs: 10 };
		expect(acceptDispatch(attempt('sent'), 1, 1, T0 + 5, quick)?.nextAt).toBe(T0 + timers.startWithinMs);
	});

	test('looks again at growing distance', () => {
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 604_800_000 }), (age) => {
				const now = T0 + age;
				const kept = keepQueued(attempt('queued'), now, timers);
				expect(kept.nextAt - now).toBeGreaterThanOrEqual(Math.max(timers.sweepMs, Math.floor(age / 2)));
				expect(kept.nextAt - now).toBeLessThanOrEqual(Math.max(timers.sweepMs, timers.startWithinMs, age));
				expect(Number.isInteger(kept.nextAt)).toBe(true);
				expect({ ...kept, nextAt: 0 }).toEqual({ ...attempt('queued'), nextAt: 0 });
			}),
		);
	});
});
