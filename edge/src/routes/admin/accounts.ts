/** `/admin/accounts`: the operator makes, lists, renames, suspends and deletes accounts. The first key is shown once. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { ACCOUNT_LIST_MAX } from '@longshore/shared-schema/limits';
import { createAccountBody, updateAccountBody } from '@longshore/shared-schema/wire/api-keys';
import { type Env, settingsOf } from '../../env.ts';
import { createApiKey, hashApiKey } from '../../gate/api-key.ts';
import { forgetKeys, requireOperator } from '../../gate/authenticate.ts';
import { forgetEndpoint } from '../../gate/endpoint.ts';
import { createCheckedId, isCheckedId } from '../../ids/checked-id.ts';
import type { AccountStore, AccountView } from '../../stores/account-store.ts';
import { readManageBody } from '../serverless/parse.ts';

export async function createAccount(env: Env, request: Request): Promise<Response> {
	requireOperator(env, request);
	const { name } = await readManageBody(request, createAccountBody);
	const id = createCheckedId(settingsOf(env).LONGSHORE_ID_KEY, 'account');
	const apiKey = createApiKey(id);
	await directoryOf(env).add(id);
	await env.ACCOUNT_STORE.getByName(id).create(id, name, hashApiKey(apiKey));
	return Response.json({ id, name, apiKey }, { status: 201 });
}

/** A page of accounts; `next` is the `after` of the page behind it, absent on the last. */
export async function listAccounts(env: Env, request: Request): Promise<Response> {
	requireOperator(env, request);
	const after = new URL(request.url).searchParams.get('after');
	const ids = await directoryOf(env).list(after, ACCOUNT_LIST_MAX);
	const views = await Promise.all(ids.map((id) => env.ACCOUNT_STORE.getByName(id).view()));
	const next = ids.length === ACCOUNT_LIST_MAX ? ids.at(-1) : undefined;
	return Response.json({ accounts: views.flatMap((view) => (view === null ? [] : [show(view)])), ...(next === undefined ? {} : { next }) });
}

export async function getAccount(env: Env, request: Request, id: string): Promise<Response> {
	requireOperator(env, request);
	return Response.json(show(found(await storeOf(env, id).view())));
}

export async function updateAccount(env: Env, request: Request, id: string): Promise<Response> {
	requireOperator(env, request);
	const store = storeOf(env, id);
	const { name, suspended } = await readManageBody(request, updateAccountBody);
	found(await store.view());
	const view = await store.change(name, suspended);
	forgetKeys(id);
	return Response.json(show(found(view)));
}

/** Ends its keys first, then its endpoints with their jobs, then all that is left of it. A call that breaks off can be made again. */
export async function deleteAccount(env: Env, request: Request, id: string): Promise<Response> {
	requireOperator(env, request);
	const store = storeOf(env, id);
	found(await store.view());
	await store.change(undefined, true);
	forgetKeys(id);
	for (const endpointId of await store.endpointIds()) {
		await env.ENDPOINT_STORE.getByName(endpointId).remove();
		forgetEndpoint(endpointId);
	}
	await store.destroy();
	await directoryOf(env).remove(id);
	return new Response(null, { status: 204 });
}

function directoryOf(env: Env): DurableObjectStub<import('../../stores/account-directory.ts').AccountDirectory> {
	return env.ACCOUNT_DIRECTORY.getByName('all');
}

function storeOf(env: Env, id: string): DurableObjectStub<AccountStore> {
	if (!isCheckedId(settingsOf(env).LONGSHORE_ID_KEY, 'account', id)) throw unknownAccount();
	return env.ACCOUNT_STORE.getByName(id);
}

function found(view: AccountView | null): AccountView {
	if (view === null) throw unknownAccount();
	return view;
}

function unknownAccount(): LongshoreError {
	return new LongshoreError('unknown_resource', 'account not found');
}

function show(view: AccountView): Record<string, unknown> {
	const { id, name, createdAt, suspendedAt, keys, endpoints } = view;
	return { id, name, createdAt: new Date(createdAt).toISOString(), suspendedAt: suspendedAt === null ? null : new Date(suspendedAt).toISOString(), keys, endpoints };
}
