import type { RegionRoute } from '@longshore/shared-schema/wire/route';
import { expect, test } from 'vitest';
import { type BalancedLoad, chooseBalancedRegion } from '../../../edge/src/core/choose-balanced-region.ts';
import { NO_WORKERS } from '../../../edge/src/core/region-figures.ts';

const SILENT_MS_MAX = 10_000;

function route(region: string, over: Partial<Omit<RegionRoute, 'workers'>> & { workers?: Partial<RegionRoute['workers']> } = {}): RegionRoute {
	const { workers, ...rest } = over;
	return { region, url: `http://${region}`, silentMs: 0, workersMax: 2, queued: 0, slotsFree: 0, blocked: null, ...rest, workers: { ...NO_WORKERS, ...workers } };
}

function choose(routes: RegionRoute[], loads: Record<string, Partial<BalancedLoad>> = {}): string | null {
	const known = new Map(Object.entries(loads).map(([region, load]) => [region, { inFlight: 0, distanceMs: null, failing: false, ...load }]));
	const chosen = chooseBalancedRegion(routes, known, SILENT_MS_MAX);
	return chosen === null ? null : `${chosen.route.region}${chosen.ready ? '' : ' later'}`;
}

const [a, b] = [route('a', { workers: { idle: 1 } }), route('b', { workers: { running: 1 } })];

test('a region with a worker goes before a better one without', () => {
	expect(choose([route('better'), b])).toBe('b');
});

test('of regions that are as busy as each other the nearer one is taken, a measured one before one that is not', () => {
	expect(choose([a, b], { a: { distanceMs: 80 }, b: { distanceMs: 9 } })).toBe('b');
	expect(choose([a, b], { b: { distanceMs: 300 } })).toBe('b');
	expect(choose([a, b])).toBe('a');
});

test('fewer requests for each worker count more than distance', () => {
	expect(choose([a, b], { a: { distanceMs: 1, inFlight: 1 }, b: { distanceMs: 90 } })).toBe('b');
	expect(choose([route('a', { workers: { idle: 2, running: 2 } }), b], { a: { inFlight: 3, distanceMs: 1 }, b: { distanceMs: 90 } })).toBe('a');
});

test('a region that is out of reach or silent is taken for one without workers', () => {
	expect(choose([a, b], { a: { failing: true } })).toBe('b');
	expect(choose([route('a', { workers: { idle: 1 }, silentMs: SILENT_MS_MAX + 1 }), b])).toBe('b');
});

test('without a worker anywhere the request waits where one can be started', () => {
	expect(choose([route('full', { blocked: 'no GPU', workersMax: 1 }), route('free')])).toBe('free later');
	expect(choose([route('a', { workersMax: 0 })])).toBeNull();
	expect(choose([])).toBeNull();
});

test('a region that gave its share back still serves with the workers that it has', () => {
	expect(choose([route('a', { workersMax: 0, workers: { idle: 1 } })])).toBe('a');
});
