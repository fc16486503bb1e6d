/** How long an isolate trusts what it knows of a key. The account's store is a stand-in that counts how often it is asked. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { KeyPower } from '../../../edge/src/core/key-scope.ts';
import type { Env } from '../../../edge/src/env.ts';
import { createApiKey } from '../../../edge/src/gate/api-key.ts';
import { authenticate, forgetKeys } from '../../../edge/src/gate/authenticate.ts';
import { createCheckedId } from '../../../edge/src/ids/checked-id.ts';

const ID_KEY = randomBytes(32).toString('base64');
const POWER: KeyPower = { verbs: ['read'], endpoints: null, expiresAt: null };

let answer: KeyPower | 'suspended' | null;
let asked: number;
let account: string;
let request: Request;

const env = {
	LONGSHORE_ID_KEY: ID_KEY,
	LONGSHORE_EDGE_PRIVATE_KEY: 'x'.repeat(40),
	LONGSHORE_OPERATOR_TOKEN: 'x'.repeat(16),
	LONGSHORE_SEAL_KEY: randomBytes(32).toString('base64'),
	ACCOUNT_STORE: {
		getByName: () => ({
			open: () => {
				asked++;
				return Promise.resolve(answer);
			},
		}),
	},
} as unknown as Env;

beforeEach(() => {
	vi.useFakeTimers();
	asked = 0;
	answer = POWER;
	account = createCheckedId(ID_KEY, 'account');
	request = new Request('http://edge/v2/keys', { headers: { authorization: `Bearer ${createApiKey(account)}` } });
});
afterEach(() => {
	vi.useRealTimers();
});

describe('a good key', () => {
	test('is looked up once in ten seconds', async () => {
		for (let call = 0; call < 5; call++) expect(await authenticate(env, request)).toEqual({ accountId: account, scope: POWER });
		expect(asked).toBe(1);
		vi.advanceTimersByTime(10_000);
		await authenticate(env, request);
		expect(asked).toBe(2);
	});

	test('that is revoked elsewhere opens nothing ten seconds later', async () => {
		await authenticate(env, request);
		answer = null;
		vi.advanceTimersByTime(9_999);
		await authenticate(env, request);
		vi.advanceTimersByTime(1);
		await expect(authenticate(env, request)).rejects.toMatchObject({ code: 'invalid_key' });
	});

	test('that is revoked here opens nothing at once', async () => {
		await authenticate(env, request);
		answer = null;
		forgetKeys(account);
		await expect(authenticate(env, request)).rejects.toMatchObject({ code: 'invalid_key' });
	});

	test('is not known beyond its own end', async () => {
		answer = { ...POWER, expiresAt: Date.now() + 3_000 };
		await authenticate(env, request);
		answer = null;
		vi.advanceTimersByTime(3_000);
		await expect(authenticate(env, request)).rejects.toMatchObject({ code: 'invalid_key' });
	});

	test('of a suspended account is told so', async () => {
		answer = 'suspended';
		await expect(authenticate(env, request)).rejects.toMatchObject({ code: 'forbidden', message: expect.stringContaining('suspended') as string });
	});
});

test('a mistyped key asks no store', async () => {
	const key = request.headers.get('authorization') ?? '';
	const wrong = new Request('http://edge/', { headers: { authorization: `${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}` } });
	await expect(authenticate(env, wrong)).rejects.toMatchObject({ code: 'invalid_key' });
	expect(asked).toBe(0);
});
