import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type NextStep, nextStep, type WebhookProfile } from '../../../edge/src/core/webhook-schedule.ts';

const HALF_HOUR_MS = 1_800_000;

/** The times of all tries when each is answered with `status` at once, from the job's end at 0. */
function timesOf(profile: WebhookProfile, { status = 500 as number | null, retentionMs = HALF_HOUR_MS, baseMs = 10_000, random = 0.5 } = {}): { times: number[]; end: NextStep } {
	const times = [0];
	for (;;) {
		const now = times.at(-1) ?? 0;
		const step = nextStep(profile, { status, retryAfterMs: null }, { tries: times.length, since: 0, retentionMs }, now, baseMs, random);
		if (typeof step === 'string') return { times, end: step };
		times.push(step.at);
	}
}

const once = (profile: WebhookProfile, status: number | null, retryAfterMs: number | null = null, now = 0): NextStep =>
	nextStep(profile, { status, retryAfterMs }, { tries: 1, since: 0, retentionMs: HALF_HOUR_MS }, now, 10_000, 0.5);

describe('the runpod profile', () => {
	test('is 200 or three tries, 10 s apart', () => {
		expect(timesOf('runpod')).toEqual({ times: [0, 10_000, 20_000], end: 'failed' });
		expect(timesOf('runpod', { status: null })).toEqual({ times: [0, 10_000, 20_000], end: 'failed' });
		expect(timesOf('runpod', { status: 200 })).toEqual({ times: [0], end: 'delivered' });
	});

	test.each([201, 204, 301, 410, 429])('tries again after %i', (status) => {
		expect(once('runpod', status, 60_000)).toEqual({ at: 10_000 });
	});
});

describe('the durable profile', () => {
	test('spreads seven tries over the retention', () => {
		expect(timesOf('durable')).toEqual({ times: [0, 5_000, 30_000, 120_000, 300_000, 900_000, 1_500_000], end: 'failed' });
		expect(timesOf('durable', { retentionMs: 60_000 }).times).toEqual([0, 167, 1_001, 4_001, 10_001, 30_001, 50_001].map((at) => expect.closeTo(at, -1)));
		expect(timesOf('durable', { baseMs: 100 }).times).toEqual([0, 50, 300, 1_200, 3_000, 9_000, 15_000].map((at) => expect.closeTo(at, -1)));
	});

	test.each([200, 201, 204, 299])('counts %i as delivered', (status) => {
		expect(once('durable', status)).toBe('delivered');
	});

	test.each([300, 302, 400, 404, 429, 500, null])('tries again after %s', (status) => {
		expect(once('durable', status)).toEqual({ at: 5_000 });
	});

	test('stops at 410', () => {
		expect(once('durable', 410)).toBe('failed');
	});

	test('waits as long as Retry-After says, and no shorter than planned', () => {
		expect(once('durable', 503, 60_000, 1_000)).toEqual({ at: 61_000 });
		expect(once('durable', 503, 1_000)).toEqual({ at: 5_000 });
	});

	test('does not rush after a late try', () => {
		expect(once('durable', 503, null, 600_000)).toEqual({ at: 605_000 });
	});

	test('jitters each pause by a tenth at most, and always goes forward', () => {
		const random = fc.double({ min: 0, max: 0.999_999, noNaN: true });
		fc.assert(
			fc.property(random, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: HALF_HOUR_MS }), (value, tries, now) => {
				const step = nextStep('durable', { status: 500, retryAfterMs: null }, { tries, since: 0, retentionMs: HALF_HOUR_MS }, now, 10_000, value);
				if (typeof step === 'string') throw new Error('six tries follow the first');
				const planned = [0, 5_000, 30_000, 120_000, 300_000, 900_000, 1_500_000];
				const pause = (planned[tries] ?? 0) - (planned[tries - 1] ?? 0);
				expect(step.at).toBeGreaterThan(now);
				expect(step.at).toBeLessThanOrEqual(Math.max((planned[tries - 1] ?? 0) + 1.1 * pause, now + 10_000) + 1);
			}),
		);
	});
});
