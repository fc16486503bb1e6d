import { expect, test } from 'vitest';
import { advanceProgress, type PullEvent, startProgress } from '../../../gpu-worker/src/core/pull-progress.ts';

function notesOf(events: readonly (readonly [number, PullEvent])[]): string[] {
	let progress = startProgress(0);
	return events.flatMap(([atMs, event]) => {
		const next = advanceProgress(progress, event, atMs);
		progress = next.progress;
		return next.note ?? [];
	});
}
const layer = (id: string, current: number, total: number): PullEvent => ({ id, status: 'Downloading', progressDetail: { current, total } });

test('what is there of all layers is told every few seconds, when it has grown', () => {
	expect(
		notesOf([
			[1_000, layer('a', 1e9, 4e9)],
			[6_000, layer('b', 1e9, 4e9)],
			[7_000, layer('b', 4e9, 4e9)],
			[12_000, layer('a', 1.1e9, 4e9)],
			[20_000, layer('a', 1.2e9, 4e9)],
			[30_000, layer('a', 4e9, 4e9)],
		]),
	).toEqual(['pulling the image: 2.0 of 8.0 GB', 'pulling the image: 5.1 of 8.0 GB', 'pulling the image: 8.0 of 8.0 GB']);
});

test('unpacking and words without sizes add nothing', () => {
	expect(
		notesOf([
			[9_000, { id: 'a', status: 'Extracting', progressDetail: { current: 1, total: 2 } }],
			[9_000, { status: 'Pulling' }],
			[9_000, { id: 'a', status: 'Downloading', progressDetail: {} }],
		]),
	).toEqual([]);
});
