import { expect, test } from 'vitest';
import { StartedJobs } from '../../../regional-broker/src/fleet/started-jobs.ts';

test('only the first sighting of an attempt counts, and no memory is kept for ever', () => {
	let nowMs = 0;
	const started = new StartedJobs(() => nowMs);
	expect(started.isFirst('a.1')).toBe(true);
	expect(started.isFirst('a.1')).toBe(false);
	expect(started.isFirst('a.2')).toBe(true);
	nowMs = 15_001;
	expect(started.isFirst('a.1')).toBe(false);
	nowMs = 31_000;
	expect(started.isFirst('b.1')).toBe(true);
	nowMs = 47_000;
	expect(started.isFirst('a.1')).toBe(true);
});
