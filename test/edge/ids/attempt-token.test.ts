import { describe, expect, test } from 'vitest';
import { createAttemptToken, endpointOfToken } from '../../../edge/src/ids/attempt-token.ts';
import { claim } from '../../../shared-schema/src/wire/region.ts';

describe('attempt tokens', () => {
	test('name their endpoint, fit the wire and do not repeat', () => {
		const tokens = Array.from({ length: 1_000 }, () => createAttemptToken('abcdefghi01234'));
		expect(new Set(tokens).size).toBe(1_000);
		for (const token of tokens.slice(0, 20)) {
			expect(endpointOfToken(token)).toBe('abcdefghi01234');
			expect(claim.shape.token.safeParse(token).success).toBe(true);
		}
	});

	test.each([
		['', ''],
		['.', ''],
		['no-dot', ''],
		['a.b.c', 'a'],
	])('%j names %j', (token, endpoint) => expect(endpointOfToken(token)).toBe(endpoint));
});
