import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endJob } from '../../../shared-schema/src/job/finish.ts';
import type { Job, JobPhase } from '../../../shared-schema/src/job/job.ts';
import { jobRequestOptions, toRunpodStatus, toStatusText, toWorkerJobText } from '../../../shared-schema/src/wire/runpod-job.ts';
import { attempt, newJob, T0, timers } from '../job/samples.ts';

const statusOf = (job: Job, output: string | null): Record<string, unknown> => {
	const { head, tail } = toStatusText(job, output !== null);
	return JSON.parse(head + (output ?? '') + tail) as Record<string, unknown>;
};
const ended = (job: Job, phase: 'completed' | 'failed' | 'cancelled' | 'timed_out', error: string | null = null): Job =>
	endJob(job, { phase, error, executionMs: job.startedAt === null ? null : 40 }, T0 + 3_395, timers);

describe('status objects, key by key', () => {
	test.each<[string, Job, string | null, Record<string, unknown>]>([
		['a job that no region has', newJob(), null, { status: 'IN_QUEUE' }],
		['a dispatched one', attempt('sent'), null, { status: 'IN_QUEUE' }],
		['a queued one', attempt('queued'), null, { status: 'IN_QUEUE' }],
		['a running one', attempt('running'), null, { status: 'IN_PROGRESS', delayTime: 1_000, workerId: 'worker-1' }],
		['a running one with progress', attempt('running'), '"half"', { status: 'IN_PROGRESS', delayTime: 1_000, workerId: 'worker-1', output: 'half' }],
		['one that waits again after a lost worker', attempt('queued', { retries: 1 }), null, { status: 'IN_QUEUE', retries: 1 }],
		['one that runs again', attempt('running', { retries: 1 }), null, { status: 'IN_PROGRESS', delayTime: 1_000, workerId: 'worker-1', retries: 1 }],
		['a completed one', ended(attempt('running'), 'completed'), '{"a":1}', { status: 'COMPLETED', delayTime: 1_000, executionTime: 40, workerId: 'worker-1', output: { a: 1 } }],
		['a completed one without output', ended(attempt('running'), 'completed'), null, { status: 'COMPLETED', delayTime: 1_000, executionTime: 40, workerId: 'worker-1' }],
		['a failed one', ended(attempt('running'), 'failed', 'boom'), null, { status: 'FAILED', delayTime: 1_000, executionTime: 40, workerId: 'worker-1', error: 'boom' }],
		['one cancelled in the queue', ended(attempt('queued'), 'cancelled'), null, { status: 'CANCELLED' }],
		['one cancelled while it ran', ended(attempt('running'), 'cancelled'), null, { status: 'CANCELLED', delayTime: 1_000, executionTime: 40, workerId: 'worker-1' }],
		['one that timed out in the queue', ended(newJob(), 'timed_out', 'ttl'), null, { status: 'TIMED_OUT', error: 'ttl' }],
	])('%s', (_what, job, output, members) => {
		expect(statusOf(job, output)).toEqual({ id: 'job-1', ...members });
	});

	test('are valid JSON with any error text and any output', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), fc.string(), (error, output, workerId) => {
				const text = JSON.stringify(output);
				expect(statusOf({ ...ended(attempt('running'), 'failed', error), workerId }, text)).toMatchObject({ error, workerId, output: JSON.parse(text) as unknown });
			}),
		);
	});

	test('a start before the submission by a skewed clock shows no negative delay', () => {
		expect(statusOf(attempt('running', { startedAt: T0 - 5 }), null)['delayTime']).toBe(0);
	});

	test.each<[JobPhase, string]>([
		['waiting', 'IN_QUEUE'],
		['sent', 'IN_QUEUE'],
		['queued', 'IN_QUEUE'],
		['running', 'IN_PROGRESS'],
		['completed', 'COMPLETED'],
		['failed', 'FAILED'],
		['cancelled', 'CANCELLED'],
		['timed_out', 'TIMED_OUT'],
	])('%s is %s', (phase, status) => expect(toRunpodStatus(phase)).toBe(status));
});

describe('the job as its worker gets it', () => {
	test('has the input text untouched, and the options that were given', () => {
		const input = '{ "n" : 9007199254740993, "s":"\\u0041" }';
		expect(toWorkerJobText('a-1', input, {})).toBe(`{"id":"a-1","input":${input}}`);
		const s3Config = { accessId: 'i', accessSecret: '"s"', bucketName: 'b', endpointUrl: 'https://s3' };
		const text = toWorkerJobText('a-1', input, { webhook: 'https://a.b/?c="d"', s3Config, policy: { ttl: 10_000 } });
		expect(text).toContain(input);
		expect(JSON.parse(text)).toEqual({ id: 'a-1', input: JSON.parse(input) as unknown, webhook: 'https://a.b/?c="d"', s3Config });
	});
});

describe('request options', () => {
	const isGood = (value: unknown): boolean => jobRequestOptions.safeParse(value).success;

	test.each([
		['ttl', 10_000, 604_800_000],
		['executionTimeout', 5_000, 604_800_000],
	])('policy.%s has its bounds', (field, min, max) => {
		const given = (value: unknown): boolean => isGood({ policy: { [field]: value } });
		expect([min - 1, min, max, max + 1, min + 0.5, String(min), null].map(given)).toEqual([false, true, true, false, false, false, false]);
	});

	test.each(['https://a.example/hook', 'http://127.0.0.1:1/x?y=1'])('webhook %s is taken', (webhook) => expect(isGood({ webhook })).toBe(true));
	test.each(['ftp://a.example', 'javascript:alert(1)', 'file:///etc/passwd', 'a.example/hook', '', `https://a.example/${'x'.repeat(2_000)}`, 7])(
		'webhook %s is refused',
		(webhook) => expect(isGood({ webhook })).toBe(false),
	);

	test('unknown members are dropped, as RunPod does', () => {
		expect(jobRequestOptions.parse({ webhookV2: 'x', policy: { ttl: 10_000, colour: 'red' } })).toEqual({ policy: { ttl: 10_000 } });
	});
});
