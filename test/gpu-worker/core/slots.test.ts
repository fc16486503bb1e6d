import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseGpus } from '../../../gpu-worker/src/core/slots.ts';

describe('a worker', () => {
	test.each<[string, number, number[], number, number[] | null]>([
		['gets the lowest GPU of a free host', 4, [], 1, [0]],
		['gets the lowest free GPUs, side by side or not', 4, [0, 2], 2, [1, 3]],
		['gets the whole host', 3, [], 3, [0, 1, 2]],
		['gets nothing rather than too few', 4, [0, 2], 3, null],
		['gets nothing of a full host', 2, [0, 1], 1, null],
		['gets nothing of a host without GPUs', 0, [], 1, null],
		['that needs no GPU fits a full host', 2, [0, 1], 0, []],
		['that needs no GPU fits a host without any', 0, [], 0, []],
		['is not kept off by indices that the host no longer has', 2, [5, 6], 2, [0, 1]],
	])('%s', (_name, total, held, count, chosen) => {
		expect(chooseGpus(total, new Set(held), count)).toEqual(chosen);
	});
});

/** Workers come, with the GPUs that they need, and go, by their place in the list of those that run. */
const comings = fc.array(fc.oneof(fc.record({ count: fc.integer({ min: 0, max: 5 }) }), fc.record({ leaves: fc.nat(20) })), { maxLength: 40 });

test('however workers come and go, no GPU is given to two of them, and one is refused only when too few are free', () => {
	fc.assert(
		fc.property(fc.integer({ min: 0, max: 8 }), comings, (total, steps) => {
			const running: number[][] = [];
			for (const step of steps) {
				if ('leaves' in step) {
					running.splice(step.leaves % Math.max(1, running.length), 1);
					continue;
				}
				const held = new Set(running.flat());
				const chosen = chooseGpus(total, held, step.count);
				expect(chosen === null).toBe(step.count > total - held.size);
				if (chosen === null) continue;
				expect(chosen).toHaveLength(step.count);
				running.push(chosen);
				const all = running.flat();
				expect(new Set(all).size).toBe(all.length);
				expect(all.every((gpu) => gpu >= 0 && gpu < total)).toBe(true);
				const skipped = Array.from({ length: Math.max(0, ...chosen) }, (_, gpu) => gpu).filter((gpu) => !chosen.includes(gpu));
				if (chosen.length > 0) expect(skipped.every((gpu) => held.has(gpu))).toBe(true);
			}
		}),
	);
});
