/** Asks the regions of an endpoint what they decided about its workers, all at once. A region that does not answer in time is named, not waited for. */
import { REGION_PATHS } from '@longshore/shared-schema/wire/region';
import { type DecisionsAnswer, decisionsAnswer } from '@longshore/shared-schema/wire/region-decisions';
import type { RegionRoute } from '@longshore/shared-schema/wire/route';
import type { Env } from '../env.ts';
import { logError } from '../log.ts';
import { postJsonToRegion } from './region-client.ts';

const TIMEOUT_MS = 3_000;

/** `answer` is null when the region did not answer. */
export interface RegionDecisions {
	readonly region: string;
	readonly answer: DecisionsAnswer | null;
}

/** One entry for each of the regions. */
export async function askDecisions(env: Env, endpointId: string, regions: readonly RegionRoute[]): Promise<RegionDecisions[]> {
	return Promise.all(
		regions.map(async ({ region, url }) => {
			try {
				return { region, answer: decisionsAnswer.parse(await postJsonToRegion(env, url, REGION_PATHS.decisions, { endpointId }, TIMEOUT_MS)) };
			} catch (error) {
				logError('decisions not known', error, { region, endpoint: endpointId });
				return { region, answer: null };
			}
		}),
	);
}
