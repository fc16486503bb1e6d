import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

test('a tier by its flag, a seed, and kinds of faults by parts of their names', () => {
	expect(parseOptions([])).toMatchObject({ seed: 1, tier: { name: 'ci' }, only: [], keep: false });
	expect(parseOptions(['--short', '--seed', '9', '--only', 'kill broker, cut', '--keep', '--rate', '2'])).toMatchObject({
		seed: 9,
		tier: { name: 'short', jobsPerS: 2 },
		only: ['kill broker', 'cut'],
		keep: true,
	});
	expect(parseOptions(['--soak', '30m']).tier).toMatchObject({ name: 'soak', faultsMs: 1_800_000, minimums: { faults: 450, acknowledged: 50_000, 'stale results offered': 500 } });
});

test.each([
	[['--seed=1.5'], '--seed 1.5: a whole number'],
	[['--soak', '30'], '--soak 30: minutes from 1m'],
	[['--soak', '30m', '--short'], 'choose one'],
	[['--rate', 'many'], '--rate many: jobs a second from 0.1'],
	[['--tier'], '--tier'],
])('%j is refused with what is wrong', (args, words) => expect(() => parseOptions(args)).toThrow(words));
