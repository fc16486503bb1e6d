/** `POST /v2/serverless`: a new endpoint. Only this answer shows the secret that signs its webhooks. */
import { createEndpointV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-body';
import type { Env } from '../../env.ts';
import { authenticate, requireAccountScope } from '../../gate/authenticate.ts';
import { makeEndpoint } from './make-endpoint.ts';
import { readManageBody } from './parse.ts';
import { showEndpoint } from './show.ts';
import { takeTemplate } from './template.ts';

export async function createServerless(env: Env, request: Request): Promise<Response> {
	const caller = await authenticate(env, request);
	requireAccountScope(caller, 'manage');
	const body = await takeTemplate(env, caller.accountId, await readManageBody(request, createEndpointV2));
	const record = await makeEndpoint(env, caller.accountId, body);
	const webhookSecret = await env.ENDPOINT_STORE.getByName(record.id).rotateWebhookSecret();
	return Response.json({ ...showEndpoint(env, record, request), webhookSecret }, { status: 201 });
}
