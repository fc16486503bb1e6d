import { describe, expect, test } from 'vitest';
import { fillSecrets, secretNames } from '../../../shared-schema/src/endpoint/secret-refs.ts';

describe('references', () => {
	test.each<[string, string[]]>([
		['{{ secret.TOKEN }}', ['TOKEN']],
		['{{secret.hf-token}}', ['hf-token']],
		['{{ RUNPOD_SECRET_team/db.password }}', ['team/db.password']],
		['{{RUNPOD_SECRET_A}} and {{ secret.A }}', ['A']],
		['postgres://u:{{ secret.PW }}@{{ secret.HOST }}/db', ['PW', 'HOST']],
		['{{ TOKEN }} {secret.TOKEN} {{ secret. }} {{ secret.1A }} {{ secret.A B }}', []],
		['', []],
	])('%s refers to %j', (value, names) => {
		expect(secretNames({ A: value })).toEqual(names);
	});

	test('of several variables are named once each', () => {
		expect(secretNames({ A: '{{ secret.X }}', B: '{{ secret.Y }}{{ secret.X }}' })).toEqual(['X', 'Y']);
	});
});

describe('filling in', () => {
	test('puts values where references are and leaves the rest alone', () => {
		const env = { A: 'x-{{ secret.T }}-{{ RUNPOD_SECRET_U }}', B: 'plain', C: '{{ other }}' };
		expect(fillSecrets(env, new Map(Object.entries({ T: '$&', U: '{{ secret.T }}' })))).toEqual({ A: 'x-$&-{{ secret.T }}', B: 'plain', C: '{{ other }}' });
	});

	test('throws for a secret that is not there, even one named like a member of every object', () => {
		expect(() => fillSecrets({ A: '{{ secret.constructor }}' }, new Map())).toThrow(/no secret constructor/);
	});
});
