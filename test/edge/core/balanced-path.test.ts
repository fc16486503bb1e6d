import { describe, expect, test } from 'vitest';
import { targetOfHost, targetOfPath } from '../../../edge/src/core/balanced-path.ts';

describe('under /lb/', () => {
	test.each([
		['http://e:1/lb/ep1/a/b?c=d', 'ep1', '/a/b?c=d'],
		['http://e/lb/ep1', 'ep1', '/'],
		['http://e/lb/ep1/', 'ep1', '/'],
		['http://e/lb/ep1?x=1', 'ep1', '/?x=1'],
		['https://e/lb/ep1//a%2F..//', 'ep1', '//a%2F..//'],
		['http://e/lb/ep1/lb/ep2', 'ep1', '/lb/ep2'],
		['http://e/lb//a', '', '/a'],
	])('%s is for %s, path %s', (url, endpointId, path) => {
		expect(targetOfPath(url)).toEqual({ endpointId, path, prefix: `/lb/${endpointId}` });
	});

	test.each(['http://e/', 'http://e/v2/lb/ep1', 'http://e/lbx/ep1', 'http://lb/ep1'])('%s is not', (url) => expect(targetOfPath(url)).toBeNull());
});

describe('by host name', () => {
	test.each([
		['https://ep1.lb.example.com/a?b', 'ep1', '/a?b'],
		['https://EP1.LB.example.com:8443/', 'ep1', '/'],
		['https://ep1.lb.example.com', 'ep1', '/'],
	])('%s is for %s, path %s', (url, endpointId, path) => {
		expect(targetOfHost(url, 'lb.example.com')).toEqual({ endpointId, path, prefix: '' });
	});

	test.each(['https://lb.example.com/', 'https://a.b.lb.example.com/', 'https://ep1.lb.example.com.evil.net/', 'https://evil.net/ep1.lb.example.com', 'https://.lb.example.com/'])(
		'%s is nobody’s',
		(url) => expect(targetOfHost(url, 'lb.example.com')).toBeNull(),
	);
});
