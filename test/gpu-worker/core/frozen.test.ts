import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canThaw, type FreezeBudget, type FrozenFacts, firstToLeave, isShortOfMemory, overBudget, tooLargeToKeep, tooOld } from '../../../gpu-worker/src/core/frozen.ts';

const MIB = 2 ** 20;
const budget: FreezeBudget = { memoryBytes: 100 * MIB, gpuMemoryBytes: 50 * MIB, workers: 4 };
const frozen = (id: string, frozenAtMs: number, more: Partial<FrozenFacts> = {}): FrozenFacts => ({
	id,
	gpus: [],
	memoryBytes: 30 * MIB,
	gpuMemoryBytes: 0,
	frozenAtMs,
	isPriority: false,
	...more,
});

describe('the budget', () => {
	test('keeps everybody while there is room', () => {
		expect(overBudget([frozen('a', 1), frozen('b', 2), frozen('c', 3)], budget)).toEqual([]);
	});

	test('lets the least recently used go first', () => {
		expect(overBudget([frozen('new', 9), frozen('old', 1), frozen('middle', 5), frozen('newer', 8)], budget)).toEqual(['old']);
		expect(overBudget([frozen('big', 9, { memoryBytes: 90 * MIB }), frozen('old', 1), frozen('middle', 5)], budget)).toEqual(['old', 'middle']);
	});

	test('lets those with priority go last', () => {
		expect(overBudget([frozen('priority', 1, { isPriority: true }), frozen('a', 2), frozen('b', 3), frozen('c', 4)], budget)).toEqual(['a']);
	});

	test('bounds their number and their GPU memory too, and spares those that would give nothing of what is short', () => {
		const small = (id: string, at: number, gpuMemoryBytes = 0) => frozen(id, at, { memoryBytes: MIB, gpuMemoryBytes });
		expect(overBudget([small('a', 1), small('b', 2), small('c', 3), small('d', 4), small('e', 5)], budget)).toEqual(['a']);
		expect(overBudget([small('a', 1), small('b', 2, 30 * MIB), small('c', 3, 30 * MIB)], budget)).toEqual(['b']);
	});

	test('says why a worker is too large for it', () => {
		expect(tooLargeToKeep(frozen('a', 1), budget)).toBeNull();
		expect(tooLargeToKeep(frozen('a', 1, { memoryBytes: 101 * MIB }), budget)).toBe('it takes 101 MiB, and this host spares 100 MiB');
		expect(tooLargeToKeep(frozen('a', 1, { gpuMemoryBytes: 51 * MIB }), budget)).toBe('it holds 51 MiB of GPU memory, and this host spares 50 MiB');
		expect(tooLargeToKeep(frozen('a', 1), { ...budget, memoryBytes: 0 })).toBe('this host keeps no frozen workers');
	});

	test('holds whatever is frozen, and takes no more than it must', () => {
		const one = fc.record({ memory: fc.integer({ min: 0, max: 60 }), gpuMemory: fc.integer({ min: 0, max: 40 }), at: fc.nat(20), isPriority: fc.boolean() });
		fc.assert(
			fc.property(fc.array(one, { maxLength: 12 }), (given) => {
				const all = given.map(({ memory, gpuMemory, at, isPriority }, n) => frozen(`w${n}`, at, { memoryBytes: memory * MIB, gpuMemoryBytes: gpuMemory * MIB, isPriority }));
				const gone = overBudget(all, budget);
				const kept = all.filter(({ id }) => !gone.includes(id));
				const fits = (list: readonly FrozenFacts[]): boolean =>
					list.length <= budget.workers &&
					list.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0) <= budget.memoryBytes &&
					list.reduce((sum, { gpuMemoryBytes }) => sum + gpuMemoryBytes, 0) <= budget.gpuMemoryBytes;
				expect(fits(kept)).toBe(true);
				const last = all.find(({ id }) => id === gone.at(-1));
				if (last !== undefined) expect(fits([...kept, last])).toBe(false);
			}),
		);
	});
});

test('the first to leave is the one that was wanted longest ago, and there may be none', () => {
	expect(firstToLeave([frozen('b', 2), frozen('a', 1), frozen('p', 0, { isPriority: true })])).toBe('a');
	expect(firstToLeave([])).toBeNull();
});

test('nobody is kept for longer than it makes sense', () => {
	expect(tooOld([frozen('a', 0), frozen('b', 500)], 1_000, 600)).toEqual(['a']);
});

test('a host is short of memory below a twentieth', () => {
	expect(isShortOfMemory({ availableBytes: 4, totalBytes: 100 })).toBe(true);
	expect(isShortOfMemory({ availableBytes: 5, totalBytes: 100 })).toBe(false);
});

test('a frozen worker thaws on its own GPUs only', () => {
	expect(canThaw(frozen('a', 1, { gpus: [0, 1] }), new Set([2]))).toBe(true);
	expect(canThaw(frozen('a', 1, { gpus: [0, 1] }), new Set([1]))).toBe(false);
	expect(canThaw(frozen('a', 1), new Set([0, 1, 2, 3]))).toBe(true);
});
