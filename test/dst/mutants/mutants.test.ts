import { expect, test } from 'vitest';
import { hunt } from './hunt.ts';
import { MUTANTS } from './mutants.ts';
import { patchedFiles } from './tree.ts';

test('all twelve mutants still apply', () => {
	expect(MUTANTS).toHaveLength(12);
	for (const mutant of MUTANTS) expect(patchedFiles(mutant).size, mutant.name).toBeGreaterThan(0);
});

test('a mutant whose text is gone says so', () => {
	const stale = {
		name: 'stale',
		patches: [{ file: 'package.json', from: 'no such text', to: '' }],
		catcher: { layer: 'simulation', invariants: ['I1'], seeds: [1], hours: 1 },
	} as const;
	expect(() => patchedFiles(stale)).toThrow('mutant "stale" does not apply: package.json has 0 times');
});

test('the simulation catches a mutant within one history', { timeout: 600_000 }, async () => {
	const mutant = MUTANTS.find(({ name }) => name === 'a late progress update opens an ended job again');
	expect(mutant).toBeDefined();
	if (mutant !== undefined) expect((await hunt(mutant)).by).toMatch(/^I\d+, seed \d+/);
});
