import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createApiKey, hashApiKey, readApiKey } from '../../../edge/src/gate/api-key.ts';
import { createCheckedId } from '../../../edge/src/ids/checked-id.ts';

const KEY = Buffer.alloc(32, 3).toString('base64');
const account = createCheckedId(KEY, 'account');
const good = createApiKey(account);

describe('API keys', () => {
	test('name their account and are stored as a SHA-256', () => {
		expect(good).toMatch(/^lsk_[a-z0-9]{14}[0-9A-Za-z]{38}$/);
		expect(readApiKey(KEY, good)).toEqual({ accountId: account, hash: createHash('sha256').update(good).digest('hex') });
		expect(hashApiKey(good)).not.toContain(good.slice(18, 30));
	});

	test('do not repeat', () => {
		expect(new Set(Array.from({ length: 500 }, () => createApiKey(account))).size).toBe(500);
	});

	test('are refused after any change of one character', () => {
		fc.assert(
			fc.property(fc.nat({ max: good.length - 1 }), fc.constantFrom(...'0aZ_-. é'), (at, char) => {
				fc.pre(good[at] !== char);
				expect(readApiKey(KEY, good.slice(0, at) + char + good.slice(at + 1))).toBeNull();
			}),
			{ numRuns: 1_000 },
		);
	});

	test.each<[string, string]>([
		['nothing', ''],
		['only the prefix', 'lsk_'],
		['a key with a space in front', ` ${good}`],
		['a key with a space behind', `${good} `],
		['a cut key', good.slice(0, -1)],
		['a longer key', `${good}0`],
		['a key in capitals', good.toUpperCase()],
		["RunPod's own form", 'rpa_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijkl'],
		['swapped neighbours', good.slice(0, 30) + (good[31] ?? '') + (good[30] ?? '') + good.slice(32)],
		['the word Bearer', 'Bearer'],
		['56 zeros', '0'.repeat(56)],
		['text of the right length', `lsk_${'a'.repeat(52)}`],
	])('%s is none', (_what, key) => {
		if (key !== good) expect(readApiKey(KEY, key)).toBeNull();
	});

	test('with a good checksum but of an account that this edge never made are refused', () => {
		expect(readApiKey(KEY, createApiKey('abcdefghijklmn'))).toBeNull();
		expect(readApiKey(KEY, createApiKey(createCheckedId(KEY, 'endpoint')))).toBeNull();
		expect(readApiKey(Buffer.alloc(32, 4).toString('base64'), good)).toBeNull();
	});
});
