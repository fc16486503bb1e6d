/** `DELETE /v2/serverless/{id}`: deletes an endpoint and takes its workers back. */
import type { Env } from '../../env.ts';
import { enterEndpoint, forgetEndpoint } from '../../gate/endpoint.ts';

export async function deleteServerless(env: Env, request: Request, id: string): Promise<Response> {
	const { accountId } = await enterEndpoint(env, request, id, 'manage');
	await env.ENDPOINT_STORE.getByName(id).remove();
	await env.ACCOUNT_STORE.getByName(accountId).removeEndpoint(id);
	forgetEndpoint(id);
	return new Response(null, { status: 204 });
}
