import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Candidate, chooseWorker } from '../../../regional-broker/src/core/choose-worker.ts';

const worker = (id: string, over: Partial<Candidate> = {}): Candidate => ({ id, outdated: false, inFlight: 0, reported: 0, usedAtMs: 0, ...over });

test('the worker with the fewest requests is taken', () => {
	expect(chooseWorker([worker('a', { inFlight: 2 }), worker('b', { inFlight: 1 }), worker('c', { inFlight: 3 })], null)?.id).toBe('b');
});

test('of equals the one that other brokers use less, then the one that has waited longest', () => {
	expect(chooseWorker([worker('a', { reported: 4 }), worker('b', { reported: 1 })], null)?.id).toBe('b');
	expect(chooseWorker([worker('a', { usedAtMs: 9 }), worker('b', { usedAtMs: 5 })], null)?.id).toBe('b');
});

test('a worker of an older release serves only while there is no other', () => {
	expect(chooseWorker([worker('old', { outdated: true }), worker('new', { inFlight: 50 })], null)?.id).toBe('new');
	expect(chooseWorker([worker('old', { outdated: true })], null)?.id).toBe('old');
});

test('a wish is fulfilled whatever the worker has in hand, or forgotten; who insists gets nobody else', () => {
	const all = [worker('a'), worker('b', { inFlight: 9, outdated: true })];
	expect(chooseWorker(all, { workerId: 'b', strict: false })?.id).toBe('b');
	expect(chooseWorker(all, { workerId: 'gone', strict: false })?.id).toBe('a');
	expect(chooseWorker(all, { workerId: 'b', strict: true })?.id).toBe('b');
	expect(chooseWorker(all, { workerId: 'gone', strict: true })).toBeNull();
	expect(chooseWorker([], null)).toBeNull();
});

test('requests that come one after the other and stay are spread evenly', () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 100 }), (workers, requests) => {
			const held = new Map(Array.from({ length: workers }, (_, n) => [`w${n}`, 0]));
			for (let n = 0; n < requests; n++) {
				const chosen = chooseWorker(
					[...held].map(([id, inFlight]) => worker(id, { inFlight })),
					null,
				);
				held.set(chosen?.id ?? '', (held.get(chosen?.id ?? '') ?? 0) + 1);
			}
			const counts = [...held.values()];
			expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
		}),
	);
});
