/** Who calls: an API key becomes an account and a scope. A bad key costs no storage read, a good one exactly one, cached ≤ 10 s. */
import { timingSafeEqual } from 'node:crypto';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { type Env, settingsOf } from '../env.ts';
import type { KeyScope } from '../stores/account-store.ts';
import { readApiKey } from './api-key.ts';

/** Revocation is seen everywhere within this time. */
const CACHE_MS = 10_000;
const CACHE_KEYS_MAX = 10_000;

/** The caller of a request. */
export interface Caller {
	readonly accountId: string;
	readonly scope: KeyScope;
}

/** By the key itself: this memory sees every key anyway, and hashing each call would cost more than the call's routing. */
const cache = new Map<string, { caller: Caller; until: number }>();

/** The caller of `request`. Throws `missing_key` or `invalid_key`. Both `Bearer KEY` and a bare key count, as RunPod accepts both. */
export async function authenticate(env: Env, request: Request): Promise<Caller> {
	const key = keyOf(request);
	const now = Date.now();
	const known = cache.get(key);
	if (known !== undefined && now < known.until) return known.caller;
	cache.delete(key);
	const claim = readApiKey(settingsOf(env).LONGSHORE_ID_KEY, key);
	if (claim === null) throw invalidKey();
	const scope = await env.ACCOUNT_STORE.getByName(claim.accountId).scopeOf(claim.hash);
	if (scope === null) throw invalidKey();
	if (cache.size >= CACHE_KEYS_MAX) cache.clear();
	const caller = { accountId: claim.accountId, scope };
	cache.set(key, { caller, until: now + CACHE_MS });
	return caller;
}

/** Throws `forbidden` unless the key may do `verb`, on this endpoint if one is named. */
export function requireScope(caller: Caller, verb: KeyScope['verbs'][number], endpointId?: string): void {
	const { verbs, endpoints } = caller.scope;
	if (!verbs.includes(verb)) throw new LongshoreError('forbidden', `this API key lacks the "${verb}" scope`);
	if (endpointId !== undefined && endpoints !== null && !endpoints.includes(endpointId)) {
		throw new LongshoreError('forbidden', 'this API key is not valid for this endpoint');
	}
}

/** Throws `invalid_key` unless the request carries the operator's token. */
export function requireOperator(env: Env, request: Request): void {
	const given = Buffer.from(keyOf(request));
	const expected = Buffer.from(settingsOf(env).LONGSHORE_OPERATOR_TOKEN);
	if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new LongshoreError('invalid_key', 'invalid operator token');
}

function keyOf(request: Request): string {
	const header = (request.headers.get('authorization') ?? '').trim();
	if (header === '') throw new LongshoreError('missing_key', 'no API key given: send it as "Authorization: Bearer <key>"');
	return header.replace(/^bearer\s+/i, '');
}

function invalidKey(): LongshoreError {
	return new LongshoreError('invalid_key', 'invalid api key');
}
