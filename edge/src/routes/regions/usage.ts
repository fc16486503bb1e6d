/** `POST /regions/v1/usage`: a host's workers' times in, stored with their endpoints before the answer. */
import { REGION_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import { type UsageReply, usageReport } from '@longshore/shared-schema/wire/usage';
import { pricesOf } from '../../core/rate-usage.ts';
import type { Env } from '../../env.ts';
import { catalogOf } from '../../gate/catalog.ts';
import { isOwnEndpoint } from './by-store.ts';
import { enterRegion } from './enter.ts';
import { parseJson } from './parse.ts';

export async function usage(env: Env, request: Request): Promise<Response> {
	const { region, body } = await enterRegion(env, request, REGION_BODY_BYTES_MAX);
	return Response.json(await bookUsage(env, region, body));
}

/** Books what a verified region's host reports; the answer comes when all of it is stored. */
export async function bookUsage(env: Env, region: string, body: Uint8Array): Promise<UsageReply> {
	const report = parseJson(usageReport, body);
	const byEndpoint = Map.groupBy(report.workers, ({ endpointId }) => endpointId);
	const calls = [...byEndpoint].filter(([endpointId]) => isOwnEndpoint(env, endpointId));
	const prices = pricesOf(await catalogOf(env), report.gpuType);
	await Promise.all(calls.map(([endpointId, workers]) => env.ENDPOINT_STORE.getByName(endpointId).meter(region, { ...report, workers }, prices)));
	return { stored: true };
}
