/** `/admin/catalog`: the operator sees, replaces and resets the catalogue of types, flavours, data centres and prices. */
import { catalog } from '@longshore/shared-schema/catalog/catalog';
import { problemsOfReplacement } from '@longshore/shared-schema/catalog/replacement';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { Env } from '../../env.ts';
import { requireOperator } from '../../gate/authenticate.ts';
import { forgetCatalog } from '../../gate/catalog.ts';
import { readManageBody } from '../serverless/parse.ts';

export async function getCatalog(env: Env, request: Request): Promise<Response> {
	requireOperator(env, request);
	return Response.json(await env.REGION_DIRECTORY.getByName('all').catalog());
}

export async function putCatalog(env: Env, request: Request): Promise<Response> {
	requireOperator(env, request);
	const next = await readManageBody(request, catalog);
	const problems = problemsOfReplacement(next);
	if (problems.length > 0) throw LongshoreError.unprocessable(problems);
	await env.REGION_DIRECTORY.getByName('all').setCatalog(next);
	forgetCatalog();
	return Response.json(next);
}

export async function resetCatalog(env: Env, request: Request): Promise<Response> {
	requireOperator(env, request);
	await env.REGION_DIRECTORY.getByName('all').setCatalog(null);
	forgetCatalog();
	return new Response(null, { status: 204 });
}
