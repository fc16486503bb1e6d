import { describe, expect, test } from 'vitest';
import type { Job } from '../../../shared-schema/src/job/job.ts';
import { doubtRun, nextWatch, type Whereabouts, watchJob } from '../../../shared-schema/src/job/watch.ts';
import { attempt, newJob, present, T0, timers } from './samples.ts';

const watch = (job: Job, now: number, where: Partial<Whereabouts> = {}): ReturnType<typeof watchJob> => watchJob(job, { ...present, ...where }, now, timers);

describe('an ended job', () => {
	const ended = attempt('running', { phase: 'completed', expiresAt: T0 + 100 });

	test('is deleted when its retention is over and not before', () => {
		expect(watch(ended, T0 + 99)).toEqual({ job: ended, action: 'none' });
		expect(watch(ended, T0 + 100)).toEqual({ job: ended, action: 'delete' });
	});

	test('is left alone by everything else, TTL and a lost region included', () => {
		expect(watch({ ...ended, ttlAt: T0 }, T0 + 50, { regionGone: true, bootGone: true }).action).toBe('none');
	});
});

describe('the TTL', () => {
	test('ends a job that no region has, without telling any', () => {
		const { job, action } = watch({ ...newJob({ ttlMs: 10_000 }) }, T0 + 10_000);
		expect(action).toBe('none');
		expect(job).toMatchObject({
			phase: 'timed_out',
			error: 'job exceeded its ttl of 10000 ms before a worker took it',
			executionMs: null,
			expiresAt: T0 + 10_000 + timers.retentionAsyncMs,
		});
	});

	test.each(['sent', 'queued'] as const)('ends a %s job and takes it back from its region', (phase) => {
		expect(watch(attempt(phase, { ttlAt: T0 + 5 }), T0 + 5)).toMatchObject({ action: 'revoke', job: { phase: 'timed_out', token: null, region: 'eu-1' } });
	});

	test('ends a running job with the time that it ran', () => {
		expect(watch(attempt('running', { ttlAt: T0 + 3_000 }), T0 + 3_000)).toMatchObject({ action: 'revoke', job: { phase: 'timed_out', executionMs: 2_000 } });
	});

	test('comes before the loss of the region', () => {
		expect(watch(attempt('running', { ttlAt: T0 }), T0, { regionGone: true }).job.phase).toBe('timed_out');
	});
});

describe('a waiting job', () => {
	test('asks for a region and rings again', () => {
		const { job, action } = watch(newJob(), T0);
		expect(action).toBe('dispatch');
		expect(job.nextAt).toBe(T0 + timers.dispatchConfirmMs);
	});
});

describe('a dispatch without an answer', () => {
	test('is sent again as the same attempt', () => {
		const { job, action } = watch(attempt('sent'), T0 + 20_000);
		expect(action).toBe('resend');
		expect(job).toMatchObject({ phase: 'sent', epoch: 1, token: 'token-1-0123456789', nextAt: T0 + 40_000 });
	});

	test('stays with a failing region inside its start window: the region may have it', () => {
		expect(watch(attempt('sent'), T0 + timers.startWithinMs - 1, { regionFailing: true }).action).toBe('resend');
	});

	test('leaves a failing region when the window is over', () => {
		expect(watch(attempt('sent'), T0 + timers.startWithinMs, { regionFailing: true })).toMatchObject({
			action: 'dispatch',
			job: { phase: 'waiting', token: null, epoch: 1, retries: 0 },
		});
	});

	test('leaves a region that was given up at once', () => {
		expect(watch(attempt('sent'), T0 + 1, { regionGone: true })).toMatchObject({ action: 'dispatch', job: { phase: 'waiting' } });
	});
});

describe('a queued job', () => {
	test('is asked about, and stays', () => {
		const { job, action } = watch(attempt('queued'), T0 + 60_000);
		expect(action).toBe('ask');
		expect(job).toMatchObject({ phase: 'queued', epoch: 1, nextAt: T0 + 120_000 });
	});

	test('stays with a region whose last dispatch failed', () => {
		expect(watch(attempt('queued'), T0 + 60_000, { regionFailing: true }).action).toBe('ask');
	});

	test('moves when its region is given up, without costing a retry', () => {
		expect(watch(attempt('queued'), T0 + 60_000, { regionGone: true })).toMatchObject({ action: 'dispatch', job: { phase: 'waiting', retries: 0, token: null } });
	});
});

describe('a running job', () => {
	const running = attempt('running', { executionTimeoutMs: 5_000 });
	const limit = T0 + 1_000 + 5_000 + timers.watchdogGraceMs;

	test('fails at its execution timeout plus grace and is stopped', () => {
		expect(watch(running, limit - 1).action).toBe('none');
		expect(watch(running, limit)).toMatchObject({ action: 'revoke', job: { phase: 'failed', error: 'executionTimeout exceeded', executionMs: limit - T0 - 1_000 } });
	});

	test.each([
		[{ regionGone: true }, 'its region is out of reach'],
		[{ bootGone: true }, 'its host restarted or is out of reach'],
	])('loses its attempt with %o', (where, reason) => {
		expect(watch(running, T0 + 2_000, where)).toMatchObject({ action: 'dispatch', job: { phase: 'waiting', retries: 1 } });
		expect(watch({ ...running, retries: 1 }, T0 + 2_000, where)).toMatchObject({ action: 'none', job: { phase: 'failed', error: `job timed out after 1 retries: ${reason}` } });
	});

	test('is asked about once it has run for a sweep interval, then at growing distance with a bound', () => {
		const long = { ...attempt('running'), startedAt: T0, executionTimeoutMs: 7 * 86_400_000, ttlAt: T0 + 7 * 86_400_000 };
		const asked = (now: number, askedAt: number | null): string => watchJob(long, { ...present, askedAt }, now, timers).action;
		expect([asked(T0 + timers.sweepMs - 1, null), asked(T0 + timers.sweepMs, null)]).toEqual(['none', 'ask']);
		const lastAt = T0 + 8 * timers.sweepMs;
		expect([asked(lastAt + 4 * timers.sweepMs - 1, lastAt), asked(lastAt + 4 * timers.sweepMs, lastAt)]).toEqual(['none', 'ask']);
		const muchLater = T0 + 5_000 * timers.sweepMs;
		expect([asked(muchLater + 15 * timers.sweepMs - 1, muchLater), asked(muchLater + 15 * timers.sweepMs, muchLater)]).toEqual(['none', 'ask']);
	});

	test('that its host does not have is looked at again after a sweep interval', () => {
		const job = { ...running, nextAt: T0 + 3_600_000 };
		expect(doubtRun(job, T0, timers)).toEqual({ ...job, nextAt: T0 + timers.sweepMs });
		expect(doubtRun({ ...job, nextAt: T0 + 1 }, T0, timers).nextAt).toBe(T0 + 1);
	});

	test('is looked at again no later than the lease check and no later than its limit', () => {
		expect(watch(running, T0 + 2_000).job.nextAt).toBe(limit);
		expect(watch(attempt('running'), T0 + 2_000).job.nextAt).toBe(T0 + 2_000 + timers.leaseCheckMs);
		expect(nextWatch(running, T0, T0, { ...timers, leaseCheckMs: 3 })).toBe(T0 + 3);
	});
});
