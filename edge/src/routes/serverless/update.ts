/** `PATCH /v2/serverless/{id}`: changes an endpoint; what needs new workers makes a new version. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { applyV2, toEndpointV2, updateEndpointV2 } from '@longshore/shared-schema/wire/runpod-rest';
import type { Env } from '../../env.ts';
import { authenticate, requireScope } from '../../gate/authenticate.ts';
import { findEndpoint, forgetEndpoint } from '../../gate/endpoint.ts';
import { readManageBody, withArgs } from './parse.ts';

export async function updateServerless(env: Env, request: Request, id: string): Promise<Response> {
	const caller = await authenticate(env, request);
	requireScope(caller, 'manage');
	forgetEndpoint(id);
	const old = await findEndpoint(env, caller, id);
	if (old === null) throw new LongshoreError('unknown_endpoint', 'endpoint not found');
	const body = await readManageBody(request, updateEndpointV2);
	withArgs(() => applyV2(old.spec, body));
	const record = await env.ENDPOINT_STORE.getByName(id).update(body);
	forgetEndpoint(id);
	if (record === null) throw new LongshoreError('unknown_endpoint', 'endpoint not found');
	if (typeof record === 'string') throw new LongshoreError('unprocessable', record);
	return Response.json(toEndpointV2(id, new Date(record.createdAt).toISOString(), record.version, record.spec, new URL(request.url).origin));
}
