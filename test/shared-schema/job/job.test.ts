import { describe, expect, test } from 'vitest';
import { dueAt, isExpired, isQueued, isTerminal, type JobPhase } from '../../../shared-schema/src/job/job.ts';
import { attempt, newJob, T0 } from './samples.ts';

describe('phases', () => {
	test.each<[JobPhase, boolean, boolean]>([
		['waiting', true, false],
		['sent', true, false],
		['queued', true, false],
		['running', false, false],
		['completed', false, true],
		['failed', false, true],
		['cancelled', false, true],
		['timed_out', false, true],
	])('%s: queued %s, terminal %s', (phase, queued, terminal) => {
		expect(isQueued(phase)).toBe(queued);
		expect(isTerminal(phase)).toBe(terminal);
	});
});

describe('timers', () => {
	test('an open job is due at its own timer when that comes before its TTL', () => {
		expect(dueAt(attempt('queued', { nextAt: T0 + 5 }))).toBe(T0 + 5);
	});

	test('an open job is due at its TTL when its own timer comes later', () => {
		expect(dueAt(attempt('running', { nextAt: T0 + 100, ttlAt: T0 + 10 }))).toBe(T0 + 10);
	});

	test('an ended job is due at its expiry and nothing else, even when TTL and timer came before', () => {
		expect(dueAt(attempt('running', { phase: 'completed', nextAt: T0 + 1, ttlAt: T0 + 2, expiresAt: T0 + 3 }))).toBe(T0 + 3);
	});

	test.each([
		[-1, false],
		[0, true],
		[1, true],
	])('a record %i ms after its expiry is expired: %s', (offset, expired) => {
		expect(isExpired({ ...newJob(), expiresAt: T0 }, T0 + offset)).toBe(expired);
	});

	test('an open job never expires', () => {
		expect(isExpired(newJob(), T0 + 1e12)).toBe(false);
	});
});
