import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrayElements, JsonObjectError, topLevelMembers } from '../../../shared-schema/src/json/top-level.ts';
import { JSON_DEPTH_MAX } from '../../../shared-schema/src/limits.ts';

const problemOf = (text: string): string => {
	try {
		topLevelMembers(text);
	} catch (error) {
		if (error instanceof JsonObjectError) return error.problem;
		throw error;
	}
	return 'none';
};

const space = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 3 });
const name = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor', 'input', '', '"', '\\', '\\"', '}', ',', ':', '{', '[', '\u2028'));
const rawNumber = fc.oneof(
	fc.bigInt().map(String),
	fc.tuple(fc.bigInt(), fc.nat(), fc.integer({ min: -400, max: 400 })).map(([a, b, c]) => `${a}.${b}E${c}`),
	fc.constantFrom('9007199254740993', '-0', '1e400', '0.1000000000000000055511151231257827', '123456789012345678901234567890'),
);

/** JSON text of a string, some of its characters as `\u` escapes. */
const rawString = fc
	.tuple(name, fc.boolean())
	.map(([text, escaped]) =>
		escaped
			? `"${[...text].map((char) => [...Array(char.length).keys()].map((i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')).join('')}"`
			: JSON.stringify(text),
	);

/** JSON text of any value, with odd white space between all tokens. */
const { rawValue } = fc.letrec<{ rawValue: string }>((tie) => ({
	rawValue: fc.oneof(
		{ depthSize: 'small', withCrossShrink: true },
		fc.constantFrom('true', 'false', 'null'),
		rawNumber,
		rawString,
		fc
			.tuple(space, fc.array(fc.tuple(space, tie('rawValue'), space), { maxLength: 4 }))
			.map(([inner, items]) => `[${items.length === 0 ? inner : items.map((parts) => parts.join('')).join(',')}]`),
		fc
			.tuple(space, fc.array(fc.tuple(space, rawString, space, space, tie('rawValue'), space), { maxLength: 4 }))
			.map(([inner, items]) => `{${items.length === 0 ? inner : items.map(([a, key, b, c, value, d]) => `${a}${key}${b}:${c}${value}${d}`).join(',')}}`),
	),
}));

const member = fc.record({ before: space, key: rawString, afterKey: space, beforeValue: space, value: rawValue, after: space });
const objectText = fc.tuple(space, fc.array(member, { maxLength: 6 }), space).map(([lead, members, trail]) => ({
	members,
	text: `${lead}{${members.map((m) => `${m.before}${m.key}${m.afterKey}:${m.beforeValue}${m.value}${m.after}`).join(',')}}${trail}`,
}));

describe('members of an object', () => {
	test('have exactly the text that was sent, under the name that JSON.parse reads, the last of a repeated name', () => {
		fc.assert(
			fc.property(objectText, ({ members, text }) => {
				const expected = new Map(members.map(({ key, value }) => [JSON.parse(key) as string, value]));
				expect([...topLevelMembers(text)].sort()).toEqual([...expected].sort());
			}),
			{ numRuns: 500 },
		);
	});

	test('parse to what JSON.parse gives for the whole', () => {
		fc.assert(
			// V8 13.6 reads the name `"` as `\\` once it has seen an object with that name, so the oracle gets neither.
			fc.property(
				fc.dictionary(
					name.filter((text) => !/[\\"]/.test(text)),
					fc.jsonValue({ maxDepth: 4 }),
				),
				fc.constantFrom(undefined, 1, '\t'),
				(value, indent) => {
					const text = JSON.stringify(value, undefined, indent);
					const whole = new Map(Object.entries(JSON.parse(text) as object));
					const parts = new Map([...topLevelMembers(text)].map(([key, raw]) => [key, JSON.parse(raw) as unknown]));
					expect(parts).toEqual(whole);
				},
			),
		);
	});

	test.each([
		['numbers beyond 2^53', '{"input":{"n":9007199254740993}}', '{"n":9007199254740993}'],
		['a minus zero', '{"input":-0}', '-0'],
		['white space inside', '{ "input" : { "a" : [ 1 , 2 ] } }', '{ "a" : [ 1 , 2 ] }'],
		['escapes', '{"input":"\\u0041\\/\\n"}', '"\\u0041\\/\\n"'],
		['a name in escapes', '{"\\u0069nput":1}', '1'],
		['a quote before the end', '{"input":"\\\\\\""}', '"\\\\\\""'],
		['brackets in strings', '{"input":"}],{["}', '"}],{["'],
		['a lone surrogate escape', '{"input":"\\ud800"}', '"\\ud800"'],
		['a repeated name', '{"input":1,"input":2}', '2'],
	])('keep %s', (_what, text, raw) => {
		expect(topLevelMembers(text).get('input')).toBe(raw);
	});

	test('named __proto__ are members like any other', () => {
		expect([...topLevelMembers('{"__proto__":{"polluted":1},"input":{}}')]).toEqual([
			['__proto__', '{"polluted":1}'],
			['input', '{}'],
		]);
		expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
	});
});

describe('refusals', () => {
	test.each([
		'',
		' ',
		'{',
		'}',
		'{"a"}',
		'{"a":}',
		'{"a":1',
		'{"a":1,}',
		'{,}',
		"{'a':1}",
		'{a:1}',
		'{"a":01}',
		'{"a":+1}',
		'{"a":.5}',
		'{"a":1.}',
		'{"a":NaN}',
		'{"a":1}x',
		'{"a":1}{"b":2}',
		'{"a":"\n"}',
		'{"a":"\\x"}',
		'{"a":"',
		'{"a":"\\',
		'{"a":"\\"}',
		'{"a" 1}',
		'{"a":1 "b":2}',
		'{"a":[1,]}',
		'{"a":tru}',
		'\ufeff{"a":1}',
		'\u00a0{"a":1}',
		'{"a":1}\0',
		'/**/{"a":1}',
		'{"a":]}',
		']',
	])('malformed: %j', (text) => expect(problemOf(text)).toBe('malformed'));

	test.each(['1', '"x"', 'null', 'true', '[]', '[{"input":{}}]', ' [ ] '])('not an object: %j', (text) => expect(problemOf(text)).toBe('not_an_object'));

	test('any text at all is refused exactly when JSON.parse gives no object', () => {
		fc.assert(
			fc.property(fc.oneof(fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '1', 'a', ' ') }), fc.string({ unit: 'binary' })), (text) => {
				let value: unknown;
				try {
					value = JSON.parse(text);
				} catch {
					value = undefined;
				}
				const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
				expect(problemOf(text) === 'none').toBe(isObject);
			}),
			{ numRuns: 2_000 },
		);
	});

	test.each([
		['arrays', '[', ']'],
		['objects', '{"a":', '}'],
	])('%s nest to the limit and not one deeper', (_what, open, close) => {
		const nested = (levels: number): string => `{"input":${open.repeat(levels)}${open === '[' ? '' : '1'}${close.repeat(levels)}}`;
		expect(problemOf(nested(JSON_DEPTH_MAX - 1))).toBe('none');
		expect(problemOf(nested(JSON_DEPTH_MAX))).toBe('too_deep');
	});

	test('brackets in strings are no nesting, and a million brackets are refused without a stack overflow', () => {
		expect(problemOf(`{"input":"${'['.repeat(1_000)}"}`)).toBe('none');
		expect(problemOf('['.repeat(1_000_000))).toBe('too_deep');
		expect(problemOf(`{"a":${'{"b":'.repeat(1_000_000)}`)).toBe('too_deep');
	});

	test('brackets side by side are no nesting', () => {
		expect(topLevelMembers(`{"input":[${'[],'.repeat(1_000)}[]]}`).size).toBe(1);
	});
});

describe('long texts', () => {
	test('a string of a million backslashes and a megabyte of quotes are read', () => {
		const slashes = `"${'\\\\'.repeat(500_000)}"`;
		const quotes = `"${'\\"'.repeat(500_000)}"`;
		const members = topLevelMembers(`{"a":${slashes},"input":${quotes}}`);
		expect(members.get('a') === slashes && members.get('input') === quotes).toBe(true);
	});
});

describe('the elements of an array', () => {
	test('are their raw texts', () => {
		expect(arrayElements(' [ {"a":[1,"],"]} , 9007199254740993,"x,\\"]" ,[ ] ] ')).toEqual(['{"a":[1,"],"]}', '9007199254740993', '"x,\\"]"', '[ ]']);
		expect(arrayElements('[]')).toEqual([]);
		expect(arrayElements('[ \n ]')).toEqual([]);
	});

	test('are none of anything else', () => {
		for (const text of ['{"a":[1]}', '"[1]"', '7', 'null']) expect(arrayElements(text)).toBeNull();
	});

	test('together are the array', () => {
		fc.assert(
			fc.property(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 2, '\t'), (values, space) => {
				expect(arrayElements(JSON.stringify(values, null, space))?.map((text) => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(values)));
			}),
		);
	});
});
