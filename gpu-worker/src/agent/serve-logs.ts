/** Answers readers of workers' logs on `logs.<host>`. */
import { type LogPage, logQuery } from '@longshore/shared-schema/wire/logs';
import { logsSubject } from '@longshore/shared-schema/wire/subjects';
import type { Bus } from '../bus/bus.ts';
import type { LogStore } from '../logs/log-store.ts';
import type { Host } from './host.ts';

const NOTHING: LogPage = { known: false, lines: [], more: false, open: false };

/** Starts listening. */
export function serveLogs(host: Host, bus: Bus, logs: LogStore): void {
	const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];
	bus.subscribe(logsSubject(host.id), (data, reply) => {
		const answer = (page: LogPage): void => reply(encoder.encode(JSON.stringify(page)));
		const query = logQuery.safeParse(JSON.parse(decoder.decode(data)));
		if (!query.success) {
			host.log.error('a query for logs is malformed', { error: query.error.message.slice(0, 300) });
			return answer(NOTHING);
		}
		logs.read(query.data).then(answer, (error: Error) => {
			host.log.error('logs cannot be read', { endpointId: query.data.endpointId, error: error.message });
			answer(NOTHING);
		});
	});
}
