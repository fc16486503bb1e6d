/** `POST /regions/v1/claim`: may these late or repeated deliveries start? */
import { REGION_BODY_BYTES_MAX } from '@longshore/shared-schema/limits';
import { type Claim, claimRequest } from '@longshore/shared-schema/wire/region';
import type { Env } from '../../env.ts';
import { askByStore } from './by-store.ts';
import { enterRegion } from './enter.ts';
import { parseJson } from './parse.ts';

export async function claim(env: Env, request: Request): Promise<Response> {
	const { region, body } = await enterRegion(env, request, REGION_BODY_BYTES_MAX);
	const { claims } = parseJson(claimRequest, body);
	const results = await askByStore<Claim, 'run' | 'drop'>(env, claims, 'drop', async (store, indexes) => {
		return store.claim(
			region,
			indexes.flatMap((index) => claims[index] ?? []),
		);
	});
	return Response.json({ results });
}
