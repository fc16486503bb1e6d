/** Asks regions for the logs of an endpoint's workers. Only signed answers of regions count; one that does not answer is named. */
import { LOG_PAGE_LINES_MAX, LOG_WAIT_MS_MAX } from '@longshore/shared-schema/limits';
import { type LogQuery, mergePages, newestOf, type RegionLogPage, regionLogPage } from '@longshore/shared-schema/wire/logs';
import { REGION_PATHS } from '@longshore/shared-schema/wire/region';
import type { Env } from '../env.ts';
import { logError } from '../log.ts';
import { postJsonToRegion } from './region-client.ts';

/** A region answers at once, but for its waiting. ms. */
const ANSWER_MS = 8_000;

/** What a reader wants of an endpoint's logs; see `LogQuery`. */
export type LogWish = Pick<LogQuery, 'endpointId' | 'workerId' | 'jobId' | 'source' | 'after' | 'tail'>;

/** A page over all regions; `silent` holds ids of hosts and regions whose lines may be missing. */
export async function readLogs(env: Env, wish: LogWish): Promise<RegionLogPage> {
	const regions = await regionsOf(env, wish.endpointId);
	const answers = await Promise.all(regions.map(async ({ region, url }) => ({ region, page: await ask(env, region, url, wish, 0) })));
	const pages = answers.flatMap(({ page }) => page ?? []);
	const silent = answers.flatMap(({ region, page }) => (page === null ? [region] : page.silent));
	return { ...newestOf(mergePages(pages, LOG_PAGE_LINES_MAX), wish.tail), silent };
}

/** Waits until a region has something new behind the wish's place, at most as long as a host holds a reader. */
export async function awaitLogs(env: Env, wish: LogWish): Promise<void> {
	const regions = await regionsOf(env, wish.endpointId);
	await Promise.race(regions.map(({ region, url }) => ask(env, region, url, wish, LOG_WAIT_MS_MAX)));
}

async function regionsOf(env: Env, endpointId: string): Promise<{ region: string; url: string }[]> {
	return [...(await env.REGION_DIRECTORY.getByName('all').routes(endpointId)).regions];
}

async function ask(env: Env, region: string, url: string, wish: LogWish, waitMs: number): Promise<RegionLogPage | null> {
	try {
		const query: LogQuery = { ...wish, limit: LOG_PAGE_LINES_MAX, waitMs };
		return regionLogPage.parse(await postJsonToRegion(env, url, REGION_PATHS.logs, query, waitMs + ANSWER_MS));
	} catch (error) {
		logError('logs not read', error, { region, endpoint: wish.endpointId });
		return null;
	}
}
