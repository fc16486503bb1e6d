import { describe, expect, test } from 'vitest';
import type { Job, JobPhase } from '../../../shared-schema/src/job/job.ts';
import { applyReport, grantClaim } from '../../../shared-schema/src/job/report.ts';
import type { JobEvent } from '../../../shared-schema/src/wire/region.ts';
import { attempt, event, newJob, T0, timers } from './samples.ts';

const KINDS: readonly JobEvent['kind'][] = ['started', 'progress', 'chunk', 'result', 'lost'];
const ENDS: readonly JobPhase[] = ['completed', 'failed', 'cancelled', 'timed_out'];
const nothing = { job: null, keep: 'nothing' };
const apply = (job: Job | null, given: JobEvent, now = T0 + 5_000, region = 'eu-1'): ReturnType<typeof applyReport> => applyReport(job, given, region, now, timers);

describe('reports that do not count', () => {
	describe.each(KINDS)('%s', (kind) => {
		test.each<[string, Job | null, Partial<JobEvent>, string]>([
			['of an unknown job', null, {}, 'eu-1'],
			['of an earlier attempt', attempt('running', { epoch: 2 }), {}, 'eu-1'],
			['of an attempt that was never made', attempt('running'), { epoch: 2 }, 'eu-1'],
			['under another token', attempt('running'), { token: 'token-2-0123456789' }, 'eu-1'],
			['from another region', attempt('running'), {}, 'us-1'],
			['of a lost attempt whose next one is not out yet', attempt('running', { phase: 'waiting', token: null, region: null }), {}, 'eu-1'],
			['after the TTL', attempt('running', { ttlAt: T0 + 5_000 }), {}, 'eu-1'],
		])('%s stops it and changes nothing', (_what, job, over, region) => {
			expect(apply(job, event(kind, over), T0 + 5_000, region)).toEqual({ verdict: 'stop', ...nothing });
		});
	});

	test.each(ENDS.flatMap((phase) => KINDS.filter((kind) => kind !== 'result').map((kind) => [phase, kind] as const)))('a %s job is final for %s', (phase, kind) => {
		expect(apply(attempt('running', { phase, token: null }), event(kind))).toEqual({ verdict: 'stop', ...nothing });
	});

	test.each<[JobPhase, string]>([
		['completed', 'duplicate'],
		['failed', 'duplicate'],
		['cancelled', 'stop'],
		['timed_out', 'stop'],
	])('a result that comes again to a %s job: %s', (phase, verdict) => {
		expect(apply(attempt('running', { phase, token: null }), event('result'))).toEqual({ verdict, ...nothing });
	});

	test('a result of a second worker to a completed job stops that worker', () => {
		expect(apply(attempt('running', { phase: 'completed', token: null }), event('result', { workerId: 'worker-2' })).verdict).toBe('stop');
	});
});

describe('started', () => {
	test.each(['sent', 'queued'] as const)('starts a %s attempt, even when it overtakes the acknowledgement', (phase) => {
		const { verdict, job } = apply(attempt(phase), event('started', { agoMs: 300 }), T0 + 5_000);
		expect(verdict).toBe('accepted');
		expect(job).toMatchObject({ phase: 'running', startedAt: T0 + 4_700, workerId: 'worker-1', hostBoot: 'boot-1', epoch: 1 });
	});

	test('never counts a start from before the dispatch or in the future', () => {
		expect(apply(attempt('queued'), event('started', { agoMs: 1e9 })).job?.startedAt).toBe(T0);
		expect(apply(attempt('queued', { sentAt: T0 + 9_000 }), event('started', { agoMs: 0 }), T0 + 5_000).job?.startedAt).toBe(T0 + 5_000);
	});

	test('its watch rings at the execution timeout plus grace, or at the next look at its region', () => {
		expect(apply(attempt('queued', { executionTimeoutMs: 5_000 }), event('started')).job?.nextAt).toBe(T0 + 5_000 + 5_000 + timers.watchdogGraceMs);
		expect(apply(attempt('queued'), event('started')).job?.nextAt).toBe(T0 + 5_000 + timers.leaseCheckMs);
	});

	test('a repeat is a duplicate; a second host is stopped', () => {
		expect(apply(attempt('running'), event('started'))).toEqual({ verdict: 'duplicate', ...nothing });
		expect(apply(attempt('running'), event('started', { hostBoot: 'boot-2' }))).toEqual({ verdict: 'stop', ...nothing });
		expect(apply(attempt('running'), event('started', { hostBoot: 'boot-2', workerId: 'worker-2' }))).toEqual({ verdict: 'stop', ...nothing });
	});

	test('another worker of the same host replaces the one that its claim guessed, and nothing else changes', () => {
		const running = attempt('running');
		const { verdict, job, keep } = apply(running, event('started', { workerId: 'worker-2' }));
		expect([verdict, keep]).toEqual(['accepted', 'nothing']);
		expect(job).toEqual({ ...running, workerId: 'worker-2' });
	});
});

