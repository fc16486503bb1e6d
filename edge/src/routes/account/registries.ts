/** `/v2/registries`: credentials for container registries. What they hold goes in and, but to the regions, never out. */
import { createRegistry as createRegistryBody } from '@longshore/shared-schema/wire/rest-v2/registry';
import type { Env } from '../../env.ts';
import { registryPlace } from '../../secrets/places.ts';
import { sealerOf } from '../../secrets/sealer-of.ts';
import type { ResourceRow } from '../../stores/resource-table.ts';
import { readManageBody } from '../serverless/parse.ts';
import { enterAccount } from './enter.ts';
import { addResource, type Noun } from './resources.ts';

/** Registry credentials as REST v2 shows them. */
export const registriesV2: Noun = {
	kind: 'registry',
	show: ({ id, name }) => ({ id, name }),
	wrap: (registries) => ({ registries }),
};

export async function createRegistryV2(env: Env, request: Request): Promise<Response> {
	return Response.json(registriesV2.show(await createRegistry(env, request)), { status: 201 });
}

/** Stores the credential that the request holds. */
export async function createRegistry(env: Env, request: Request): Promise<ResourceRow> {
	const account = await enterAccount(env, request, 'manage');
	const { name, username, password } = await readManageBody(request, createRegistryBody);
	return addResource(env, account, 'registry', name, (id) => ({
		sealed: sealerOf(env).seal(JSON.stringify({ username, password }), registryPlace(account.caller.accountId, id)),
	}));
}
