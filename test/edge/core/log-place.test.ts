import { expect, test } from 'vitest';
import { placeText, stampOf } from '../../../edge/src/core/log-place.ts';

const isoSecond = (seconds: number): string => new Date(seconds * 1_000).toISOString().slice(0, 19);
const secondsOf = (text: string): number => Date.parse(`${text}Z`) / 1_000;

test.each([0, 1, 999_999, 1_763_806_830_123_456, 1_763_806_830_000_000])('stamp %i comes back from its text', (stamp) => {
	expect(stampOf(placeText(stamp, isoSecond), secondsOf)).toBe(stamp);
});

test('shows microseconds', () => {
	expect(placeText(1_763_806_830_000_042, isoSecond)).toBe('2025-11-22T10:20:30.000042Z');
});

test('takes times with fewer digits, or none', () => {
	expect(stampOf('2025-11-22T10:20:30Z', secondsOf)).toBe(1_763_806_830_000_000);
	expect(stampOf('2025-11-22T10:20:30.5Z', secondsOf)).toBe(1_763_806_830_500_000);
});

test.each(['', 'yesterday', '2025-11-22', '2025-11-22T10:20:30', '2025-11-22T10:20:30+01:00', '2025-13-45T99:99:99Z', '1969-12-31T23:59:59Z', '2025-11-22T10:20:30.1234567Z'])(
	'takes %j for no time',
	(text) => {
		expect(stampOf(text, secondsOf)).toBeNull();
	},
);
