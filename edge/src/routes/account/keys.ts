/** `/v2/keys`: a caller with the manage permission makes keys no stronger than its own, and sees, changes and revokes such keys. A key's text is shown once. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { ACCOUNT_KEYS_MAX } from '@longshore/shared-schema/limits';
import { createKeyBody, updateKeyBody } from '@longshore/shared-schema/wire/api-keys';
import { coversKey, type KeyPower } from '../../core/key-scope.ts';
import type { Env } from '../../env.ts';
import { createApiKey, hashApiKey } from '../../gate/api-key.ts';
import { authenticate, forgetKeys, requireScope } from '../../gate/authenticate.ts';
import type { KeyRecord } from '../../stores/key-table.ts';
import { readManageBody } from '../serverless/parse.ts';
import { type Account, found, noContent } from './enter.ts';

export async function listKeys(env: Env, request: Request): Promise<Response> {
	const { caller, store } = await enterKeys(env, request);
	return Response.json({ keys: (await store.listKeys(caller.scope)).map(show) });
}

/** What is left out is the caller's own: its endpoints, its end. */
export async function createKey(env: Env, request: Request): Promise<Response> {
	const { caller, store } = await enterKeys(env, request);
	const body = await readManageBody(request, createKeyBody);
	const power: KeyPower = {
		verbs: body.permissions,
		endpoints: body.endpointIds === undefined ? caller.scope.endpoints : body.endpointIds,
		expiresAt: body.expiresAt === undefined ? caller.scope.expiresAt : timeOf(body.expiresAt),
	};
	if (!coversKey(caller.scope, power)) throw broader();
	await checkEndpoints({ caller, store }, power.endpoints);
	const apiKey = createApiKey(caller.accountId);
	const key = await store.insertKey(hashApiKey(apiKey), body.name, power);
	if (key === 'full') throw new LongshoreError('conflict', `an account has at most ${ACCOUNT_KEYS_MAX} keys: revoke one first`);
	return Response.json({ ...show(key), key: apiKey }, { status: 201 });
}

export async function getKey(env: Env, request: Request, id: string): Promise<Response> {
	const { caller, store } = await enterKeys(env, request);
	return Response.json(show(found(await store.findKey(id, caller.scope), 'key')));
}

export async function updateKey(env: Env, request: Request, id: string): Promise<Response> {
	const { caller, store } = await enterKeys(env, request);
	const { name, permissions, endpointIds, expiresAt } = await readManageBody(request, updateKeyBody);
	await checkEndpoints({ caller, store }, endpointIds ?? null);
	const change = {
		...(name === undefined ? {} : { name }),
		...(permissions === undefined ? {} : { verbs: permissions }),
		...(endpointIds === undefined ? {} : { endpoints: endpointIds }),
		...(expiresAt === undefined ? {} : { expiresAt: timeOf(expiresAt) }),
	};
	const key = found(await store.updateKey(id, change, caller.scope), 'key');
	if (key === 'broader') throw broader();
	forgetKeys(caller.accountId);
	return Response.json(show(key));
}

/** Revokes a key: at once here, within the cache's time everywhere. */
export async function deleteKey(env: Env, request: Request, id: string): Promise<Response> {
	const { caller, store } = await enterKeys(env, request);
	found((await store.removeKey(id, caller.scope)) || null, 'key');
	forgetKeys(caller.accountId);
	return noContent();
}

/** A key of chosen endpoints may manage keys of these. */
async function enterKeys(env: Env, request: Request): Promise<Account> {
	const caller = await authenticate(env, request);
	requireScope(caller, 'manage');
	return { caller, store: env.ACCOUNT_STORE.getByName(caller.accountId) };
}

async function checkEndpoints({ store }: Account, endpointIds: readonly string[] | null): Promise<void> {
	if (endpointIds === null) return;
	const known = await store.endpointIds();
	const at = endpointIds.findIndex((id) => !known.includes(id));
	if (at >= 0) throw new LongshoreError('unprocessable', `endpointIds.${at}: this account has no endpoint ${endpointIds[at]}: GET /v2/serverless lists them`);
}

function timeOf(expiresAt: string | null): number | null {
	const at = expiresAt === null ? null : Date.parse(expiresAt);
	if (at !== null && at <= Date.now()) throw new LongshoreError('unprocessable', 'expiresAt: must lie in the future; to end a key now, delete it');
	return at;
}

function broader(): LongshoreError {
	return new LongshoreError('forbidden', 'a key cannot be stronger than the one that makes it: ask for fewer permissions or endpoints, or an earlier expiresAt');
}

function show({ id, name, verbs, endpoints, createdAt, expiresAt, lastUsedAt }: KeyRecord): Record<string, unknown> {
	const time = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
	return { id, name, permissions: verbs, endpointIds: endpoints, createdAt: time(createdAt), expiresAt: time(expiresAt), lastUsedAt: time(lastUsedAt) };
}
