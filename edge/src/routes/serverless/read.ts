/** `GET /v2/serverless` and `GET /v2/serverless/{id}`: the caller's endpoints. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { EndpointV2 } from '@longshore/shared-schema/wire/rest-answers';
import { toEndpointV2 } from '@longshore/shared-schema/wire/runpod-rest';
import type { Env } from '../../env.ts';
import { authenticate, requireScope } from '../../gate/authenticate.ts';
import { findEndpoint } from '../../gate/endpoint.ts';
import type { EndpointRecord } from '../../stores/endpoint-store.ts';

export async function listServerless(env: Env, request: Request): Promise<Response> {
	const caller = await authenticate(env, request);
	requireScope(caller, 'read');
	const ids = await env.ACCOUNT_STORE.getByName(caller.accountId).endpointIds();
	const records = await Promise.all(ids.map((id) => findEndpoint(env, caller, id)));
	const endpoints = records.flatMap((record) => (record === null ? [] : [show(record, request)]));
	return Response.json({ endpoints });
}

export async function getServerless(env: Env, request: Request, id: string): Promise<Response> {
	const caller = await authenticate(env, request);
	requireScope(caller, 'read');
	const record = await findEndpoint(env, caller, id);
	if (record === null) throw new LongshoreError('unknown_endpoint', 'endpoint not found');
	return Response.json(show(record, request));
}

function show(record: EndpointRecord, request: Request): EndpointV2 {
	return toEndpointV2(record.id, new Date(record.createdAt).toISOString(), record.version, record.spec, new URL(request.url).origin);
}
