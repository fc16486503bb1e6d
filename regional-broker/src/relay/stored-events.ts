/** The long way of events: puts a host's message into the EVENTS stream on its behalf. A host has no business with streams, and what a stream answers goes where the asker says. */
import type { StoreReply } from '@longshore/shared-schema/wire/bus';
import { BROKER_GROUP, eventSubject, storeSubject } from '@longshore/shared-schema/wire/subjects';
import type { Bus } from '../bus/bus.ts';
import { errorText, type Log } from '../log.ts';
import { openParcel } from './parcel.ts';

/** Serves hosts from now on. */
export function serveStoring(bus: Pick<Bus, 'subscribe' | 'publishEvents'>, wallClock: () => number, log: Log): void {
	const store = async (subject: string, data: Uint8Array): Promise<StoreReply> => {
		try {
			const { hostId, hostBoot, batch } = openParcel(subject, data, wallClock());
			const outcome = await bus.publishEvents(eventSubject(hostId), `${hostBoot}.${batch}`, data);
			return outcome.kind === 'stored' ? { stored: true } : { stored: false, problem: outcome.reason.slice(0, 300) };
		} catch (error) {
			log.error('events to be stored cannot be read', { subject, error: errorText(error).slice(0, 300) });
			return { stored: false, problem: 'the message cannot be read' };
		}
	};
	bus.subscribe(
		storeSubject('*'),
		(data, reply, subject) => {
			if (reply !== null) void store(subject, data).then((answer) => reply(JSON.stringify(answer)));
		},
		BROKER_GROUP,
	);
}
