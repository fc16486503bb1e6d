/** Bodies that name a template: its settings are taken over once, later changes of it do not reach the endpoint (RunPod's REST v2). */
import type { Template } from '@longshore/shared-schema/account/template';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { UpdateEndpointV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-body';
import { withTemplate } from '@longshore/shared-schema/wire/rest-v2/template-apply';
import type { Env } from '../../env.ts';

/** `body` with the settings of its template, if it names one. Throws `unprocessable` for one that is not there or is a template of pods. */
export async function takeTemplate<T extends UpdateEndpointV2>(env: Env, accountId: string, body: T): Promise<T> {
	if (body.templateId === undefined) return body;
	const row = await env.ACCOUNT_STORE.getByName(accountId).findResource('template', body.templateId);
	if (row === null) throw new LongshoreError('unprocessable', `templateId: this account has no template ${body.templateId.slice(0, 80)}: GET /v2/templates lists them`);
	const template = JSON.parse(row.body) as Template;
	if (!template.isServerless) throw new LongshoreError('unprocessable', `templateId: ${row.id} is a template of pods: set its serverless to true`);
	return withTemplate(body, template);
}
