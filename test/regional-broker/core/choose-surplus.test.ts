import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseSurplus, type SurplusWorker } from '../../../regional-broker/src/core/choose-surplus.ts';

const idle = (id: string, idleMs: number): SurplusWorker => ({ id, state: 'idle', outdated: false, idleMs });
const busy = (id: string): SurplusWorker => ({ id, state: 'busy', outdated: false, idleMs: 0 });
const starting = (id: string): SurplusWorker => ({ id, state: 'starting', outdated: false, idleMs: 0 });
const old = (worker: SurplusWorker): SurplusWorker => ({ ...worker, outdated: true });
const base = { workersMax: 10, keep: 0, demand: 0, idleTimeoutMs: 5_000, mustGiveWay: false };

describe('idle timeout', () => {
	it('stops a worker at its timeout and not before', () => {
		expect(chooseSurplus({ ...base, workers: [idle('a', 5_000), idle('b', 4_999)] })).toEqual({ stops: [{ workerId: 'a', reason: 'idle timeout' }], keeper: null, recheckInMs: 1 });
	});
	it('keeps what the minimum or the scaler wants, the longest idle goes first', () => {
		expect(chooseSurplus({ ...base, keep: 1, workers: [idle('a', 6_000), idle('b', 9_000)] })).toEqual({
			stops: [{ workerId: 'b', reason: 'idle timeout' }],
			keeper: null,
			recheckInMs: null,
		});
	});
	it('counts busy workers as kept', () => {
		expect(chooseSurplus({ ...base, keep: 1, workers: [idle('a', 6_000), busy('b')] }).stops).toEqual([{ workerId: 'a', reason: 'idle timeout' }]);
	});
});

describe('above the grant', () => {
	it('gives back the least useful first: starting, idle, busy', () => {
		const workers = [busy('a'), idle('b', 0), starting('c'), idle('d', 100)];
		expect(chooseSurplus({ ...base, workers, workersMax: 1, keep: 1 }).stops.map((stop) => stop.workerId)).toEqual(['c', 'd', 'b']);
	});
});

describe('a release', () => {
	const stopped = (workers: SurplusWorker[], more: object = {}): string[] => chooseSurplus({ ...base, workers, keep: 3, ...more }).stops.map((stop) => stop.workerId);

	it('replaces outdated workers, busy or not, once a new one is ready', () => {
		expect(chooseSurplus({ ...base, workers: [old(busy('a')), old(idle('b', 0)), idle('c', 0)], keep: 3 }).stops).toEqual([
			{ workerId: 'a', reason: 'outdated' },
			{ workerId: 'b', reason: 'outdated' },
		]);
	});
	it('keeps one old worker while no new one is ready: a busy one, since an idle one makes room at once', () => {
		expect(stopped([old(idle('a', 0)), old(busy('b')), old(busy('c')), starting('d')])).toEqual(['a', 'b']);
		expect(stopped([old(idle('a', 0)), old(idle('b', 5)), old(starting('c'))])).toEqual(['b', 'c']);
		expect(stopped([old(busy('a'))])).toEqual([]);
	});
	it('ends an old worker that nobody needs at its idle timeout, should no new one come', () => {
		expect(chooseSurplus({ ...base, workers: [old(idle('a', 4_000))], keep: 1 })).toEqual({ stops: [], keeper: 'a', recheckInMs: 1_000 });
		expect(stopped([old(idle('a', 5_000))])).toEqual(['a']);
		expect(stopped([old(idle('a', 5_000))], { demand: 1 })).toEqual([]);
	});
	it('gives up the last old worker where there is no room beside it, or no worker is allowed any more', () => {
		expect(stopped([old(busy('a'))], { mustGiveWay: true })).toEqual(['a']);
		expect(stopped([old(busy('a'))], { workersMax: 0 })).toEqual(['a']);
	});
});

const worker = fc.record({ id: fc.uuid(), state: fc.constantFrom('starting' as const, 'idle' as const, 'busy' as const), outdated: fc.boolean(), idleMs: fc.nat(20_000) });
const input = fc.record({
	workers: fc.uniqueArray(worker, { selector: ({ id }) => id, maxLength: 20 }),
	workersMax: fc.nat(20),
	keep: fc.nat(20),
	demand: fc.constant(1),
	idleTimeoutMs: fc.integer({ min: 1, max: 10_000 }),
	mustGiveWay: fc.constant(false),
});

it('never stops a busy worker of the current release that the grant has room for', () => {
	fc.assert(
		fc.property(input, (given) => {
			const current = given.workers.filter(({ outdated }) => !outdated);
			fc.pre(current.filter(({ state }) => state === 'busy').length <= given.workersMax);
			const stopped = new Set(chooseSurplus(given).stops.map((stop) => stop.workerId));
			expect(current.filter(({ id, state }) => state === 'busy' && stopped.has(id))).toEqual([]);
		}),
	);
});

it('brings the current release within the grant and never below what is to be kept', () => {
	fc.assert(
		fc.property(input, (given) => {
			const current = given.workers.filter(({ outdated }) => !outdated);
			const stopped = new Set(chooseSurplus(given).stops.map((stop) => stop.workerId));
			const left = current.filter(({ id }) => !stopped.has(id)).length;
			expect(left).toBeLessThanOrEqual(given.workersMax);
			expect(left).toBeGreaterThanOrEqual(Math.min(current.length, given.keep, given.workersMax));
		}),
	);
});

it('stops no worker twice', () => {
	fc.assert(
		fc.property(input, (given) => {
			const ids = chooseSurplus(given).stops.map((stop) => stop.workerId);
			expect(new Set(ids).size).toBe(ids.length);
		}),
	);
});

it('leaves an old worker while no new one is ready, whenever there was one and one is allowed', () => {
	fc.assert(
		fc.property(input, (given) => {
			const isReady = ({ state }: SurplusWorker): boolean => state !== 'starting';
			fc.pre(given.workersMax > 0 && given.workers.some(isReady) && !given.workers.some((worker) => isReady(worker) && !worker.outdated));
			const gone = new Set(chooseSurplus(given).stops.map((stop) => stop.workerId));
			expect(given.workers.filter((worker) => isReady(worker) && !gone.has(worker.id)).length).toBeGreaterThan(0);
		}),
	);
});
