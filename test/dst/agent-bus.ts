/** The agent's port to NATS, on the simulated server. */
import { type Bus, BusError, type PulledMessage, type PullListener } from '../../gpu-worker/src/bus/bus.ts';
import { storeReply } from '../../shared-schema/src/wire/bus.ts';
import type { Kernel } from './kernel.ts';
import { endpointOf } from './nats-jobs.ts';
import type { NatsLink } from './nats-link.ts';

const STORE_TIMEOUT_MS = 5_000;
const decoder = new TextDecoder();

/** A bus over a connection. */
export function createAgentBus(kernel: Kernel, link: NatsLink): Bus {
	const { client, server } = link;
	let listener: PullListener | null = null;
	const lost = new Set<(error: BusError) => void>();
	let current = 0;
	link.onState((state) => {
		if (state === 'up') current++;
		for (const fail of lost) fail(new BusError('timeout', 'the connection was lost before the answer'));
		lost.clear();
	});
	const send = (run: () => void): void => server.arrive(client, run);
	const settle = (message: PulledMessage, run: (endpointId: string, seq: number, token: string) => void): void => {
		// One word about a message, on the connection that brought it.
		if (message.connection !== current) return;
		const [endpointId = '', token = ''] = message.ackSubject.split('/');
		send(() => run(endpointId, message.info.streamSeq, token));
	};
	const guarded = <T>(timeoutMs: number, start: (resolve: (value: T) => void, reject: (error: BusError) => void) => void): Promise<T> =>
		new Promise((resolve, reject) => {
			if (!client.connected) return reject(new BusError('timeout', 'no connection'));
			const fail = (error: BusError): void => {
				timer.cancel();
				lost.delete(fail);
				reject(error);
			};
			const timer = kernel.plan(kernel.current, timeoutMs, () => fail(new BusError('timeout', 'no answer in time')));
			lost.add(fail);
			start((value) => {
				timer.cancel();
				lost.delete(fail);
				resolve(value);
			}, fail);
		});
	const ask = (subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> =>
		guarded<Uint8Array>(timeoutMs, (resolve, reject) => {
			server.publish(client, subject, data.slice(), resolve, () => reject(new BusError('absent', `nobody answers on ${subject}`)));
		});
	return {
		publish: (subject, data) => void server.publish(client, subject, data.slice(), null),
		request: ask,
		store: async (subject, data) => {
			const { stored, problem } = storeReply.parse(JSON.parse(decoder.decode(await ask(subject, data, STORE_TIMEOUT_MS))));
			if (!stored) throw new BusError('refused', problem ?? 'no reason given');
		},
		subscribe: (pattern, handler) => server.subscribe({ client, pattern, group: undefined, hear: (data, reply) => handler(data, reply ?? (() => {})) }),
		pull(endpointId, permit, requestId, batch, expiresMs, heartbeatMs) {
			server.forwardPull(
				client,
				endpointId,
				permit,
				(hear) => server.jobs.pull(client, endpointId, batch, expiresMs, heartbeatMs, hear),
				(pulled) => {
					if (pulled.kind === 'message') {
						const { message, delivered, token } = pulled;
						const info = { delivered, streamSeq: message.seq, storedAtMs: message.storedAt };
						listener?.message(endpointOf(message.subject), { data: message.data, info, ackSubject: `${endpointId}/${token}`, connection: current });
					} else if (pulled.kind === 'ended') listener?.status(endpointId, requestId, { kind: 'ended', pending: pulled.pending, backOff: false, detail: '408' });
					else if (pulled.kind === 'absent') listener?.status(endpointId, requestId, { kind: 'absent', detail: '503' });
					else listener?.status(endpointId, requestId, { kind: 'heartbeat' });
				},
			);
		},
		onPulled: (pullListener) => {
			listener = pullListener;
		},
		onConnection: (changed) => link.onState(changed),
		isConnected: () => client.connected,
		ack: (message) => settle(message, (endpointId, seq, token) => server.jobs.ack(endpointId, seq, token)),
		nak: (message, delayMs) => settle(message, (endpointId, seq) => server.jobs.nak(endpointId, seq, delayMs)),
		term: (message) => settle(message, (endpointId, seq, token) => server.jobs.ack(endpointId, seq, token)),
		close: async () => {},
	};
}
