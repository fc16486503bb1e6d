/** `DELETE /v2/serverless/{id}`: deletes an endpoint and takes its workers back. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { Env } from '../../env.ts';
import { authenticate, requireScope } from '../../gate/authenticate.ts';
import { findEndpoint, forgetEndpoint } from '../../gate/endpoint.ts';

export async function deleteServerless(env: Env, request: Request, id: string): Promise<Response> {
	const caller = await authenticate(env, request);
	requireScope(caller, 'manage');
	if ((await findEndpoint(env, caller, id)) === null) throw new LongshoreError('unknown_endpoint', 'endpoint not found');
	await env.ENDPOINT_STORE.getByName(id).remove();
	await env.ACCOUNT_STORE.getByName(caller.accountId).removeEndpoint(id);
	forgetEndpoint(id);
	return new Response(null, { status: 204 });
}
