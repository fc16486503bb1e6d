import { expect, test } from 'vitest';
import { createCalendar } from './heap.ts';
import { createRandom } from './random.ts';

test('events run in the order of their time, equal ones in the order of planning', () => {
	const calendar = createCalendar();
	const random = createRandom(7, 'calendar');
	const seen: [number, number][] = [];
	for (let index = 0; index < 2_000; index++) {
		const atMs = Math.floor(random() * 50);
		calendar.plan(atMs, () => void seen.push([calendar.nowMs, index]));
	}
	while (calendar.step());
	expect(seen).toHaveLength(2_000);
	expect(seen).toEqual([...seen].sort((a, b) => a[0] - b[0] || a[1] - b[1]));
});

test('nothing is planned for the past', () => {
	const calendar = createCalendar();
	const seen: number[] = [];
	calendar.plan(10, () => calendar.plan(3, () => void seen.push(calendar.nowMs)));
	while (calendar.step());
	expect(seen).toEqual([10]);
	expect(calendar.nextAtMs()).toBe(Number.POSITIVE_INFINITY);
});
