/** Who calls: an API key becomes an account and a scope. A bad key costs no storage read, a good one exactly one, cached ≤ 10 s. */
import { timingSafeEqual } from 'node:crypto';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { type KeyPower, type KeyVerb, reachesEndpoint } from '../core/key-scope.ts';
import { type Env, settingsOf } from '../env.ts';
import { readApiKey } from './api-key.ts';

/** Revocation is seen everywhere within this time. */
const CACHE_MS = 10_000;
const CACHE_KEYS_MAX = 10_000;

/** The caller of a request. */
export interface Caller {
	readonly accountId: string;
	readonly scope: KeyPower;
}

/** By the key itself: this memory sees every key anyway, and hashing each call would cost more than the call's routing. */
const cache = new Map<string, { caller: Caller; until: number }>();

/** The caller of `request`. Throws `missing_key`, `invalid_key`, or `forbidden` while the account is suspended. Both `Bearer KEY` and a bare key count, as RunPod accepts both. */
export async function authenticate(env: Env, request: Request): Promise<Caller> {
	const key = keyOf(request);
	const now = Date.now();
	const known = cache.get(key);
	if (known !== undefined && now < known.until) return known.caller;
	cache.delete(key);
	const claim = readApiKey(settingsOf(env).LONGSHORE_ID_KEY, key);
	if (claim === null) throw invalidKey();
	const scope = await env.ACCOUNT_STORE.getByName(claim.accountId).open(claim.hash);
	if (scope === null) throw invalidKey();
	if (scope === 'suspended') throw new LongshoreError('forbidden', 'this account is suspended: ask the operator of this gateway');
	if (cache.size >= CACHE_KEYS_MAX) cache.clear();
	const caller = { accountId: claim.accountId, scope };
	cache.set(key, { caller, until: Math.min(now + CACHE_MS, scope.expiresAt ?? Number.POSITIVE_INFINITY) });
	return caller;
}

/** Forgets what this isolate knows of an account's keys: a change made through it is seen at once here, elsewhere within the cache's time. */
export function forgetKeys(accountId: string): void {
	for (const [key, { caller }] of cache) if (caller.accountId === accountId) cache.delete(key);
}

/** Throws `forbidden` unless the key has the verb. Which endpoints it reaches is seen where they are looked up: those that it does not look like none. */
export function requireScope(caller: Caller, verb: KeyVerb): void {
	if (!caller.scope.verbs.includes(verb)) throw new LongshoreError('forbidden', `this API key lacks the "${verb}" permission`);
}

/** The same for what belongs to the whole account: a key of chosen endpoints has no part in it. */
export function requireAccountScope(caller: Caller, verb: KeyVerb): void {
	requireScope(caller, verb);
	if (caller.scope.endpoints !== null) throw new LongshoreError('forbidden', 'this API key is limited to chosen endpoints: use one of the whole account');
}

/** Whether the caller's key reaches an endpoint of its account. */
export function reaches(caller: Caller, endpointId: string): boolean {
	return reachesEndpoint(caller.scope, endpointId);
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
