/** `/v1/templates`, `/v1/networkvolumes` and `/v1/containerregistryauth`: the account's things in REST v1's shapes, lists bare. */
import type { Template } from '@longshore/shared-schema/account/template';
import type { Volume } from '@longshore/shared-schema/account/volume';
import { createTemplateV1, templateChangeFromV1, templateFromV1, toTemplateV1, updateTemplateV1 } from '@longshore/shared-schema/wire/rest-v1/template';
import { createVolumeV1, toVolumeV1, updateVolumeV1 } from '@longshore/shared-schema/wire/rest-v1/volume';
import type { Env } from '../../env.ts';
import { enterAccount } from '../account/enter.ts';
import { createRegistry, registriesV2 } from '../account/registries.ts';
import { addResource, alterResource, type Noun } from '../account/resources.ts';
import { rollBoundEndpoints } from '../account/templates.ts';
import { requireDataCenter } from '../account/volumes.ts';
import { readManageBody } from '../serverless/parse.ts';

const wrap: Noun['wrap'] = (shown) => shown;

export const templatesV1: Noun = { kind: 'template', show: (row) => toTemplateV1(row.id, row.name, JSON.parse(row.body) as Template), wrap };
export const volumesV1: Noun = { kind: 'volume', show: (row) => toVolumeV1(row.id, row.name, JSON.parse(row.body) as Volume), wrap };
export const registriesV1: Noun = { ...registriesV2, wrap };

export async function createTemplate(env: Env, request: Request): Promise<Response> {
	const account = await enterAccount(env, request, 'manage');
	const body = await readManageBody(request, createTemplateV1);
	return Response.json(templatesV1.show(await addResource(env, account, 'template', body.name, () => templateFromV1(body))));
}

export async function updateTemplate(env: Env, request: Request, id: string): Promise<Response> {
	const account = await enterAccount(env, request, 'manage');
	const body = await readManageBody(request, updateTemplateV1);
	const row = await alterResource(account, 'template', id, body.name, templateChangeFromV1(body));
	await rollBoundEndpoints(env, account, row);
	return Response.json(templatesV1.show(row));
}

export async function createVolume(env: Env, request: Request): Promise<Response> {
	const account = await enterAccount(env, request, 'manage');
	const { name, size, dataCenterId } = await readManageBody(request, createVolumeV1);
	await requireDataCenter(env, 'dataCenterId', dataCenterId);
	const row = await addResource(env, account, 'volume', name, (): Volume => ({ sizeGb: size, dataCenterId, tier: 'STANDARD' }));
	return Response.json(volumesV1.show(row));
}

export async function updateVolume(env: Env, request: Request, id: string): Promise<Response> {
	const account = await enterAccount(env, request, 'manage');
	const { name, size } = await readManageBody(request, updateVolumeV1);
	return Response.json(volumesV1.show(await alterResource(account, 'volume', id, name, size === undefined ? {} : { sizeGb: size })));
}

export async function createRegistryAuth(env: Env, request: Request): Promise<Response> {
	return Response.json(registriesV1.show(await createRegistry(env, request)));
}
