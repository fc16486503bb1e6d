import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FrozenFacts } from '../../../gpu-worker/src/core/frozen.ts';
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
		expect(chooseGpus(total, new Set(held), count, [])).toEqual(chosen === null ? null : { gpus: chosen, evict: [] });
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
				const chosen = chooseGpus(total, held, step.count, [])?.gpus ?? null;
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

const frozen = (id: string, frozenAtMs: number, more: Partial<FrozenFacts> = {}): FrozenFacts => ({
	id,
	gpus: [],
	memoryBytes: 1,
	gpuMemoryBytes: 0,
	frozenAtMs,
	isPriority: false,
	...more,
});

describe('beside frozen workers, GPUs for a new one', () => {
	test.each<[string, number[], FrozenFacts[], number, number[] | null, string[]]>([
		['are the lowest free ones where nothing is frozen', [0], [], 2, [1, 2], []],
		['are those that no frozen worker comes back to', [], [frozen('a', 1, { gpus: [0] })], 2, [1, 2], []],
		['are a frozen worker’s where there is nothing else, and it may stay when its memory was moved out', [2, 3], [frozen('a', 1, { gpus: [0] })], 2, [0, 1], []],
		['cost a frozen worker its place when its memory is still on them', [2, 3], [frozen('a', 1, { gpus: [0], gpuMemoryBytes: 1 })], 2, [0, 1], ['a']],
		['are those of the first to leave, moved out before held', [2, 3], [frozen('held', 1, { gpus: [0], gpuMemoryBytes: 1 }), frozen('moved', 2, { gpus: [1] })], 1, [1], []],
		['are those of the least recently used of two', [2, 3], [frozen('new', 2, { gpus: [0] }), frozen('old', 1, { gpus: [1] })], 1, [1], []],
		['are too few on a full host', [0, 1, 2], [frozen('a', 1, { gpus: [3] })], 2, null, []],
		['are none for a worker that needs none', [0, 1, 2, 3], [], 0, [], []],
	])('%s', (_name, held, kept, count, gpus, evict) => {
		expect(chooseGpus(4, new Set(held), count, kept)).toEqual(gpus === null ? null : { gpus, evict });
	});
});
