import { describe, expect, test } from 'vitest';
import { type Health, type HealthSign, hopeless, newHealth, nextHealth } from '../../../gpu-worker/src/core/http-health.ts';

const SILENT: HealthSign = { kind: 'silent' };
const BUSY: HealthSign = { kind: 'busy' };
const status = (code: number): HealthSign => ({ kind: 'status', status: code });

/** One look a second. */
function healthAfter(...signs: HealthSign[]): Health {
	return signs.reduce((health, sign, n) => nextHealth(health, sign, (n + 1) * 1_000), newHealth(0));
}

describe('the state of a worker', () => {
	test.each<[string, HealthSign[], Health['state']]>([
		['starts as initializing', [], 'initializing'],
		['stays so while nobody listens', [SILENT, SILENT, SILENT, SILENT, SILENT], 'initializing'],
		['stays so at 204', [status(204), status(204)], 'initializing'],
		['is healthy at 200', [SILENT, status(204), status(200)], 'healthy'],
		['is unhealthy at anything else', [status(404)], 'unhealthy'],
		['is unhealthy at another success than 200', [status(201)], 'unhealthy'],
		['recovers', [status(500), status(200)], 'healthy'],
		['survives two looks without an answer', [status(200), SILENT, SILENT], 'healthy'],
		['is unhealthy after three', [status(200), SILENT, SILENT, SILENT], 'unhealthy'],
		['counts only looks in a row', [status(200), SILENT, SILENT, status(200), SILENT, SILENT], 'healthy'],
		['is what it was while it is too busy to answer', [status(200), BUSY, BUSY, BUSY, BUSY, BUSY], 'healthy'],
		['goes back to initializing at 204', [status(200), status(204)], 'initializing'],
	])('%s', (_, signs, state) => expect(healthAfter(...signs).state).toBe(state));
});

test('the time from the first 204 to the first 200 is the cold start', () => {
	expect(healthAfter(SILENT, status(204), status(204), status(200)).firstInitializingMs).toBe(2_000);
	expect(healthAfter(status(200)).firstInitializingMs).toBeNull();
});

describe('a worker is ended', () => {
	const limits = { startMs: 10_000, lostMs: 3_000 };

	test('when it is not healthy within the time to start, whatever it says', () => {
		expect(hopeless(healthAfter(SILENT), limits, 9_999)).toBeNull();
		expect(hopeless(healthAfter(SILENT), limits, 10_000)).toContain('within 10000 ms of its start');
		expect(hopeless(healthAfter(status(404), status(204)), limits, 10_000)).toContain('within');
	});

	test('when it was healthy and is not for too long, counted from the moment it left', () => {
		const lost = healthAfter(status(200), status(500));
		expect(hopeless(lost, limits, 4_999)).toBeNull();
		expect(hopeless(lost, limits, 5_000)).toContain('not healthy for 3000 ms');
		expect(hopeless(nextHealth(lost, status(503), 4_000), limits, 5_000)).toContain('not healthy');
		expect(hopeless(nextHealth(lost, status(200), 4_000), limits, 50_000)).toBeNull();
	});
});
