/** `PATCH /v2/serverless/{id}`: changes an endpoint; what needs new workers makes a new version. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { applyV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-apply';
import { updateEndpointV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-body';
import type { Env } from '../../env.ts';
import { enterEndpoint, forgetEndpoint } from '../../gate/endpoint.ts';
import { readManageBody, withArgs } from './parse.ts';
import { showEndpoint } from './show.ts';
import { takeTemplate } from './template.ts';

export async function updateServerless(env: Env, request: Request, id: string): Promise<Response> {
	forgetEndpoint(id);
	const old = await enterEndpoint(env, request, id, 'manage');
	const body = await takeTemplate(env, old.accountId, await readManageBody(request, updateEndpointV2));
	withArgs(() => applyV2(old.spec, body));
	const record = await env.ENDPOINT_STORE.getByName(id).update(body);
	forgetEndpoint(id);
	if (record === null) throw new LongshoreError('unknown_endpoint', 'endpoint not found');
	if ('problems' in record) throw LongshoreError.unprocessable(record.problems);
	return Response.json(showEndpoint(env, record, request));
}
