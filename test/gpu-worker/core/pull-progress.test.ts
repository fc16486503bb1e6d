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
	).toEqual(['pulling image: 25 % of 8.0 GB', 'pulling image: 63 % of 8.0 GB', 'pulling image: 100 % of 8.0 GB']);
});

test('the stage follows more closely, twice a second at most, and only when its words change', () => {
	let progress = startProgress(0);
	const stages: (string | null)[] = [];
	for (const [atMs, bytes] of [
		[100, 1e6],
		[200, 9e6],
		[700, 9.01e6],
		[900, 9.02e6],
		[1_300, 20e6],
	] as const) {
		const next = advanceProgress(progress, layer('a', bytes, 100e6), atMs);
		progress = next.progress;
		stages.push(next.stage);
	}
	expect(stages).toEqual(['pulling image: 1 % of 100 MB', null, 'pulling image: 9 % of 100 MB', null, 'pulling image: 20 % of 100 MB']);
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
