/** `/admin/regions`: the operator adds regions and sees them. */

import { LongshoreError } from '@longshore/shared-schema/errors/error';
import * as z from 'zod';
import type { Env } from '../../env.ts';
import { requireOperator } from '../../gate/authenticate.ts';
import { forgetRegion } from '../regions/enter.ts';
import { readManageBody } from '../serverless/parse.ts';

export const REGION_ID_PATTERN: RegExp = /^[A-Za-z0-9_-]{1,40}$/;
export const regionBody = z.strictObject({ url: z.url({ protocol: /^https?$/ }).max(500), publicKey: z.base64().min(40).max(200) }).meta({ id: 'PutRegion' });

export async function putRegion(env: Env, request: Request, id: string): Promise<Response> {
	requireOperator(env, request);
	if (!REGION_ID_PATTERN.test(id) || id === 'edge') throw new LongshoreError('unprocessable', 'a region id has 1 to 40 letters, digits, - and _, and is not "edge"');
	const { url, publicKey } = await readManageBody(request, regionBody);
	const entry = { id, url: url.replace(/\/+$/, ''), publicKey };
	await env.REGION_DIRECTORY.getByName('all').registerRegion(entry);
	forgetRegion(id);
	return Response.json(entry);
}

export async function listRegions(env: Env, request: Request): Promise<Response> {
	requireOperator(env, request);
	const regions = await env.REGION_DIRECTORY.getByName('all').list();
	return Response.json({
		regions: regions.map(({ entry, silentMs, heartbeat }) => ({
			id: entry.id,
			url: entry.url,
			heartbeatAgeMs: heartbeat === null ? null : silentMs,
			hosts: heartbeat?.hosts ?? [],
			endpoints: heartbeat?.endpoints ?? {},
		})),
	});
}
