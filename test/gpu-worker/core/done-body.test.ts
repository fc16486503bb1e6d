import { ERROR_TEXT_CHARS_MAX } from '@longshore/shared-schema/limits';
import { describe, expect, test } from 'vitest';
import { readChunkBody, readDoneBody } from '../../../gpu-worker/src/core/done-body.ts';

describe('the body of job-done', () => {
	test('an output stays the text that the worker wrote', () => {
		expect(readDoneBody('{"output": {"n": 1.0, "big": 12345678901234567890} }')).toEqual({
			kind: 'result',
			output: '{"n": 1.0, "big": 12345678901234567890}',
			error: null,
			stopPod: false,
		});
	});

	test('{} is a success without output', () => {
		expect(readDoneBody('{}')).toEqual({ kind: 'result', output: null, error: null, stopPod: false });
	});

	test('an error that is not a string becomes its JSON text', () => {
		expect(readDoneBody('{"error":{"a":1}}')).toMatchObject({ error: '{"a":1}' });
		expect(readDoneBody('{"error":"boom"}')).toMatchObject({ error: 'boom' });
	});

	test('an error keeps the output beside it', () => {
		expect(readDoneBody('{"output":{"x":1},"error":"boom"}')).toMatchObject({ output: '{"x":1}', error: 'boom' });
	});

	test('error null is no error', () => {
		expect(readDoneBody('{"error":null,"output":1}')).toMatchObject({ output: '1', error: null });
	});

	test('a long error is cut to what a record holds', () => {
		const read = readDoneBody(JSON.stringify({ error: 'x'.repeat(ERROR_TEXT_CHARS_MAX + 1) }));
		expect(read.kind === 'result' && (read.error?.length ?? 0)).toBeLessThanOrEqual(ERROR_TEXT_CHARS_MAX);
	});

	test('stopPod is seen', () => {
		expect(readDoneBody('{"output":1,"stopPod":true}')).toMatchObject({ stopPod: true });
	});

	test('IN_PROGRESS is progress', () => {
		expect(readDoneBody('{"status":"IN_PROGRESS","output":"50%"}')).toEqual({ kind: 'progress', output: '"50%"' });
	});

	test.each(['{"output": NaN}', '[1]', 'not json', `{"output":${'['.repeat(200)}${']'.repeat(200)}}`])('%.20s is unusable, with the reason', (text) => {
		expect(readDoneBody(text)).toMatchObject({ kind: 'unusable', error: expect.stringMatching(/result is/) });
	});
});

test('the body of job-stream gives its output, or null when it is none', () => {
	expect(readChunkBody('{"output":{"t":"a"}}')).toBe('{"t":"a"}');
	expect(readChunkBody('{}')).toBe('null');
	expect(readChunkBody('nope')).toBeNull();
});
