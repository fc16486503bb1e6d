/** `/v2/network-volumes`: storage in one data centre that endpoints' workers share. */
import type { Volume } from '@longshore/shared-schema/account/volume';
import { suggestion } from '@longshore/shared-schema/config/parse';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { createVolumeV2, toVolumeV2, updateVolumeV2 } from '@longshore/shared-schema/wire/rest-v2/volume';
import type { Env } from '../../env.ts';
import { readManageBody } from '../serverless/parse.ts';
import { enterAccount } from './enter.ts';
import { addResource, alterResource, type Noun } from './resources.ts';

/** Volumes as REST v2 shows them. */
export const volumesV2: Noun = {
	kind: 'volume',
	show: (row) => toVolumeV2(row.id, row.name, JSON.parse(row.body) as Volume),
	wrap: (networkVolumes) => ({ networkVolumes }),
};

export async function createVolume(env: Env, request: Request): Promise<Response> {
	const account = await enterAccount(env, request, 'manage');
	const { name, size, dataCenter, type } = await readManageBody(request, createVolumeV2);
	await requireDataCenter(env, 'dataCenter', dataCenter);
	const row = await addResource(env, account, 'volume', name, (): Volume => ({ sizeGb: size, dataCenterId: dataCenter, tier: type ?? 'STANDARD' }));
	return Response.json(volumesV2.show(row), { status: 201 });
}

export async function updateVolume(env: Env, request: Request, id: string): Promise<Response> {
	const account = await enterAccount(env, request, 'manage');
	const { name, size } = await readManageBody(request, updateVolumeV2);
	const change: Partial<Volume> = size === undefined ? {} : { sizeGb: size };
	return Response.json(volumesV2.show(await alterResource(account, 'volume', id, name, change)));
}

/** Throws `unprocessable` for a data centre in which no region has a host: nothing could ever mount the volume. */
export async function requireDataCenter(env: Env, field: string, dataCenterId: string): Promise<void> {
	const regions = await env.REGION_DIRECTORY.getByName('all').capacity();
	const known = [...new Set(regions.flatMap(({ hosts }) => hosts.map((host) => host.dataCenterId)))].sort();
	if (known.includes(dataCenterId)) return;
	const choice = known.length === 0 ? 'no region has reported a host yet' : `choose among ${known.join(', ')}`;
	throw new LongshoreError('unprocessable', `${field}: no region serves ${dataCenterId}${suggestion(dataCenterId, known)}: ${choice}`);
}
