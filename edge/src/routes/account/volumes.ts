/** `/v2/network-volumes`: storage in one data centre that endpoints' workers share. */
import type { Volume } from '@longshore/shared-schema/account/volume';
import { suggestion } from '@longshore/shared-schema/config/parse';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { createVolumeV2, toVolumeV2, updateVolumeV2 } from '@longshore/shared-schema/wire/rest-v2/volume';
import { volumeUses } from '../../core/volume-use.ts';
import type { Env } from '../../env.ts';
import { readManageBody } from '../serverless/parse.ts';
import { enterAccount } from './enter.ts';
import { addResource, alterResource, type Noun } from './resources.ts';

/** Volumes as REST v2 shows them, with what hosts have measured of them. */
export async function volumesV2(env: Env): Promise<Noun> {
	const regions = await env.REGION_DIRECTORY.getByName('all').capacity();
	const uses = volumeUses(
		regions.flatMap(({ hosts }) => hosts),
		Date.now(),
	);
	return {
		kind: 'volume',
		show: (row) => {
			const use = uses.get(row.id);
			const measured = use === undefined ? null : { usedBytes: use.usedBytes, usedAt: new Date(use.atMs).toISOString() };
			return toVolumeV2(row.id, row.name, JSON.parse(row.body) as Volume, measured);
		},
		wrap: (networkVolumes) => ({ networkVolumes }),
	};
}

export async function createVolume(env: Env, request: Request): Promise<Response> {
	const account = await enterAccount(env, request, 'manage');
	const { name, size, dataCenter, type } = await readManageBody(request, createVolumeV2);
	await requireDataCenter(env, 'dataCenter', dataCenter);
	const row = await addResource(env, account, 'volume', name, (): Volume => ({ sizeGb: size, dataCenterId: dataCenter, tier: type ?? 'STANDARD' }));
	return Response.json((await volumesV2(env)).show(row), { status: 201 });
}

export async function updateVolume(env: Env, request: Request, id: string): Promise<Response> {
	const account = await enterAccount(env, request, 'manage');
	const { name, size } = await readManageBody(request, updateVolumeV2);
	const change: Partial<Volume> = size === undefined ? {} : { sizeGb: size };
	const row = await alterResource(account, 'volume', id, name, change);
	return Response.json((await volumesV2(env)).show(row));
}

/** Throws `unprocessable` for a data centre in which no region has a host: nothing could ever mount the volume. */
export async function requireDataCenter(env: Env, field: string, dataCenterId: string): Promise<void> {
	const regions = await env.REGION_DIRECTORY.getByName('all').capacity();
	const known = [...new Set(regions.flatMap(({ hosts }) => hosts.map((host) => host.dataCenterId)))].sort();
	if (known.includes(dataCenterId)) return;
	const choice = known.length === 0 ? 'no region has reported a host yet' : `choose among ${known.join(', ')}`;
	throw new LongshoreError('unprocessable', `${field}: no region serves ${dataCenterId}${suggestion(dataCenterId, known)}: ${choice}`);
}
