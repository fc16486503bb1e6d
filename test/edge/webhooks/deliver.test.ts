import { expect, test } from 'vitest';
import { retryAfterMs } from '../../../edge/src/webhooks/deliver.ts';

const NOW = Date.parse('2026-10-21T07:28:00Z');

test.each([
	['120', 120_000],
	[' 5 ', 5_000],
	['0', 0],
	['Wed, 21 Oct 2026 07:28:30 GMT', 30_000],
	['Wed, 21 Oct 2026 07:27:00 GMT', 0],
	['soon', null],
	['', null],
	['99999999999999999999', null],
])('Retry-After %j is a pause of %j ms', (header, ms) => {
	expect(retryAfterMs(header, NOW)).toBe(ms);
});

test('no Retry-After is no pause', () => {
	expect(retryAfterMs(null, NOW)).toBeNull();
});
