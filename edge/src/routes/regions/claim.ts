/** `POST /regions/v1/claim`: may these late or repeated deliveries start? */
import { REGION_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import { type Claim, claimRequest } from '@longshore/shared-schema/wire/region';
import type { Env } from '../../env.ts';
import { askByStore } from './by-store.ts';
import { enterRegion } from './enter.ts';
import { parseJson } from './parse.ts';

export async function claim(env: Env, request: Request): Promise<Response> {
	const { region, body } = await enterRegion(env, request, REGION_BODY_BYTES_MAX);
	return Response.json({ results: await answersTo(env, region, body) });
}

/** One answer to each claim of a verified region, in order. */
export async function answersTo(env: Env, region: string, body: Uint8Array): Promise<('run' | 'drop')[]> {
	const { claims } = parseJson(claimRequest, body);
	return askByStore<Claim, 'run' | 'drop'>(env, claims, 'drop', async (store, indexes) => {
		return store.claim(
			region,
			indexes.flatMap((index) => claims[index] ?? []),
		);
	});
}
