import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ConfigError, editDistance, parseEnv, suggestion } from '../../../shared-schema/src/config/parse.ts';

const schema = z.object({ LONGSHORE_LISTEN: z.string().default('127.0.0.1:0'), LONGSHORE_TOKEN: z.string().min(4), LONGSHORE_FENCE_MS: z.coerce.number().min(1).default(90_000) });
const files: Readonly<Record<string, string>> = { '/run/token': 'from a file\n', '/run/empty': '' };
const read = (path: string): string => {
	const text = files[path];
	if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
	return text;
};
const parse = (env: Record<string, string | undefined>): z.output<typeof schema> => parseEnv(schema, env, read);

describe('settings from the environment', () => {
	test('are typed, have defaults, and leave other variables alone', () => {
		expect(parse({ LONGSHORE_TOKEN: 'secret', LONGSHORE_FENCE_MS: '250', PATH: '/bin', HOME: undefined })).toEqual({
			LONGSHORE_LISTEN: '127.0.0.1:0',
			LONGSHORE_TOKEN: 'secret',
			LONGSHORE_FENCE_MS: 250,
		});
	});

	test('that are empty count as not given', () => {
		expect(parse({ LONGSHORE_TOKEN: 'secret', LONGSHORE_LISTEN: '' }).LONGSHORE_LISTEN).toBe('127.0.0.1:0');
	});

	test('come from a file by the name with _FILE, without the last line break', () => {
		expect(parse({ LONGSHORE_TOKEN_FILE: '/run/token' }).LONGSHORE_TOKEN).toBe('from a file');
	});

	test('a file that cannot be read is named together with its variable', () => {
		expect(() => parse({ LONGSHORE_TOKEN_FILE: '/run/nothing' })).toThrow(ConfigError);
		expect(() => parse({ LONGSHORE_TOKEN_FILE: '/run/nothing' })).toThrow(/LONGSHORE_TOKEN_FILE.*\/run\/nothing/);
	});

	test('given both as text and as a file are refused: nobody can know which one counts', () => {
		expect(() => parse({ LONGSHORE_TOKEN: 'secret', LONGSHORE_TOKEN_FILE: '/run/token' })).toThrow(/LONGSHORE_TOKEN.*LONGSHORE_TOKEN_FILE/);
	});

	test.each([
		['LONGSHORE_TOKN', 'LONGSHORE_TOKN is not a setting of this process (did you mean LONGSHORE_TOKEN?)'],
		['LONGSHORE_TOKN_FILE', 'LONGSHORE_TOKN_FILE is not a setting of this process (did you mean LONGSHORE_TOKEN?)'],
		['LONGSHORE_SOMETHING_ELSE_ENTIRELY', 'LONGSHORE_SOMETHING_ELSE_ENTIRELY is not a setting of this process'],
	])('%s is unknown and refused', (name, message) => {
		expect(() => parse({ LONGSHORE_TOKEN: 'secret', [name]: 'x' })).toThrow(new ConfigError(message));
	});

	test('errors name the variable and never its value', () => {
		const fault = (): unknown => parse({ LONGSHORE_TOKEN: 'abc', LONGSHORE_FENCE_MS: 'soon' });
		expect(fault).toThrow(/LONGSHORE_TOKEN: .*LONGSHORE_FENCE_MS: /);
		expect(fault).not.toThrow(/abc|soon/);
	});
});

describe('editDistance', () => {
	test.each([
		['', '', 0],
		['kitten', 'sitting', 3],
		['abc', '', 3],
		['flaw', 'lawn', 2],
	])('%j to %j is %i', (a, b, distance) => expect(editDistance(a, b)).toBe(distance));

	test('is a metric', () => {
		const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
		fc.assert(
			fc.property(word, word, word, (a, b, c) => {
				expect(editDistance(a, b)).toBe(editDistance(b, a));
				expect(editDistance(a, b) === 0).toBe(a === b);
				expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
			}),
		);
	});
});

describe('suggestion', () => {
	test('names the nearest within a third of the length and otherwise nothing', () => {
		expect(suggestion('wrkers', ['workers', 'name'])).toBe(' (did you mean workers?)');
		expect(suggestion('colour', ['workers', 'name'])).toBe('');
		expect(suggestion('x', [])).toBe('');
	});
});
