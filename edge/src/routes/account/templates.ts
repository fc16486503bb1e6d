/** `/v2/templates`: container settings from which endpoints are made. */

import type { Template } from '@longshore/shared-schema/account/template';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { createTemplateV2, templateChangeFromV2, templateFromV2, toTemplateV2, updateTemplateV2 } from '@longshore/shared-schema/wire/rest-v2/template';
import { settingsOfTemplate } from '@longshore/shared-schema/wire/rest-v2/template-apply';
import type { Env } from '../../env.ts';
import { forgetEndpoint } from '../../gate/endpoint.ts';
import type { ResourceRow } from '../../stores/resource-table.ts';
import { readManageBody, withArgs } from '../serverless/parse.ts';
import { type Account, enterAccount } from './enter.ts';
import { addResource, alterResource, type Noun } from './resources.ts';

/** Templates as REST v2 shows them. */
export const templatesV2: Noun = {
	kind: 'template',
	show: (row) => toTemplateV2(row.id, row.name, JSON.parse(row.body) as Template),
	wrap: (templates) => ({ templates }),
};

export async function createTemplate(env: Env, request: Request): Promise<Response> {
	const account = await enterAccount(env, request, 'manage');
	const body = await readManageBody(request, createTemplateV2);
	const template = withArgs(() => templateFromV2(body));
	const row = await addResource(env, account, 'template', body.name, () => template);
	return Response.json(templatesV2.show(row), { status: 201 });
}

export async function updateTemplate(env: Env, request: Request, id: string): Promise<Response> {
	const account = await enterAccount(env, request, 'manage');
	const body = await readManageBody(request, updateTemplateV2);
	const change = withArgs(() => templateChangeFromV2(body));
	const row = await alterResource(account, 'template', id, body.name, change);
	await rollBoundEndpoints(env, account, row);
	return Response.json(templatesV2.show(row));
}

/** Brings a changed template to the endpoints that are bound to it: those of REST v1. Endpoints of REST v2 took theirs over once. */
export async function rollBoundEndpoints(env: Env, { store }: Account, row: ResourceRow): Promise<void> {
	const settings = settingsOfTemplate(JSON.parse(row.body) as Template);
	for (const endpointId of await store.usersOf(row.id)) {
		const outcome = await env.ENDPOINT_STORE.getByName(endpointId).update(settings);
		forgetEndpoint(endpointId);
		if (outcome !== null && 'problems' in outcome) throw LongshoreError.unprocessable(outcome.problems.map((problem) => `endpoint ${endpointId}: ${problem}`));
	}
}
