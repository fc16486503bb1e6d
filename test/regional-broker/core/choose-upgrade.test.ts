import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseUpgrade, NO_UPGRADE, type UpgradeInput, type UpgradeWorker } from '../../../regional-broker/src/core/choose-upgrade.ts';

const TIMEOUT_MS = 5_000;
const worker = (id: string, tier: number, over: Partial<UpgradeWorker> = {}): UpgradeWorker => ({ id, state: 'idle', outdated: false, idleMs: TIMEOUT_MS, tier, ...over });
const busy = { state: 'busy', idleMs: 0 } as const;
const starting = { state: 'starting', idleMs: 0 } as const;
const choose = (workers: readonly UpgradeWorker[], over: Partial<UpgradeInput> = {}) =>
	chooseUpgrade({ workers, activeMin: 1, desired: 1, workersMax: 3, alive: workers.length, idleTimeoutMs: TIMEOUT_MS, bestTier: () => 0, ...over });

describe('an active worker on a worse tier', () => {
	it('gets a successor beside it when a better tier has room and it has rested for its idle timeout', () => {
		expect(choose([worker('a', 1)])).toMatchObject({ start: true, stop: null, isAway: true });
	});
	it.each<[string, UpgradeWorker[], Partial<UpgradeInput>]>([
		['it is on the best tier', [worker('a', 0)], {}],
		['it is busy', [worker('a', 1, busy)], {}],
		['it is still starting', [worker('a', 1, starting)], {}],
		['no tier has room', [worker('a', 1)], { bestTier: () => null }],
		['only a worse one has', [worker('a', 1)], { bestTier: () => 2 }],
		['only its own has', [worker('a', 1)], { bestTier: () => 1 }],
		['a crowd needs more workers', [worker('a', 1)], { desired: 2 }],
		['nothing is active', [worker('a', 1)], { activeMin: 0 }],
		['a release rolls', [worker('a', 1), worker('old', 1, { outdated: true })], {}],
		['another one still ends', [worker('a', 1)], { workersMax: 1, alive: 2 }],
	])('stays when %s', (_, workers, over) => {
		expect(choose(workers, over)).toMatchObject({ start: false, stop: null, beside: false });
	});
	it('is looked at again when it will have rested long enough', () => {
		expect(choose([worker('a', 1, { idleMs: 2_000 }), worker('b', 0)], { activeMin: 2 })).toMatchObject({ start: false, recheckInMs: 3_000, isAway: true });
	});
	it('keeps its successor beside it while that starts', () => {
		expect(choose([worker('a', 1), worker('b', 0, starting)])).toMatchObject({ start: false, stop: null, beside: true });
	});
	it('goes when its successor is ready', () => {
		expect(choose([worker('a', 1), worker('b', 0, { idleMs: 0 })])).toMatchObject({ stop: 'a', beside: true });
	});
	it('ends its job first when it got one meanwhile, as soon as its successor has rested', () => {
		expect(choose([worker('a', 1, busy), worker('b', 0, { idleMs: 1_000 })])).toMatchObject({ stop: null, beside: true, recheckInMs: 4_000 });
		expect(choose([worker('a', 1, busy), worker('b', 0)])).toMatchObject({ stop: 'a' });
		expect(choose([worker('a', 1, busy), worker('b', 0, busy)])).toMatchObject({ stop: null, beside: true, recheckInMs: null });
	});
	it('goes first where the grant is full of others that are ready, and overlaps with its successor where it is alone', () => {
		expect(choose([worker('a', 1), worker('b', 0)], { activeMin: 2, workersMax: 2 })).toMatchObject({ start: false, stop: 'a' });
		expect(choose([worker('a', 1)], { workersMax: 1 })).toMatchObject({ start: true, stop: null });
	});
	it('is the one on the worst tier, which may be none of the endpoint’s any more', () => {
		const workers = [worker('a', 1, { idleMs: 9_000 }), worker('b', Number.POSITIVE_INFINITY), worker('c', 2, { idleMs: 60_000 })];
		expect(choose(workers, { activeMin: 3, workersMax: 3 })).toMatchObject({ stop: 'b' });
	});
});

it('says nothing of workers that all are on the best tier', () => {
	expect(choose([worker('a', 0), worker('b', 0, busy)])).toEqual(NO_UPGRADE);
});

/** A region of two tiers whose free places change: what the scaler would do with each answer. */
function play(activeMin: number, workersMax: number, better: readonly number[]): { moves: number; ready: number[]; alive: number[]; tiers: number[] } {
	let workers: UpgradeWorker[] = Array.from({ length: activeMin }, (_, n) => worker(`w${n}`, 1));
	let [moves, next] = [0, 0];
	const seen = { ready: [] as number[], alive: [] as number[] };
	for (const free of better) {
		const used = workers.filter(({ tier }) => tier === 0).length;
		const { start, stop } = choose(workers, { activeMin, desired: activeMin, workersMax, bestTier: () => (used < free ? 0 : 1) });
		// A stopped worker is gone by the next step, a started one is ready.
		workers = workers.filter(({ id }) => id !== stop).map((one) => ({ ...one, state: 'idle', idleMs: TIMEOUT_MS }));
		const missing = start ? 1 : activeMin - workers.length;
		for (let n = 0; n < missing; n++) workers.push(worker(`s${next++}`, used < free ? 0 : 1, starting));
		moves += start || stop !== null ? 1 : 0;
		seen.ready.push(workers.filter(({ state }) => state === 'idle').length);
		seen.alive.push(workers.length);
	}
	return { moves, ...seen, tiers: workers.map(({ tier }) => tier) };
}

it('brings every worker to the better tier and then rests, never above the grant but for the only one, never without a ready worker', () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 2 }), (activeMin, spare) => {
			const { moves, ready, alive, tiers } = play(
				activeMin,
				activeMin + spare,
				Array.from({ length: 30 }, () => 10),
			);
			expect(tiers).toEqual(Array.from({ length: activeMin }, () => 0));
			expect(moves).toBeLessThanOrEqual(2 * activeMin);
			expect(Math.min(...ready)).toBeGreaterThan(0);
			expect(Math.max(...alive)).toBeLessThanOrEqual(Math.max(activeMin + spare, 2));
		}),
	);
});

it('does not go back and forth when room on the better tier comes and goes', () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 3 }), fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 20, maxLength: 40 }), (activeMin, better) => {
			// Workers that run keep their place, so each move brings one worker up: a start and a stop.
			expect(play(activeMin, activeMin + 1, better).moves).toBeLessThanOrEqual(2 * activeMin);
		}),
	);
});
