/** `GET /v2/serverless` and `GET /v2/serverless/{id}`: the caller's endpoints. */
import type { Env } from '../../env.ts';
import { authenticate, requireScope } from '../../gate/authenticate.ts';
import { enterEndpoint, findEndpoint } from '../../gate/endpoint.ts';
import { showEndpoint } from './show.ts';

export async function listServerless(env: Env, request: Request): Promise<Response> {
	const caller = await authenticate(env, request);
	requireScope(caller, 'read');
	const ids = await env.ACCOUNT_STORE.getByName(caller.accountId).endpointIds();
	const records = await Promise.all(ids.map((id) => findEndpoint(env, caller, id)));
	return Response.json({ endpoints: records.flatMap((record) => (record === null ? [] : [showEndpoint(env, record, request)])) });
}

export async function getServerless(env: Env, request: Request, id: string): Promise<Response> {
	return Response.json(showEndpoint(env, await enterEndpoint(env, request, id, 'read'), request));
}
