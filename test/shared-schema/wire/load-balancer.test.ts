import { describe, expect, test } from 'vitest';
import { parseAffinity, passesOn } from '../../../shared-schema/src/wire/load-balancer.ts';

describe('affinity', () => {
	test.each([
		[undefined, null],
		['', null],
		['  ', null],
		['w1', { workerId: 'w1', strict: false }],
		['strict w1', { workerId: 'w1', strict: true }],
		['Strict  w1 ', { workerId: 'w1', strict: true }],
		['strict-resume w1', { workerId: 'w1', strict: true }],
		['strict', { workerId: 'strict', strict: false }],
	] as const)('%s', (header, affinity) => expect(parseAffinity(header)).toEqual(affinity));

	test.each(['loose w1', 'strict w1 w2', 'strict a/b', 'w1,w2', 'x'.repeat(65)])('%s is malformed', (header) => expect(parseAffinity(header)).toBe('malformed'));
});

test('headers of one connection and of our own are not passed on, nor what Connection names', () => {
	for (const name of ['Connection', 'keep-alive', 'Transfer-Encoding', 'TE', 'Trailer', 'Upgrade', 'Proxy-Authorization', 'X-Longshore-Wait-Ms'])
		expect(passesOn(name, '')).toBe(false);
	for (const name of ['Host', 'Content-Length', 'Cookie', 'X-Mine', 'Sec-WebSocket-Key']) expect(passesOn(name, 'close')).toBe(true);
	expect(passesOn('X-Mine', 'keep-alive, x-mine')).toBe(false);
	expect(passesOn('X-Mine', 'keep-alive, x-mine-too')).toBe(true);
});
