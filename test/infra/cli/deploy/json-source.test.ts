import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonSourceError, readJsonSource } from '../../../../infra/cli/deploy/json-source.ts';

const failure = (text: string): JsonSourceError => {
	try {
		readJsonSource(text);
	} catch (error) {
		if (error instanceof JsonSourceError) return error;
	}
	throw new Error(`was read: ${text}`);
};

describe('JSON with places', () => {
	it('reads what JSON.parse reads', () => {
		fc.assert(
			fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
				const text = JSON.stringify(value, null, indent);
				expect(JSON.stringify(readJsonSource(text).value)).toBe(JSON.stringify(JSON.parse(text)));
			}),
		);
	});

	it('refuses what JSON.parse refuses, with a place inside the text', () => {
		fc.assert(
			fc.property(fc.jsonValue({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', ',', '}', '"', "'", '//', 'x'), (value, seed, noise) => {
				const whole = JSON.stringify(value, null, 1);
				const at = seed % (whole.length + 1);
				const text = whole.slice(0, at) + noise + whole.slice(at + (noise === '' ? 1 : 0));
				let isJson = true;
				try {
					JSON.parse(text);
				} catch {
					isJson = false;
				}
				if (isJson) return;
				const { line } = failure(text).at;
				expect(line).toBeGreaterThan(0);
				expect(line).toBeLessThanOrEqual(text.split('\n').length);
			}),
		);
	});

	it('knows where values and their keys stand', () => {
		const source = readJsonSource('{\n  "a": [1,\n    {"b": true}]\n}');
		expect(source.positionOf(['a'])).toEqual({ line: 2, column: 3 });
		expect(source.positionOf(['a', 1, 'b'])).toEqual({ line: 3, column: 6 });
		expect(source.positionOf(['a', 1, 'missing'])).toEqual({ line: 3, column: 5 });
	});

	it.each([
		['{"a": 1,}', 'a comma stands before "}"', 1, 9],
		['{\n"a" 1}', '":" is expected after "a"', 2, 5],
		['{"a": 1\n"b": 2}', '"," or "}" is expected here', 2, 1],
		["{'a': 1}", 'a name in double quotes', 1, 2],
		['{"a": 1, "a": 2}', '"a" stands twice', 1, 10],
		['{"a": // no\n 1}', 'no comments', 1, 7],
		['{"a": "x', 'a text is not closed', 1, 7],
		['{"a": tru}', 'a value is expected', 1, 7],
		['{"a": 1', '"}" is missing', 1, 8],
		['', 'ends too early', 1, 1],
	])('says of %j: %s', (text, message, line, column) => {
		const error = failure(text);
		expect(error.message).toContain(message);
		expect(error.at).toEqual({ line, column });
	});
});
