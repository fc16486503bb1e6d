/** Asks the regions of an endpoint for its workers, all at once. A region that does not answer in time is named, not waited for. */
import { REGION_PATHS } from '@longshore/shared-schema/wire/region';
import { workersAnswer } from '@longshore/shared-schema/wire/region-workers';
import type { RegionFleet } from '../core/fleet-view.ts';
import type { Env } from '../env.ts';
import { logError } from '../log.ts';
import { postJsonToRegion } from './region-client.ts';

const TIMEOUT_MS = 3_000;

/** One entry for each region that has a share of the endpoint or said that it has workers of it. */
export async function askWorkers(env: Env, endpointId: string): Promise<RegionFleet[]> {
	const { regions } = await env.REGION_DIRECTORY.getByName('all').routes(endpointId);
	const concerned = regions.filter(({ workersMax, workers }) => workersMax > 0 || Object.values(workers).some((count) => count > 0));
	return Promise.all(
		concerned.map(async ({ region, url, workers: { throttled } }) => {
			try {
				const answer = workersAnswer.parse(await postJsonToRegion(env, url, REGION_PATHS.workers, { endpointId }, TIMEOUT_MS));
				return { region, workers: answer.workers, throttled };
			} catch (error) {
				logError('workers not known', error, { region, endpoint: endpointId });
				return { region, workers: null, throttled };
			}
		}),
	);
}
