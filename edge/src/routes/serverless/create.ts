/** `POST /v2/serverless`: a new endpoint. Only this answer shows the secret that signs its webhooks. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { specFromV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-apply';
import { createEndpointV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-body';
import { problemsOfCreate, problemsOfSpec } from '@longshore/shared-schema/wire/rest-v2/endpoint-problems';
import { type Env, settingsOf } from '../../env.ts';
import { authenticate, requireAccountScope } from '../../gate/authenticate.ts';
import { catalogOf } from '../../gate/catalog.ts';
import { createCheckedId } from '../../ids/checked-id.ts';
import { readManageBody, withArgs } from './parse.ts';
import { showEndpoint } from './show.ts';

export async function createServerless(env: Env, request: Request): Promise<Response> {
	const caller = await authenticate(env, request);
	requireAccountScope(caller, 'manage');
	const body = await readManageBody(request, createEndpointV2);
	const spec = withArgs(() => specFromV2(body));
	const compute = problemsOfCreate(body);
	const problems = compute.length > 0 ? compute : problemsOfSpec(spec, body, await catalogOf(env));
	if (problems.length > 0) throw LongshoreError.unprocessable(problems);
	const settings = settingsOf(env);
	const id = createCheckedId(settings.LONGSHORE_ID_KEY, 'endpoint');
	const account = env.ACCOUNT_STORE.getByName(caller.accountId);
	await account.addEndpoint(id);
	const store = env.ENDPOINT_STORE.getByName(id);
	const record = await store.create(id, caller.accountId, settings.LONGSHORE_JOB_SHARDS, spec);
	if ('problems' in record) {
		await account.removeEndpoint(id);
		throw LongshoreError.unprocessable(record.problems);
	}
	return Response.json({ ...showEndpoint(record, request), webhookSecret: await store.rotateWebhookSecret() }, { status: 201 });
}
