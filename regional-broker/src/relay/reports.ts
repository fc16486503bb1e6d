/**
 * The short way of events: a host's message goes to the edge at once and its verdicts back as the reply. What the edge cannot
 * answer now is given back, and the host stores it in the EVENTS stream, from where `events.ts` carries it. Keeps nothing.
 */
import { EVENT_BATCH_BYTES_MAX, REPORT_POST_MS } from '@longshore/shared-schema/limits';
import type { ReportReply } from '@longshore/shared-schema/wire/bus';
import type { JobEvent, Verdict } from '@longshore/shared-schema/wire/region';
import { BROKER_GROUP, reportSubject } from '@longshore/shared-schema/wire/subjects';
import type { Bus } from '../bus/bus.ts';
import type { EdgeClient } from '../edge/edge-client.ts';
import { errorText, type Log } from '../log.ts';
import { fits, openParcel, type Parcel, parcelBytes, startedIn } from './parcel.ts';
import { postEvents } from './post-events.ts';

const POSTS_MAX = 4;
/** Bytes in memory above which messages are given back. */
const HELD_BYTES_MAX = 16 * EVENT_BATCH_BYTES_MAX;

export interface ReportsOptions {
	readonly bus: Pick<Bus, 'subscribe'>;
	readonly edge: EdgeClient;
	/** Started attempts, `<job>.<epoch>` by endpoint, as soon as they are heard of. */
	readonly onStarted: (byEndpoint: ReadonlyMap<string, readonly string[]>) => void;
	/** Every event that is heard of, before it goes on. */
	readonly onEvents: (events: readonly JobEvent[]) => void;
	readonly wallClock: () => number;
	readonly log: Log;
}

interface Waiting {
	readonly parcel: Parcel;
	readonly reply: (data: string) => void;
}

/** Serves reports from now on. A host has one under way at a time, so the order of its events needs no care here. */
export function serveReports({ bus, edge, onStarted, onEvents, wallClock, log }: ReportsOptions): void {
	const queue: Waiting[] = [];
	let posts = 0;
	let heldBytes = 0;

	const post = (): void => {
		while (posts < POSTS_MAX && queue.length > 0) {
			const batch = gather(queue);
			posts++;
			void deliver(batch).finally(() => {
				posts--;
				for (const { parcel } of batch) heldBytes -= parcel.bytes;
				post();
			});
		}
	};

	const deliver = async (batch: readonly Waiting[]): Promise<void> => {
		const outcome = await postEvents(
			edge,
			batch.map(({ parcel }) => parcel),
			wallClock(),
			REPORT_POST_MS,
		);
		// Why the edge gave none is said where the same events come next: by the stream's relay.
		const verdicts = 'verdicts' in outcome ? outcome.verdicts : null;
		let at = 0;
		for (const { parcel, reply } of batch) {
			reply(answerOf(verdicts?.slice(at, at + parcel.events.length) ?? null));
			at += parcel.events.length;
		}
	};

	bus.subscribe(
		reportSubject('*'),
		(data, reply, subject) => {
			if (reply === null) return;
			if (heldBytes > HELD_BYTES_MAX) return reply(answerOf(null));
			try {
				const parcel = openParcel(subject, data, wallClock());
				queue.push({ parcel, reply });
				onEvents(parcel.events);
				const started = startedIn(parcel);
				if (started.size > 0) onStarted(started);
			} catch (error) {
				log.error('a report cannot be read', { subject, error: errorText(error) });
				return reply(answerOf(null));
			}
			heldBytes += data.length;
			// What arrived in one read of the socket leaves in one post.
			if (queue.length === 1) setImmediate(post);
		},
		BROKER_GROUP,
	);
}

function gather(queue: Waiting[]): Waiting[] {
	let [messages, events, bytes] = [0, 0, 0];
	for (const { parcel } of queue) {
		if (messages > 0 && !fits(events, bytes, parcel)) break;
		messages++;
		events += parcel.events.length;
		bytes += parcelBytes(parcel);
	}
	return queue.splice(0, messages);
}

function answerOf(verdicts: readonly Verdict[] | null): string {
	return JSON.stringify({ verdicts: verdicts === null ? null : [...verdicts] } satisfies ReportReply);
}
