/** `POST logs`: one page of what an endpoint's workers print, from all hosts that may have it. Keeps nothing. */
import { LOG_WAIT_MS_MAX } from '@longshore/shared-schema/limits';
import { type LogPage, type LogQuery, logPage, logQuery, mergePages, newestOf, type RegionLogPage } from '@longshore/shared-schema/wire/logs';
import { logsSubject } from '@longshore/shared-schema/wire/subjects';
import type { Bus } from '../bus/bus.ts';
import type { Registry } from '../fleet/registry.ts';
import { errorText, type Log } from '../log.ts';
import { type Answer, badRequest } from './answer.ts';

/** A host answers at once, but for its waiting. ms. */
const ANSWER_MS = 3_000;

export interface LogsOptions {
	readonly bus: Pick<Bus, 'request'>;
	readonly registry: Registry;
	readonly log: Log;
}

/** The verb over its parts. */
export function createLogs({ bus, registry, log }: LogsOptions): (body: unknown) => Promise<Answer> {
	const ask = async (hostId: string, query: LogQuery): Promise<LogPage | null> => {
		try {
			const answer = await bus.request(logsSubject(hostId), JSON.stringify(query), query.waitMs + ANSWER_MS);
			return answer === null ? null : logPage.parse(JSON.parse(answer));
		} catch (error) {
			log.warn('a host does not show its logs', { hostId, error: errorText(error) });
			return null;
		}
	};
	/** What is there now. All hosts are heard before a line is shown: a reader's place must pass over none of them. */
	const look = async (hosts: readonly string[], query: LogQuery): Promise<RegionLogPage & { openHosts: string[] }> => {
		const answers = await Promise.all(hosts.map(async (hostId) => ({ hostId, page: await ask(hostId, { ...query, waitMs: 0 }) })));
		const pages = answers.flatMap(({ page }) => page ?? []);
		return {
			...newestOf(mergePages(pages, query.limit), query.tail),
			silent: answers.filter(({ page }) => page === null).map(({ hostId }) => hostId),
			openHosts: answers.filter(({ page }) => page?.open === true).map(({ hostId }) => hostId),
		};
	};
	return async (body) => {
		const parsed = logQuery.safeParse(body);
		if (!parsed.success) return badRequest(`logs: ${parsed.error.message.slice(0, 500)}`);
		const query = parsed.data;
		const hosts = hostsFor(registry, query);
		let { openHosts, ...page } = await look(hosts, query);
		if (page.lines.length === 0 && openHosts.length > 0 && query.waitMs > 0) {
			await Promise.race(openHosts.map((hostId) => ask(hostId, { ...query, waitMs: Math.min(query.waitMs, LOG_WAIT_MS_MAX) })));
			({ openHosts, ...page } = await look(hosts, query));
		}
		return { status: 200, body: page satisfies RegionLogPage };
	};
}

/** The host that has the worker, or all: one that ended long ago may have left its log on any. */
function hostsFor(registry: Registry, { endpointId, workerId }: LogQuery): string[] {
	const holder =
		workerId === undefined
			? undefined
			: registry
					.workers()
					.get(endpointId)
					?.find(({ id }) => id === workerId)?.hostId;
	return holder === undefined ? registry.hosts().map(({ figure }) => figure.id) : [holder];
}
