import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planMoves, unsharedMoves } from '../../../edge/src/core/plan-moves.ts';
import type { RegionRoute } from '../../../shared-schema/src/wire/route.ts';
import { route } from './samples.ts';

const LIMITS = { leaseMs: 20_000, silentMsMax: 10_000 };
const plan = (...routes: RegionRoute[]): string =>
	planMoves(routes, LIMITS)
		.map(({ from, count, reason }) => `${from} ${count} ${reason}`)
		.join(', ');
const full = route('full', { workersMax: 1, queued: 6, workers: { running: 1 } });

describe('queued jobs move', () => {
	test.each<[string, RegionRoute[], string]>([
		['off a region that was given up, all of them, even when there is no other', [route('a', { silentMs: 20_001, queued: 3 })], 'a Infinity gone'],
		['off a region whose share has moved away', [route('a', { workersMax: 0, queued: 3 }), route('b')], 'a Infinity unable'],
		['off a region that can place no worker, as many as another can start', [route('a', { blocked: 'full', queued: 9 }), route('b')], 'a 3 unable'],
		['off a full region to free slots', [full, route('b', { workersMax: 2, slotsFree: 2, workers: { idle: 2 } })], 'full 2 slower'],
		['off a full region to where a worker may be started', [full, route('b', { workersMax: 2, workers: { running: 1 } })], 'full 1 slower'],
	])('%s', (_what, routes, moves) => expect(plan(...routes)).toBe(moves));

	test.each<[string, RegionRoute[]]>([
		['nothing waits', [route('a', { workersMax: 0 }), route('b')]],
		['no other region is allowed', [route('a', { blocked: 'full', queued: 9 })]],
		['the other is full as well', [full, route('b', { workersMax: 1, workers: { running: 1 } })]],
		['the other is silent', [full, route('b', { silentMs: 10_001 })]],
		['the other finds no place either', [route('a', { blocked: 'full', queued: 9 }), route('b', { blocked: 'full' })]],
		['workers are starting where they are', [route('a', { workersMax: 3, queued: 3, workers: { initializing: 3 } }), route('b', { slotsFree: 3, workers: { idle: 3 } })]],
		['the region may still start workers of its own', [route('a', { workersMax: 3, queued: 3, workers: { running: 1 } }), route('b')]],
		['those that wait at the other fill it', [full, route('b', { workersMax: 2, queued: 2, slotsFree: 1, workers: { idle: 1, running: 1 } })]],
	])('but not when %s', (_what, routes) => expect(plan(...routes)).toBe(''));

	test('off every region without a share, whatever it says of its queue, unless it is silent or has workers that may still take one', () => {
		const routes = [route('a', { workersMax: 0 }), route('b'), route('c', { workersMax: 0, silentMs: 10_001 }), route('d', { workersMax: 0, workers: { running: 1 } })];
		expect(unsharedMoves(routes, LIMITS)).toEqual([{ from: 'a', count: Number.POSITIVE_INFINITY, reason: 'unshared' }]);
	});

	test('never more to others than they have room for, and never back and forth between two', () => {
		const any = fc.record({
			workersMax: fc.nat({ max: 4 }),
			queued: fc.nat({ max: 9 }),
			slotsFree: fc.nat({ max: 4 }),
			blocked: fc.constantFrom(null, 'full'),
			workers: fc.record({ idle: fc.nat({ max: 2 }), running: fc.nat({ max: 2 }), initializing: fc.nat({ max: 2 }) }),
		});
		fc.assert(
			fc.property(any, any, (a, b) => {
				const moves = planMoves([route('a', a), route('b', b)], LIMITS);
				expect(moves.filter(({ reason }) => reason === 'slower').length).toBeLessThanOrEqual(1);
				expect(moves.length).toBeLessThanOrEqual(1);
				for (const { count } of moves) expect(count).toBeGreaterThan(0);
			}),
		);
	});
});
