/**
 * A host that will not let go: hears what hosts report on their regions' NATS, and offers results that must not count: a second one of
 * an attempt whose job has ended, one of an attempt that was superseded, one with a made-up token. Remembers the edge's verdicts.
 */
import { randomUUID } from 'node:crypto';
import { eventMessageHead, reportReply } from '@longshore/shared-schema/wire/bus';
import { decodeFramed, encodeFramed } from '@longshore/shared-schema/wire/framing';
import type { JobEvent } from '@longshore/shared-schema/wire/region';
import { hostInbox, reportSubject } from '@longshore/shared-schema/wire/subjects';
import type { NatsConnection } from 'nats';
import type { RegionBus } from '../faults/region-bus.ts';
import type { EventOf } from '../history/event.ts';
import type { History } from '../history/write-history.ts';

const ANSWER_MS = 4_000;
/** Of the jobs whose end is seen, every so many-th. */
const LATE_EVERY = 12;
const FORGED_EVERY = 40;
const OUTPUT = new TextEncoder().encode('{"by":"a result that must not count"}');
/** Far above any number that an agent uses for its own messages. */
const FIRST_BATCH = 1_000_000_000;

/** An attempt as its host reported it. */
interface Attempt {
	readonly event: JobEvent;
	readonly hostId: string;
	readonly connection: NatsConnection;
}

export interface StaleOffers {
	/** A client has seen the job's end. */
	ended(id: string): void;
	stop(): void;
}

export function startStaleOffers(buses: ReadonlyMap<string, RegionBus>, history: History): StaleOffers {
	const attempts = new Map<string, Attempt>();
	const decoder = new TextDecoder();
	let batch = FIRST_BATCH;
	let heard = 0;
	let ends = 0;
	let stopped = false;

	const offer = async (attempt: Attempt, why: EventOf<'offer'>['why'], token: string): Promise<void> => {
		if (stopped) return;
		const { id, endpointId, epoch, hostBoot, workerId } = attempt.event;
		const event = { kind: 'result', id, endpointId, epoch, token, hostBoot, workerId, agoMs: 0, executionMs: 1, bytes: OUTPUT.length };
		const body = encodeFramed({ hostId: attempt.hostId, hostBoot, batch: ++batch, events: [event] }, [OUTPUT], (text) => new TextEncoder().encode(text));
		let verdict = 'none';
		try {
			const answer = await askAs(attempt, body);
			verdict = reportReply.parse(JSON.parse(decoder.decode(answer))).verdicts?.[0] ?? 'none';
		} catch {
			// The region is in trouble: nobody judged it.
		}
		history.add({ is: 'offer', at: Date.now(), id, why, verdict });
	};

	const hear = (event: JobEvent, hostId: string, connection: NatsConnection): void => {
		const known = attempts.get(event.id);
		if (event.workerId === '' || (known !== undefined && known.event.epoch > event.epoch)) return;
		const now = { event, hostId, connection };
		attempts.set(event.id, now);
		if (known !== undefined && known.event.epoch < event.epoch) void offer(known, 'superseded', known.event.token);
		if (event.kind === 'started' && ++heard % FORGED_EVERY === 0) void offer(now, 'forged', [...event.token].reverse().join(''));
	};

	for (const { connection } of buses.values()) {
		connection.subscribe(reportSubject('*'), {
			callback: (error, message) => {
				if (error !== null) return;
				const { head } = decodeFramed(message.data, (bytes) => decoder.decode(bytes));
				const parsed = eventMessageHead.safeParse(head);
				if (!parsed.success || parsed.data.batch >= FIRST_BATCH) return;
				for (const event of parsed.data.events) hear(event, parsed.data.hostId, connection);
			},
		});
	}
	return {
		ended: (id) => {
			const attempt = attempts.get(id);
			attempts.delete(id);
			if (attempt !== undefined && ++ends % LATE_EVERY === 0) void offer(attempt, 'late', attempt.event.token);
		},
		stop: () => {
			stopped = true;
		},
	};
}

/** A request with a reply below the host's own inbox: brokers answer nowhere else. */
function askAs({ connection, hostId }: Attempt, body: Uint8Array): Promise<Uint8Array> {
	const reply = `${hostInbox(hostId)}.stale.${randomUUID()}`;
	return new Promise((resolve, reject) => {
		connection.subscribe(reply, { max: 1, timeout: ANSWER_MS, callback: (error, message) => (error === null ? resolve(message.data) : reject(error)) });
		connection.publish(reportSubject(hostId), body, { reply });
	});
}
