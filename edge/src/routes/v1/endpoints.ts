/** `/v1/endpoints`: endpoints in REST v1's shape. They are queue endpoints bound to a template: a change of the template reaches them. */
import type { Template } from '@longshore/shared-schema/account/template';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { changeFromV1, createEndpointV1, settingsFromV1, updateEndpointV1 } from '@longshore/shared-schema/wire/rest-v1/endpoint-body';
import { type EndpointV1, templateOfEndpoint, toEndpointV1 } from '@longshore/shared-schema/wire/rest-v1/endpoint-show';
import { toTemplateV1 } from '@longshore/shared-schema/wire/rest-v1/template';
import type { CreateEndpointV2, UpdateEndpointV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-body';
import { settingsOfTemplate } from '@longshore/shared-schema/wire/rest-v2/template-apply';
import type { EndpointRecord } from '../../core/endpoint-record.ts';
import type { Env } from '../../env.ts';
import { authenticate, requireAccountScope, requireScope } from '../../gate/authenticate.ts';
import { enterEndpoint, findEndpoint, forgetEndpoint } from '../../gate/endpoint.ts';
import type { ResourceRow } from '../../stores/resource-table.ts';
import { makeEndpoint } from '../serverless/make-endpoint.ts';
import { readManageBody } from '../serverless/parse.ts';
import { workersV1 } from './workers.ts';

export async function listEndpointsV1(env: Env, request: Request): Promise<Response> {
	const caller = await authenticate(env, request);
	requireScope(caller, 'read');
	const ids = await env.ACCOUNT_STORE.getByName(caller.accountId).endpointIds();
	const records = await Promise.all(ids.map((id) => findEndpoint(env, caller, id)));
	return Response.json(await Promise.all(records.flatMap((record) => (record === null ? [] : [show(env, request, record)]))));
}

export async function getEndpointV1(env: Env, request: Request, id: string): Promise<Response> {
	return Response.json(await show(env, request, await enterEndpoint(env, request, id, 'read')));
}

export async function createEndpoint(env: Env, request: Request): Promise<Response> {
	const caller = await authenticate(env, request);
	requireAccountScope(caller, 'manage');
	const body = await readManageBody(request, createEndpointV1);
	const row = await templateOf(env, caller.accountId, body.templateId);
	const whole: CreateEndpointV2 = { ...settingsOf(row), ...settingsFromV1(body), type: 'QUEUE', name: body.name ?? row.name };
	const record = await makeEndpoint(env, caller.accountId, whole, { judged: judgedOf(whole), templateId: row.id });
	return Response.json(await show(env, request, record));
}

export async function updateEndpoint(env: Env, request: Request, id: string): Promise<Response> {
	forgetEndpoint(id);
	const old = await enterEndpoint(env, request, id, 'manage');
	const body = await readManageBody(request, updateEndpointV1);
	const row = body.templateId === undefined ? null : await templateOf(env, old.accountId, body.templateId);
	const change: UpdateEndpointV2 = { ...(row === null ? {} : settingsOf(row)), ...changeFromV1(body, old.spec) };
	const record = await env.ENDPOINT_STORE.getByName(id).update(change, { judged: judgedOf(change), ...(row === null ? {} : { templateId: row.id }) });
	forgetEndpoint(id);
	if (record === null) throw new LongshoreError('unknown_endpoint', 'endpoint not found');
	if ('problems' in record) throw LongshoreError.unprocessable(record.problems);
	return Response.json(await show(env, request, record));
}

/** REST v2 refuses an idle timeout beside a request count, REST v1 takes it. */
function judgedOf<T extends UpdateEndpointV2>(body: T): T {
	const { idleTimeout: _, ...workers } = body.workers ?? {};
	return { ...body, workers };
}

async function templateOf(env: Env, accountId: string, templateId: string): Promise<ResourceRow> {
	const row = await env.ACCOUNT_STORE.getByName(accountId).findResource('template', templateId);
	if (row === null) throw new LongshoreError('unprocessable', `templateId: this account has no template ${templateId}: GET /v1/templates lists them`);
	return row;
}

function settingsOf(row: ResourceRow): UpdateEndpointV2 {
	return settingsOfTemplate(JSON.parse(row.body) as Template);
}

async function show(env: Env, request: Request, record: EndpointRecord): Promise<EndpointV1> {
	const { searchParams } = new URL(request.url);
	const { id, accountId, version, spec, templateId = '' } = record;
	const shown = toEndpointV1({ id, accountId, createdAt: new Date(record.createdAt).toISOString(), version, templateId }, spec);
	const wants = (name: string): boolean => searchParams.get(name) === 'true';
	const row = wants('includeTemplate') && templateId !== '' ? await env.ACCOUNT_STORE.getByName(accountId).findResource('template', templateId) : null;
	return {
		...shown,
		...(wants('includeTemplate') ? { template: row === null ? templateOfEndpoint(spec) : toTemplateV1(row.id, row.name, JSON.parse(row.body) as Template) } : {}),
		...(wants('includeWorkers') ? { workers: await workersV1(env, record) } : {}),
	};
}
