import { expect, test } from 'vitest';
import { describeShares } from '../../../edge/src/core/describe-shares.ts';

test('says what became of each share, what still counts, and why it moved', () => {
	const before = [{ region: 'eu', workersMax: 3, workersMin: 0 }];
	const after = [
		{ region: 'us', workersMax: 1, workersMin: 0, tiers: ['ADA_24'] },
		{ region: 'eu', workersMax: 1, workersMin: 0, held: 2, since: 4 },
	];
	expect(describeShares(before, after, new Map([['eu', { revision: 3, alive: 1, blocked: true }]]))).toBe(
		'eu: 3 → 1 workers, 2 count until it has confirmed, finds no free place; us: 0 → 1 workers on ADA_24',
	);
});

test('says when no region can run the endpoint', () => {
	expect(describeShares([], [], new Map())).toBe('no region can run the endpoint');
});
