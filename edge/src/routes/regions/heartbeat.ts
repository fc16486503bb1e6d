/** `POST /regions/v1/heartbeat`: a region's figures in, the grants that it lacks out. */
import { REGION_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import { type EndpointPush, regionHeartbeat } from '@longshore/shared-schema/wire/region';
import type { Env } from '../../env.ts';
import { enterRegion } from './enter.ts';
import { parseJson } from './parse.ts';

export async function heartbeat(env: Env, request: Request): Promise<Response> {
	const { region, body } = await enterRegion(env, request, REGION_BODY_BYTES_MAX);
	return Response.json(await takeHeartbeat(env, region, body));
}

/** What the region lacks, by what it says of itself. */
export async function takeHeartbeat(env: Env, region: string, body: Uint8Array): Promise<EndpointPush> {
	return env.REGION_DIRECTORY.getByName('all').heartbeat(region, parseJson(regionHeartbeat, body));
}
