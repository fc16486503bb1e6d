import { expect, test } from 'vitest';
import { type LogPage, mergePages } from '../../../shared-schema/src/wire/logs.ts';

const page = (stamps: readonly number[], more: Partial<LogPage> = {}): LogPage => ({
	known: true,
	lines: stamps.map((at) => ({ at, workerId: 'w', source: 'container', line: String(at) })),
	more: false,
	open: false,
	...more,
});
const stamps = (merged: LogPage): number[] => merged.lines.map(({ at }) => at);

test('puts lines of several pages into the order of their stamps', () => {
	expect(stamps(mergePages([page([1, 4]), page([2, 3])], 10))).toEqual([1, 2, 3, 4]);
});

test('ends where the first page ends that left lines behind, so that none is passed over', () => {
	const merged = mergePages([page([1, 3], { more: true }), page([2, 5, 9])], 10);
	expect(stamps(merged)).toEqual([1, 2, 3]);
	expect(merged.more).toBe(true);
});

test('holds no more than the limit and says that there is more', () => {
	const merged = mergePages([page([1, 2, 3])], 2);
	expect([stamps(merged), merged.more]).toEqual([[1, 2], true]);
});

test('is known and open as soon as one page is', () => {
	expect(mergePages([page([], { known: false }), page([], { open: true })], 10)).toMatchObject({ known: true, open: true, more: false });
	expect(mergePages([], 10)).toEqual({ known: false, lines: [], more: false, open: false });
});
