/** The broker's port to NATS, on the simulated server. */
import type { Bus, BusRecords, PublishOutcome } from '../../regional-broker/src/bus/bus.ts';
import type { Kernel } from './kernel.ts';
import type { NatsLink } from './nats-link.ts';

const PUB_ACK_TIMEOUT_MS = 5_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A bus that is ready whenever its connection stands; provisioning takes no time. */
export function createBrokerBus(kernel: Kernel, link: NatsLink): Bus {
	const { client, server } = link;
	const ready: (() => void)[] = [];
	link.onState((state) => {
		if (state === 'up') for (const listener of ready) listener();
	});
	const bytes = (data: Uint8Array | string): Uint8Array => (typeof data === 'string' ? encoder.encode(data) : data.slice());
	return {
		isReady: () => client.connected,
		checks: () => ({ nats: client.connected }),
		onReady(listener) {
			ready.push(listener);
			if (client.connected) listener();
		},
		publish: (subject, data) => void server.publish(client, subject, bytes(data), null),
		request: (subject, data, timeoutMs) =>
			new Promise((resolve, reject) => {
				if (!client.connected) return reject(new Error('no connection to NATS'));
				const timer = kernel.plan(kernel.current, timeoutMs, () => reject(new Error(`no answer on ${subject} in time`)));
				const end = (answer: string | null): void => {
					timer.cancel();
					resolve(answer);
				};
				server.publish(
					client,
					subject,
					encoder.encode(data),
					(answer) => end(decoder.decode(answer)),
					() => end(null),
				);
			}),
		subscribe: (pattern, listener, group) =>
			server.subscribe({ client, pattern, group, hear: (data, reply, subject) => listener(data, reply === null ? null : (text) => reply(encoder.encode(text)), subject) }),
		publishJob: (subject, messageId, body) => outcomeOf(link, () => server.jobs.store(subject, body.slice(), messageId)),
		publishEvents: (subject, messageId, body) => outcomeOf(link, () => server.events.store(subject, body.slice(), messageId)),
		forwardPulls: (mayPull) => server.addForwarder(client, mayPull),
		jobMessageId: (seq) => link.call(() => server.jobs.stream.messages.get(seq)?.messageId ?? null),
		deleteJobMessage: (seq) => link.call(() => server.jobs.delete(seq)),
		jobCounts: () => link.call(() => countBySubject([...server.jobs.stream.messages.values()].map(({ subject }) => subject))),
		ensureJobConsumer: (endpointId) => link.call(() => server.jobs.ensure(endpointId)),
		removeJobConsumer: (endpointId) =>
			link.call(() => {
				server.jobs.remove(endpointId);
				server.jobs.purge(endpointId);
			}),
		jobConsumer: (endpointId) =>
			link.call(() => {
				const consumer = server.jobs.consumers.get(endpointId);
				return consumer === undefined ? null : { deliveredSeq: consumer.deliveredSeq, waiting: consumer.ready.size, unacked: consumer.unacked.size };
			}),
		pullEvents(listener, hasRoom) {
			const send = (run: () => void): void => server.arrive(client, run);
			const take = (message: { subject: string; data: Uint8Array; seq: number; storedAt: number }): void =>
				listener({
					subject: message.subject,
					data: message.data,
					seq: message.seq,
					storedAtMs: message.storedAt,
					ack: () => send(() => server.events.ack(message.seq)),
					working: () => send(() => server.events.working(message.seq)),
				});
			server.events.join({ client, hasRoom, take });
			link.onState((state) => {
				if (state === 'up') server.events.serve();
			});
			return { resume: () => server.events.serve(), stop: () => server.events.forget(client.place) };
		},
		purgeSettledEvents: async () => {},
		records: records(link),
		close: async () => {},
	};
}

async function outcomeOf(link: NatsLink, store: () => { seq: number; duplicate: boolean }): Promise<PublishOutcome> {
	try {
		return { kind: 'stored', ...(await link.call(store, PUB_ACK_TIMEOUT_MS)) };
	} catch (error) {
		return { kind: 'unknown', reason: String(error) };
	}
}

function records(link: NatsLink): BusRecords {
	const { server } = link;
	return {
		get: (key) => link.call(() => server.records.get(key) ?? null),
		swap: (key, value, revision) => link.call(() => server.swap(key, value, revision)),
		put: (key, value) => link.call(() => void server.swap(key, value, null)),
		delete: (key) => link.call(() => void server.records.delete(key)),
		list: (prefix) => link.call(() => new Map([...server.records].filter(([key]) => key.startsWith(prefix)).map(([key, { value }]) => [key, value]))),
	};
}

function countBySubject(subjects: readonly string[]): Map<string, number> {
	const counts = new Map<string, number>();
	for (const subject of subjects) counts.set(subject, (counts.get(subject) ?? 0) + 1);
	return counts;
}
