/** Makes an endpoint from a whole create body, whichever interface it came by. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { specFromV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-apply';
import type { CreateEndpointV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-body';
import { problemsOfCreate, problemsOfSpec } from '@longshore/shared-schema/wire/rest-v2/endpoint-problems';
import type { EndpointRecord } from '../../core/endpoint-record.ts';
import { type Env, settingsOf } from '../../env.ts';
import { catalogOf } from '../../gate/catalog.ts';
import { createCheckedId } from '../../ids/checked-id.ts';
import { withArgs } from './parse.ts';

/**
 * The new endpoint, bound to a template if one is named. `judged` is what is held against the rules of REST v2 where that is less than
 * `body`. Throws `unprocessable`; nothing is left of an endpoint that was refused.
 */
export async function makeEndpoint(
	env: Env,
	accountId: string,
	body: CreateEndpointV2,
	{ judged = body, templateId = null }: { judged?: CreateEndpointV2; templateId?: string | null } = {},
): Promise<EndpointRecord> {
	const spec = withArgs(() => specFromV2(body));
	const compute = problemsOfCreate(judged);
	const problems = compute.length > 0 ? compute : problemsOfSpec(spec, judged, await catalogOf(env));
	if (problems.length > 0) throw LongshoreError.unprocessable(problems);
	const settings = settingsOf(env);
	const id = createCheckedId(settings.LONGSHORE_ID_KEY, 'endpoint');
	const account = env.ACCOUNT_STORE.getByName(accountId);
	await account.addEndpoint(id);
	const record = await env.ENDPOINT_STORE.getByName(id).create(id, accountId, settings.LONGSHORE_JOB_SHARDS, spec, templateId);
	if (!('problems' in record)) return record;
	await account.removeEndpoint(id);
	throw LongshoreError.unprocessable(record.problems);
}
