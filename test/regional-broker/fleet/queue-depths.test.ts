import fc from 'fast-check';
import { beforeEach, expect, it } from 'vitest';
import { QueueDepths } from '../../../regional-broker/src/fleet/queue-depths.ts';

let now = 0;
let depths: QueueDepths;
beforeEach(() => {
	now = 0;
	depths = new QueueDepths(() => now);
});
const counts = (normal: number, low = 0) => new Map([['ep', { normal, low }]]);

it('knows how long the oldest job waits, as starts take the oldest first', () => {
	depths.dispatched('ep', 2, 0);
	now = 1_000;
	depths.dispatched('ep', 1, 0);
	now = 3_000;
	expect(depths.of('ep')).toEqual({ normal: 3, low: 0, oldestWaitMs: 3_000 });
	depths.started('ep', 2);
	expect(depths.of('ep')).toEqual({ normal: 1, low: 0, oldestWaitMs: 2_000 });
});

it('takes starts from whichever lane is older', () => {
	depths.dispatched('ep', 0, 1);
	now = 1;
	depths.dispatched('ep', 1, 0);
	depths.started('ep', 1);
	expect(depths.of('ep')).toMatchObject({ normal: 1, low: 0 });
});

it('is set right by the stream both ways', () => {
	depths.dispatched('ep', 3, 1);
	expect(depths.correct(counts(5), depths.versions())).toEqual(['ep']);
	expect(depths.of('ep')).toMatchObject({ normal: 5, low: 0 });
	expect(depths.correct(new Map(), depths.versions())).toEqual(['ep']);
	expect(depths.isEmpty()).toBe(true);
	expect(depths.correct(new Map(), depths.versions())).toEqual([]);
});

it('leaves out a stream’s answer that crossed a change, but not for ever', () => {
	const versions = depths.versions();
	depths.dispatched('ep', 3, 0);
	for (let i = 0; i < 3; i++) expect(depths.correct(counts(0), versions)).toEqual([]);
	expect(depths.correct(counts(0), versions)).toEqual(['ep']);
});

it('never counts below zero and forgets nothing that waits, in any order of events', () => {
	const step = fc.oneof(fc.record({ normal: fc.nat(5), low: fc.nat(5) }), fc.record({ started: fc.nat(8) }));
	fc.assert(
		fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
			// Steps are further apart than a start may be ahead of its dispatch.
			let at = 0;
			const tested = new QueueDepths(() => at);
			let waiting = 0;
			for (const one of steps) {
				at += 1_001;
				if ('started' in one) {
					tested.started('ep', one.started);
					waiting = Math.max(0, waiting - one.started);
				} else {
					tested.dispatched('ep', one.normal, one.low);
					waiting += one.normal + one.low;
				}
				const { normal, low } = tested.of('ep');
				expect(normal + low).toBe(waiting);
			}
		}),
	);
});

it('counts a job that was started before its dispatch was heard of not as waiting, for a moment', () => {
	let at = 0;
	const tested = new QueueDepths(() => at);
	tested.started('ep', 2);
	tested.dispatched('ep', 3, 0);
	expect(tested.of('ep').normal).toBe(1);
	tested.started('ep', 2);
	at = 1_001;
	tested.dispatched('ep', 1, 0);
	expect(tested.of('ep').normal).toBe(1);
});
