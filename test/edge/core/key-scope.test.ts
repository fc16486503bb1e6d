import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coversKey, KEY_VERBS, type KeyPower, reachesEndpoint } from '../../../edge/src/core/key-scope.ts';

const ALL: KeyPower = { verbs: KEY_VERBS, endpoints: null, expiresAt: null };
const powers: fc.Arbitrary<KeyPower> = fc.record({
	verbs: fc.subarray([...KEY_VERBS], { minLength: 1 }),
	endpoints: fc.option(fc.subarray(['a', 'b', 'c'])),
	expiresAt: fc.option(fc.integer({ min: 1, max: 5 })),
});

describe('a key covers another', () => {
	test.each<[string, Partial<KeyPower>, Partial<KeyPower>, boolean]>([
		['the same', {}, {}, true],
		['fewer verbs', {}, { verbs: ['read'] }, true],
		['a verb more', { verbs: ['read', 'manage'] }, { verbs: ['read', 'run'] }, false],
		['one endpoint of all', {}, { endpoints: ['a'] }, true],
		['all endpoints where it has one', { endpoints: ['a'] }, {}, false],
		['another endpoint', { endpoints: ['a'] }, { endpoints: ['b'] }, false],
		['one of its two endpoints', { endpoints: ['a', 'b'] }, { endpoints: ['b'] }, true],
		['an end where it has none', {}, { expiresAt: 5 }, true],
		['no end where it has one', { expiresAt: 5 }, {}, false],
		['a later end', { expiresAt: 5 }, { expiresAt: 6 }, false],
	])('%s', (_what, outer, inner, expected) => {
		expect(coversKey({ ...ALL, ...outer }, { ...ALL, ...inner })).toBe(expected);
	});

	test('never one that may do what it may not', () => {
		fc.assert(
			fc.property(powers, powers, fc.constantFrom(...KEY_VERBS), fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 0, max: 6 }), (outer, inner, verb, endpoint, now) => {
				const may = (key: KeyPower): boolean => key.verbs.includes(verb) && reachesEndpoint(key, endpoint) && (key.expiresAt === null || now < key.expiresAt);
				if (coversKey(outer, inner) && may(inner)) expect(may(outer)).toBe(true);
			}),
		);
	});
});
