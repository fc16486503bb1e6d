/** `POST /v2/serverless`: a new endpoint. Only this answer shows the secret that signs its webhooks. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { createEndpointV2, problemOfSpec, specFromV2, toEndpointV2 } from '@longshore/shared-schema/wire/runpod-rest';
import { type Env, settingsOf } from '../../env.ts';
import { authenticate, requireAccountScope } from '../../gate/authenticate.ts';
import { createCheckedId } from '../../ids/checked-id.ts';
import { readManageBody, withArgs } from './parse.ts';

export async function createServerless(env: Env, request: Request): Promise<Response> {
	const caller = await authenticate(env, request);
	requireAccountScope(caller, 'manage');
	const body = await readManageBody(request, createEndpointV2);
	const spec = withArgs(() => specFromV2(body));
	const problem = problemOfSpec(spec, body.gpu !== undefined, body.cpu !== undefined);
	if (problem !== null) throw new LongshoreError('unprocessable', problem);
	const settings = settingsOf(env);
	const id = createCheckedId(settings.LONGSHORE_ID_KEY, 'endpoint');
	await env.ACCOUNT_STORE.getByName(caller.accountId).addEndpoint(id);
	const store = env.ENDPOINT_STORE.getByName(id);
	const record = await store.create(id, caller.accountId, settings.LONGSHORE_JOB_SHARDS, spec);
	const shown = toEndpointV2(id, new Date(record.createdAt).toISOString(), record.version, record.spec, new URL(request.url).origin);
	return Response.json({ ...shown, webhookSecret: await store.rotateWebhookSecret() }, { status: 201 });
}
