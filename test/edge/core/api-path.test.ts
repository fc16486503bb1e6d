import { expect, test } from 'vitest';
import { managedNoun } from '../../../edge/src/core/api-path.ts';

test.each([
	['/v2/serverless', 'serverless'],
	['/v2/serverless/abc', 'serverless'],
	['/v2/keys?limit=1', 'keys'],
	['/v2/keys/', 'keys'],
	['/v2/keysx/run', null],
	['/v2/constructor/run', null],
	['/v2/__proto__', null],
	['/v2/abcdefghijklmn/run', null],
	['/v2/', null],
	['/keys', null],
])('%s is about %s', (path, noun) => {
	expect(managedNoun(path)).toBe(noun);
});
