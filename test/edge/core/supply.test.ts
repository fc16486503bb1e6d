import { describe, expect, test } from 'vitest';
import { isSelfContained, NO_SUPPLY, needsOf, placedOf, problemsOfSupply, renewedSecrets, type Supply } from '../../../edge/src/core/supply.ts';
import { spec } from './samples.ts';

const volumes = (...dataCenters: string[]): Supply => ({ ...NO_SUPPLY, volumes: dataCenters.map((dataCenterId, n) => ({ id: `v${n}`, dataCenterId })) });

test('an endpoint needs what it refers to', () => {
	expect(isSelfContained(needsOf(spec({ env: { A: 'b' } }), null))).toBe(true);
	expect(needsOf(spec({ env: { A: '{{ secret.T }}' }, registryId: 'r', networkVolumeIds: ['v'] }), 't')).toEqual({
		secretNames: ['T'],
		registryId: 'r',
		volumeIds: ['v'],
		templateId: 't',
	});
	expect(isSelfContained(needsOf(spec({}), 't'))).toBe(false);
});

describe('volumes', () => {
	test('decide where workers run', () => {
		expect(placedOf({ spec: spec({ dataCenterIds: [] }), supply: volumes('A', 'B') }).dataCenterIds).toEqual(['A', 'B']);
		expect(placedOf({ spec: spec({ dataCenterIds: ['A', 'B'] }), supply: volumes('B') }).dataCenterIds).toEqual(['B']);
		expect(placedOf({ spec: spec({ dataCenterIds: ['A'] }) }).dataCenterIds).toEqual(['A']);
	});

	test.each<[string[], string[], RegExp | null]>([
		[[], ['A', 'B'], null],
		[['A', 'B'], ['A'], null],
		[['A'], ['A', 'B'], /networkVolumes\.1: v1 lies in B, which dataCenterIds \(A\) does not allow/],
		[[], ['A', 'A'], /networkVolumes\.1: v1 and v0 both lie in A/],
	])('data centres %j, volumes in %j: %s', (dataCenterIds, places, problem) => {
		const problems = problemsOfSupply(spec({ dataCenterIds }), volumes(...places));
		if (problem === null) expect(problems).toEqual([]);
		else expect(problems.join()).toMatch(problem);
	});
});

test('a variable that is too long with its secrets filled in is refused by name', () => {
	const supply = (chars: number): Supply => ({ ...NO_SUPPLY, secrets: { T: { sealed: '', chars } } });
	const wanted = spec({ env: { A: '{{ secret.T }}{{ secret.T }}' } });
	expect(problemsOfSupply(wanted, supply(16_384))).toEqual([]);
	expect(problemsOfSupply(wanted, supply(16_385)).join()).toMatch(/env\.A: has 32770 characters/);
});

test('a secret is renewed when it was there before and is sealed anew', () => {
	const supply = (secrets: Record<string, string>): Supply => ({
		...NO_SUPPLY,
		secrets: Object.fromEntries(Object.entries(secrets).map(([name, sealed]) => [name, { sealed, chars: 1 }])),
	});
	expect(renewedSecrets(supply({ A: '1', B: '1' }), supply({ A: '2', B: '1', C: '1' }))).toEqual(['A']);
	expect(renewedSecrets(supply({ A: '1' }), NO_SUPPLY)).toEqual([]);
});
