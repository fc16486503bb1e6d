/** `/v2/templates`: container settings from which endpoints are made. */
import type { Template } from '@longshore/shared-schema/account/template';
import { createTemplateV2, templateChangeFromV2, templateFromV2, toTemplateV2, updateTemplateV2 } from '@longshore/shared-schema/wire/rest-v2/template';
import type { Env } from '../../env.ts';
import { readManageBody, withArgs } from '../serverless/parse.ts';
import { enterAccount } from './enter.ts';
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
	return Response.json(templatesV2.show(await alterResource(account, 'template', id, body.name, change)));
}
