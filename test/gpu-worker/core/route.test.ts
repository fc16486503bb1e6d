import { describe, expect, test } from 'vitest';
import { parseRoute, presentedKey, queryValue } from '../../../gpu-worker/src/core/route.ts';

describe('a worker’s URL', () => {
	test('is taken apart', () => {
		expect(parseRoute('/v2/ep1/job-done/w1/job-1?gpu=NVIDIA+L4&isStream=false')).toEqual({
			verb: 'job-done',
			endpointId: 'ep1',
			workerId: 'w1',
			jobId: 'job-1',
			query: 'gpu=NVIDIA+L4&isStream=false',
		});
	});

	test('may have its query glued on with & alone', () => {
		expect(parseRoute('/v2/ep1/job-take-batch/w1&batch_size=4&job_in_progress=0')).toMatchObject({
			verb: 'job-take-batch',
			workerId: 'w1',
			query: 'batch_size=4&job_in_progress=0',
		});
	});

	test.each(['/v2/ep1/job-done/w1', '/v2/ep1/job-take/w1/extra', '/v2/ep1/nothing/w1', '/v2/ep.1/ping/w1', '/', '/v2/ep1/job-take/'])('%s is none of the protocol', (url) => {
		expect(parseRoute(url)).toBeNull();
	});
});

describe('a query', () => {
	test('gives the last value of a name, decoded', () => {
		expect(queryValue('a=1&a=2', 'a')).toBe('2');
		expect(queryValue('reason=no+disk%21&x=1', 'reason')).toBe('no disk!');
		expect(queryValue('gpu=x?batch_size=3', 'batch_size')).toBe('3');
	});

	test('does not take a longer name for a shorter one', () => {
		expect(queryValue('batch_size_max=9', 'batch_size')).toBeNull();
	});

	test('keeps a value that is not decodable', () => {
		expect(queryValue('a=%zz', 'a')).toBe('%zz');
	});
});

test('a key is accepted bare and as Bearer', () => {
	expect(presentedKey('abc')).toBe('abc');
	expect(presentedKey('Bearer abc')).toBe('abc');
	expect(presentedKey(undefined)).toBe('');
});
