import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

test('defaults: seed 1, a day, everything, no traces', () => {
	expect(parseOptions([], {})).toEqual({ seed: 1, hours: 24, only: [], rules: [], traces: undefined, out: undefined });
});

test('words are split and lowered, the traces come from the environment', () => {
	const options = parseOptions(['--only', 'GenTD26, code', '--seed', '7'], { LONGSHORE_TRACES: '/data' });
	expect(options).toMatchObject({ only: ['gentd26', 'code'], seed: 7, traces: '/data' });
});

test.each([
	['--seed', '-1'],
	['--seed', '1.5'],
	['--hours', '0'],
	['--hours', '9999'],
])('%s %s is refused with its bounds', (flag, value) => {
	expect(() => parseOptions([`${flag}=${value}`], {})).toThrow(/a whole number from \d+ to \d+ is needed/);
});