describe('progress and chunks', () => {
	test.each(['progress', 'chunk'] as const)('%s of a running job keeps its text and changes no row', (kind) => {
		expect(apply(attempt('running'), event(kind))).toEqual({ verdict: 'accepted', job: null, keep: kind });
	});

	test.each(['progress', 'chunk'] as const)('%s that overtakes its start starts the job', (kind) => {
		expect(apply(attempt('queued'), event(kind))).toMatchObject({ verdict: 'accepted', keep: kind, job: { phase: 'running', workerId: 'worker-1' } });
	});
});

describe('result', () => {
	test('completes a running job and arms its retention', () => {
		const { verdict, job, keep } = apply(attempt('running'), event('result', { executionMs: 12.6 }));
		expect([verdict, keep]).toEqual(['accepted', 'output']);
		expect(job).toMatchObject({ phase: 'completed', executionMs: 13, error: null, endedAt: T0 + 5_000, expiresAt: T0 + 5_000 + timers.retentionAsyncMs, startedAt: T0 + 1_000 });
	});

	test('with an error fails the job with exactly that text', () => {
		expect(apply(attempt('running'), event('result', { error: '{"error_type":"x"}' })).job).toMatchObject({ phase: 'failed', error: '{"error_type":"x"}' });
	});

	test('with an empty error text is still a failure', () => {
		expect(apply(attempt('running'), event('result', { error: '' })).job).toMatchObject({ phase: 'failed', error: '' });
	});

	test("that the agent ended by the execution timeout has RunPod's text", () => {
		expect(apply(attempt('running'), event('result', { cause: 'execution_timeout', error: 'killed' })).job).toMatchObject({ phase: 'failed', error: 'executionTimeout exceeded' });
	});

	test.each(['sent', 'queued'] as const)('of a %s attempt counts: short jobs end before their start is told; the start is reckoned back', (phase) => {
		const { job } = apply(attempt(phase), event('result', { agoMs: 100, executionMs: 400 }), T0 + 5_000);
		expect(job).toMatchObject({ phase: 'completed', startedAt: T0 + 4_500, workerId: 'worker-1' });
	});
});

describe('lost', () => {
	test('opens the way for another attempt, then fails with the reason', () => {
		expect(apply(attempt('running'), event('lost')).job).toMatchObject({ phase: 'waiting', retries: 1, epoch: 1, token: null });
		expect(apply(attempt('running', { retries: 1 }), event('lost')).job).toMatchObject({ phase: 'failed', error: 'job timed out after 1 retries: exit 137' });
	});

	test('told twice counts once', () => {
		const first = apply(attempt('running'), event('lost')).job;
		expect(apply(first, event('lost'))).toEqual({ verdict: 'stop', ...nothing });
	});

	test('and then a result of the same attempt: too late', () => {
		const first = apply(attempt('running'), event('lost')).job;
		expect(apply(first, event('result'))).toEqual({ verdict: 'stop', ...nothing });
	});
});

describe('grantClaim', () => {
	const claim = { epoch: 1, token: 'token-1-0123456789', hostBoot: 'boot-1', workerId: 'worker-1' };
	const grant = (job: Job | null, over: Partial<typeof claim> = {}, region = 'eu-1', now = T0 + 5_000): Job | null => grantClaim(job, { ...claim, ...over }, region, now, timers);

	test.each(['sent', 'queued'] as const)('starts a %s attempt', (phase) => {
		expect(grant(attempt(phase))).toMatchObject({ phase: 'running', startedAt: T0 + 5_000, workerId: 'worker-1', hostBoot: 'boot-1' });
	});

	test('a running attempt goes on with its own host only', () => {
		expect(grant(attempt('running'))?.phase).toBe('running');
		expect(grant(attempt('running'), { hostBoot: 'boot-2' })).toBeNull();
	});

	test.each<[string, Job | null, Partial<typeof claim>, string]>([
		['an unknown job', null, {}, 'eu-1'],
		['a new job without attempt', newJob(), {}, 'eu-1'],
		['a superseded attempt', attempt('queued', { epoch: 2 }), {}, 'eu-1'],
		['another token', attempt('queued'), { token: 'x' }, 'eu-1'],
		['another region', attempt('queued'), {}, 'us-1'],
		['a job past its TTL', attempt('queued', { ttlAt: T0 + 5_000 }), {}, 'eu-1'],
		...ENDS.map((phase): [string, Job, object, string] => [`a ${phase} job`, attempt('running', { phase }), {}, 'eu-1']),
	])('drops %s', (_what, job, over, region) => {
		expect(grant(job, over, region)).toBeNull();
	});
});
