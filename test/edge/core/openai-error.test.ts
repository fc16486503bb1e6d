import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { faultOfEnding, faultOfJobError, faultOfRefusal, faultOfValue } from '../../../edge/src/core/openai-error.ts';
import { LongshoreError } from '../../../shared-schema/src/errors/error.ts';

describe('a failed job', () => {
	test('gives the model server’s status and error object out of Python’s repr', () => {
		const text = String.raw`{'message': 'vLLM returned HTTP 400: {"error":{"message":"it\'s a \\"bad\\" param","type":"BadRequestError","param":"n","code":400}}', 'type': 'worker_error', 'code': None}`;
		expect(faultOfJobError(text)).toEqual({ status: 400, error: { message: 'it\'s a "bad" param', type: 'BadRequestError', param: 'n', code: 400 }, mayRetry: true });
	});

	test.each([
		['vLLM returned HTTP 404: {"object":"error","message":"no model m","type":"NotFoundError","param":null,"code":404}', 404, 'no model m', 'NotFoundError'],
		['vLLM returned HTTP 422: {"detail":[{"loc":["body"]}]}', 422, '[{"loc":["body"]}]', 'invalid_request_error'],
		['vLLM returned HTTP 503: upstream is busy', 503, 'upstream is busy', 'server_error'],
		['vLLM returned HTTP 429: {"message":"slow down"}', 429, 'slow down', 'rate_limit_error'],
		['vLLM returned HTTP 400: ', 400, 'HTTP 400', 'invalid_request_error'],
		['{"error_message":"vLLM returned HTTP 400: {\\"error\\":\\"too long\\"}"}', 400, 'too long', 'invalid_request_error'],
	])('%s', (text, status, message, type) => {
		expect(faultOfJobError(text)).toMatchObject({ status, error: { message, type } });
	});

	test.each(['CUDA out of memory', 'vLLM returned HTTP 200: {}', 'vLLM returned HTTP 999: {}'])('%s is a 500', (text) => {
		expect(faultOfJobError(text)).toEqual({ status: 500, error: { message: text, type: 'server_error', param: null, code: null }, mayRetry: true });
	});

	test('has a status from 400 to 599 and a whole error object whatever its text is', () => {
		fc.assert(
			fc.property(
				fc.oneof(
					fc.string(),
					fc.tuple(fc.integer({ min: 100, max: 999 }), fc.json()).map(([status, body]) => `vLLM returned HTTP ${status}: ${body}`),
				),
				(text) => {
					const { status, error } = faultOfJobError(text);
					expect(status).toBeGreaterThanOrEqual(400);
					expect(status).toBeLessThan(600);
					expect(typeof error.message).toBe('string');
					expect(typeof error.type).toBe('string');
					expect([typeof error.param, error.param]).toContain(error.param === null ? null : 'string');
				},
			),
		);
	});
});

describe('an answer', () => {
	test.each([
		['an error object with its status', { error: { message: 'm', code: 404 } }, 404],
		['an error object with its status as text', { error: { message: 'm', code: '429' } }, 429],
		['an error object with a known type', { error: { message: 'm', type: 'BadRequestError' } }, 400],
		['an error object that says nothing', { error: { message: 'm', code: 'weird' } }, 500],
		['the older form', { object: 'error', message: 'm', code: 400 }, 400],
	])('that is %s is a fault', (_, value, status) => {
		expect(faultOfValue(value, null)).toMatchObject({ status, error: { message: 'm' } });
	});

	test.each([[{ error: null, output: [] }], [{ message: 'hello' }], [{ object: 'list' }], [[{ error: 1 }]], ['error'], [null]])('%j is none', (value) => {
		expect(faultOfValue(value, null)).toBeNull();
	});
});

test('a job that was cancelled or ran out of time says so, and is not to be repeated', () => {
	expect(faultOfEnding('CANCELLED', null)).toMatchObject({ status: 499, mayRetry: false });
	expect(faultOfEnding('TIMED_OUT', null)).toMatchObject({ status: 504, error: { type: 'timeout_error' }, mayRetry: false });
	expect(faultOfEnding('FAILED', 'executionTimeout exceeded')).toMatchObject({ status: 504, mayRetry: false });
	expect(faultOfEnding('FAILED', 'boom')).toMatchObject({ status: 500, error: { message: 'boom' } });
	expect(faultOfEnding('FAILED', null)).toMatchObject({ status: 500 });
});

test('our own refusals carry their code', () => {
	expect(faultOfRefusal(new LongshoreError('queue_full', 'full', 5))).toMatchObject({ status: 429, error: { message: 'full', type: 'rate_limit_error', code: 'queue_full' } });
	expect(faultOfRefusal(new LongshoreError('invalid_key', 'no'))).toMatchObject({ status: 401, error: { type: 'authentication_error', code: 'invalid_api_key' } });
	expect(faultOfRefusal(new LongshoreError('unknown_endpoint', 'no'))).toMatchObject({ status: 404, error: { type: 'invalid_request_error', code: 'unknown_endpoint' } });
});
