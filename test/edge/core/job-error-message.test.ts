import { expect, test } from 'vitest';
import { messageOfJobError } from '../../../edge/src/core/job-error-message.ts';

test('plain words stay as they are', () => {
	expect(messageOfJobError('out of memory')).toBe('out of memory');
	expect(messageOfJobError('{not json')).toBe('{not json');
	expect(messageOfJobError('{"code":7}')).toBe('{"code":7}');
	expect(messageOfJobError('')).toBe('');
});

test('the SDK’s JSON of a raised error gives the error’s message', () => {
	const text = JSON.stringify({ error_type: "<class 'ValueError'>", error_message: 'bad "input"', error_traceback: 'Traceback …' });
	expect(messageOfJobError(text)).toBe('bad "input"');
});

test('an error object written as JSON gives its message', () => {
	expect(messageOfJobError('{"message": "vLLM returned HTTP 400: {}", "type": "worker_error", "code": null}')).toBe('vLLM returned HTTP 400: {}');
});

test('a Python generator’s traceback and a JavaScript stack are left out', () => {
	expect(messageOfJobError('Error: no such adapter\nof this model\n    at answer (file:///worker.ts:3:9)\n    at async run (…)')).toBe('no such adapter\nof this model');
	expect(messageOfJobError('meet me\n at noon')).toBe('meet me\n at noon');
	expect(messageOfJobError('handler: no such adapter \ntraceback: Traceback (most recent call last):\n  File …')).toBe('no such adapter');
});

/** Texts as Python 3 prints them: `str({'message': …, 'type': 'worker_error', 'code': None})`. */
test.each([
	[`{'message': 'plain', 'type': 'worker_error', 'code': None}`, 'plain'],
	[`{'message': "it's so", 'type': 'worker_error', 'code': None}`, "it's so"],
	[String.raw`{'message': 'both \' and "', 'code': None}`, 'both \' and "'],
	[String.raw`{'message': '{"m":"a \\"b\\"\\n"}', 'code': None}`, String.raw`{"m":"a \"b\"\n"}`],
	[String.raw`{'type': 'x', 'message': 'line\nend\t\x1f\u2028\U0001f642'}`, 'line\nend\t\x1f\u2028🙂'],
	[String.raw`{'message': 'ends with a backslash \\', 'code': None}`, 'ends with a backslash \\'],
])('%s is the repr of a dict', (text, message) => {
	expect(messageOfJobError(text)).toBe(message);
});

test('a dict without a message, or cut before its end, stays as it is', () => {
	for (const text of ["{'code': 7}", "{'message': 'cut"]) expect(messageOfJobError(text)).toBe(text);
});
