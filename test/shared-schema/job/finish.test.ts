import { describe, expect, test } from 'vitest';
import { endJob, loseAttempt, retryJob, runMs, shortenRetention } from '../../../shared-schema/src/job/finish.ts';
import { isTerminal } from '../../../shared-schema/src/job/job.ts';
import { attempt, newJob, T0, timers } from './samples.ts';

describe('endJob', () => {
	test.each([
		[false, timers.retentionAsyncMs],
		[true, timers.retentionSyncMs],
	])('arms the retention from the end on: sync %s is kept %i ms', (sync, retentionMs) => {
		const ended = endJob(attempt('running', { sync }), { phase: 'completed', error: null, executionMs: 4 }, T0 + 10, timers);
		expect(ended).toMatchObject({ phase: 'completed', endedAt: T0 + 10, expiresAt: T0 + 10 + retentionMs, executionMs: 4, error: null });
	});

	test('takes the token, so that the attempt can say and fetch nothing more', () => {
		expect(endJob(attempt('running'), { phase: 'cancelled', error: null, executionMs: null }, T0, timers).token).toBeNull();
	});

	test('keeps where and how it ran', () => {
		expect(endJob(attempt('running'), { phase: 'failed', error: 'x', executionMs: 1 }, T0, timers)).toMatchObject({
			region: 'eu-1',
			workerId: 'worker-1',
			startedAt: T0 + 1_000,
			epoch: 1,
		});
	});
});

describe('loseAttempt', () => {
	test('another attempt follows at once while retries are left', () => {
		const lost = loseAttempt(attempt('running', { refusals: 4 }), 'exit 137', T0 + 50, timers);
		expect(lost).toMatchObject({
			phase: 'waiting',
			retries: 1,
			refusals: 0,
			nextAt: T0 + 50,
			epoch: 1,
			token: null,
			region: null,
			startedAt: null,
			workerId: null,
			hostBoot: null,
		});
	});

	test.each([0, 1, 2, 3])('with %i retries the loss after the last one fails the job and says why', (retriesMax) => {
		let job = attempt('running', { retriesMax, startedAt: T0 });
		for (let retry = 0; retry < retriesMax; retry++) {
			job = loseAttempt(job, 'gone', T0, timers);
			expect(isTerminal(job.phase)).toBe(false);
			job = { ...job, phase: 'running', startedAt: T0 };
		}
		const failed = loseAttempt(job, 'its host restarted', T0 + 7, timers);
		expect(failed).toMatchObject({ phase: 'failed', retries: retriesMax, error: `job timed out after ${retriesMax} retries: its host restarted`, executionMs: 7 });
		expect(failed.expiresAt).toBe(T0 + 7 + timers.retentionAsyncMs);
	});
});

describe('runMs', () => {
	test('is null before the start, and never negative when clocks disagree', () => {
		expect(runMs(newJob(), T0)).toBeNull();
		expect(runMs(attempt('running'), T0 + 1_500)).toBe(500);
		expect(runMs(attempt('running'), T0)).toBe(0);
	});
});

describe('retryJob', () => {
	const failed = endJob(attempt('running', { epoch: 3, retries: 1, ttlAt: T0 + 10_000 }), { phase: 'failed', error: 'boom', executionMs: 5 }, T0 + 50, timers);

	test.each(['failed', 'timed_out'] as const)('starts a %s job anew with its whole TTL and all its retries', (phase) => {
		expect(retryJob({ ...failed, phase }, T0 + 100)).toMatchObject({
			phase: 'waiting',
			createdAt: T0 + 100,
			ttlAt: T0 + 10_100,
			retries: 0,
			nextAt: T0 + 100,
			error: null,
			executionMs: null,
			endedAt: null,
			expiresAt: null,
			startedAt: null,
			workerId: null,
		});
	});

	test('keeps the epoch, so that the attempts before it stay stale', () => {
		expect(retryJob(failed, T0 + 100)).toMatchObject({ epoch: 3, token: null, region: null });
	});

	test.each(['waiting', 'sent', 'queued', 'running', 'completed', 'cancelled'] as const)('leaves a %s job alone', (phase) => {
		expect(retryJob({ ...failed, phase }, T0)).toBeNull();
	});
});

describe('shortenRetention', () => {
	const ended = endJob(attempt('running'), { phase: 'completed', error: null, executionMs: 1 }, T0, timers);

	test('brings the expiry nearer and never moves it away', () => {
		expect(shortenRetention(ended, 6_000, T0 + 10)).toMatchObject({ expiresAt: T0 + 6_010, phase: 'completed' });
		expect(shortenRetention(ended, timers.retentionAsyncMs, T0)).toBeNull();
		expect(shortenRetention(ended, timers.retentionAsyncMs + 1, T0)).toBeNull();
	});

	test('does nothing to a job that has not ended', () => {
		expect(shortenRetention(attempt('running'), 1, T0)).toBeNull();
	});
});
