import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isOpenAiPath, openAiRouteOf, toOpenAiInput } from '../../../edge/src/core/openai-request.ts';

test.each([
	['/v2/abc/openai/v1/chat/completions', '', '/v1/chat/completions'],
	['/v2/abc/openai/v1/models', '?limit=2&after=a%2Fb', '/v1/models?limit=2&after=a%2Fb'],
	['/v2/abc/openai/v1/models/org%2Fmodel', '', '/v1/models/org%2Fmodel'],
	['/v2/abc/openai/v1/openai/v1/x', '', '/v1/openai/v1/x'],
	['/v2/abc/openai/v1', '', null],
	['/v2/abc/openai/v2/models', '', null],
	['/v2/abc/run', '', null],
])('%s%s is the route %s', (pathname, search, route) => {
	expect(openAiRouteOf(pathname, search)).toBe(route);
});

test.each([
	['/v2/abc/openai', true],
	['/v2/abc/openai/v1/x', true],
	['/v2/abc/openai-like', false],
	['/v2/openai/run', false],
	['/v2/abc/status/openai', false],
])('%s has errors in OpenAI’s shape: %s', (pathname, is) => {
	expect(isOpenAiPath(pathname)).toBe(is);
});

test('the body is put into the input as the text that it was', () => {
	const body = '{ "model":"m",\n"seed":9007199254740993, "t":1E400, "stream" : false }';
	expect(toOpenAiInput('/v1/chat/completions', body)).toEqual({ input: `{"openai_route":"/v1/chat/completions","openai_input":${body}}`, isStream: false });
});

test('a call without a body has null there', () => {
	expect(toOpenAiInput('/v1/models', '')).toEqual({ input: '{"openai_route":"/v1/models","openai_input":null}', isStream: false });
	expect(JSON.parse(toOpenAiInput('/v1/x', ' \n').input)).toEqual({ openai_route: '/v1/x', openai_input: null });
});

test('only stream: true at the top asks for a stream, the last of two counts', () => {
	const isStream = (body: string): boolean => toOpenAiInput('/v1/x', body).isStream;
	expect(isStream('{"stream":true}')).toBe(true);
	expect(isStream('{"stream":false,"stream": true }')).toBe(true);
	expect(isStream('{"stream":true,"stream":false}')).toBe(false);
	expect(isStream('{"stream":"true"}')).toBe(false);
	expect(isStream('{"a":{"stream":true}}')).toBe(false);
});

test.each(['[1]', '"text"', '{', '--boundary\r\n'])('%j is refused', (body) => {
	expect(() => toOpenAiInput('/v1/x', body)).toThrow();
});

test('any route and body come out as they went in', () => {
	fc.assert(
		fc.property(fc.string(), fc.dictionary(fc.string(), fc.jsonValue()), (route, body) => {
			const text = JSON.stringify(body);
			const read = JSON.parse(toOpenAiInput(route, text).input) as Record<string, unknown>;
			expect(read).toEqual({ openai_route: route, openai_input: JSON.parse(text) });
		}),
	);
});
