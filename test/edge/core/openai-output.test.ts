import { describe, expect, test } from 'vitest';
import { endsEvent, outputElements, toOpenAiBody, toStreamText } from '../../../edge/src/core/openai-output.ts';

const bodyOf = (output: string): ReturnType<typeof toOpenAiBody> => toOpenAiBody(outputElements(output));
const json = (text: string): object => ({ type: 'application/json', text });

describe('an output', () => {
	test.each([
		['the one element of a generator’s list', '[ {"id":9007199254740993, "a":[1,2]} ]', '{"id":9007199254740993, "a":[1,2]}'],
		['a bare object', '{"id":1}', '{"id":1}'],
		['an object whose members mention an error', '{"error": null, "text": "an error"}', '{"error": null, "text": "an error"}'],
		['a list of several', '[{"a":1},{"b":2}]', '[{"a":1},{"b":2}]'],
		['a string that holds JSON', '["{\\"id\\":1}"]', '{"id":1}'],
		['JSON in several strings', '["{\\"id\\"",":1}"]', '{"id":1}'],
		['a number', '7', '7'],
	])('that is %s is answered bare', (_, output, text) => {
		expect(bodyOf(output)).toEqual(json(text));
	});

	test('of event text stays event text, any other text is plain', () => {
		expect(bodyOf('["data: 1\\n\\n","data: [DONE]\\n\\n"]')).toEqual({ type: 'text/event-stream', text: 'data: 1\n\ndata: [DONE]\n\n' });
		expect(bodyOf('"a transcript"')).toEqual({ type: 'text/plain', text: 'a transcript' });
		expect(bodyOf('"{ not json"')).toEqual({ type: 'text/plain', text: '{ not json' });
	});

	test('with nothing in it is none', () => {
		expect(bodyOf('[]')).toBeNull();
	});

	test('that is a model server’s error is its fault', () => {
		expect(bodyOf('[{"object":"error","message":"too long","code":400}]')).toMatchObject({ status: 400, error: { message: 'too long' } });
		expect(bodyOf('["{\\"error\\":{\\"message\\":\\"m\\",\\"code\\":404}}"]')).toMatchObject({ status: 404 });
	});
});

describe('a chunk', () => {
	test('of event text goes through as it is, whole events or not', () => {
		for (const text of ['data: {"a":1}\n\ndata: {"b"', ':2}\n\n', '', 'data: žluť 🦄\r\n\r\n']) expect(toStreamText(JSON.stringify(text))).toBe(text);
	});

	test('that is an object becomes an event of one line', () => {
		expect(toStreamText('{"a":\n1}')).toBe('data: {"a": 1}\n\n');
	});

	test('that is an error object is a fault', () => {
		expect(toStreamText('{"error":{"message":"m","code":400}}')).toMatchObject({ status: 400 });
	});
});

test.each([
	['data: 1\n\n', true],
	['data: 1\r\n\r\n', true],
	['data: 1\n', false],
	['data: 1', false],
	['data: 1\r\n', false],
])('%j ends an event: %s', (text, ends) => {
	expect(endsEvent(text)).toBe(ends);
});
