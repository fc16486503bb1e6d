/** `/v2/secrets`, and RunPod's `/v2/account/secrets`: values for environment variables. They go in and, but to the regions, never out. */
import { createSecret as createSecretBody, updateSecret as updateSecretBody } from '@longshore/shared-schema/wire/rest-v2/secret';
import type { Env } from '../../env.ts';
import { forgetEndpoint } from '../../gate/endpoint.ts';
import { secretPlace } from '../../secrets/places.ts';
import { sealerOf } from '../../secrets/sealer-of.ts';
import type { ResourceRow } from '../../stores/resource-table.ts';
import { readManageBody } from '../serverless/parse.ts';
import { type Account, enterAccount, found } from './enter.ts';
import { addResource, alterResource, type Noun } from './resources.ts';

/** What is kept of a secret besides its id and name. */
interface Secret {
	readonly description: string | null;
	readonly sealed: string;
	/** Length of the value. */
	readonly chars: number;
	readonly valueUpdatedAt: number;
}

/** Secrets as REST v2 shows them. */
export const secretsV2: Noun = { kind: 'secret', show, wrap: (secrets) => ({ secrets }) };

/** All secrets, or the one that `?name=` names, in any case. */
export async function listSecrets(env: Env, request: Request): Promise<Response> {
	const { store } = await enterAccount(env, request, 'read');
	const name = new URL(request.url).searchParams.get('name')?.toLowerCase();
	const rows = await store.listResources('secret');
	return Response.json(secretsV2.wrap(rows.filter((row) => name === undefined || row.name.toLowerCase() === name).map(show)));
}

export async function createSecret(env: Env, request: Request): Promise<Response> {
	const account = await enterAccount(env, request, 'manage');
	const { name, value, description } = await readManageBody(request, createSecretBody);
	const sealed = sealerOf(env).seal(value, secretPlace(account.caller.accountId, name));
	const row = await addResource(env, account, 'secret', name, (): Secret => ({ description: description ?? null, sealed, chars: value.length, valueUpdatedAt: Date.now() }));
	return Response.json(show(row), { status: 201 });
}

/** A new value makes a new release of every endpoint that refers to it. */
export async function updateSecret(env: Env, request: Request, id: string): Promise<Response> {
	const account = await enterAccount(env, request, 'manage');
	const { value, description } = await readManageBody(request, updateSecretBody);
	const { name } = found(await account.store.findResource('secret', id), 'secret');
	const row = await alterResource(account, 'secret', id, undefined, {
		...(description === undefined ? {} : { description }),
		...(value === undefined ? {} : { sealed: sealerOf(env).seal(value, secretPlace(account.caller.accountId, name)), chars: value.length, valueUpdatedAt: Date.now() }),
	});
	if (value !== undefined) await rollUsers(env, account, id);
	return Response.json(show(row));
}

async function rollUsers(env: Env, { store }: Account, secretId: string): Promise<void> {
	for (const endpointId of await store.usersOf(secretId)) {
		await env.ENDPOINT_STORE.getByName(endpointId).resupply();
		forgetEndpoint(endpointId);
	}
}

function show(row: ResourceRow): Record<string, unknown> {
	const { description, valueUpdatedAt } = JSON.parse(row.body) as Secret;
	return { id: row.id, name: row.name, description, createdAt: new Date(row.createdAt).toISOString(), valueLastUpdatedAt: new Date(valueUpdatedAt).toISOString() };
}
