/** The bus on NATS: the only file of the agent that knows the `nats` package. May not know what a job means. */
import { storeReply } from '@longshore/shared-schema/wire/bus';
import { hostInbox, jobPullSubject } from '@longshore/shared-schema/wire/subjects';
import { connect, createInbox, Events, jwtAuthenticator, type Msg, type NatsConnection, NatsError, type Subscription } from 'nats';
import { isAckSubject, parseAckSubject } from '../core/ack-subject.ts';
import type { Log } from '../log.ts';
import { type Bus, BusError, type PulledMessage, type PullListener, type PullStatus } from './bus.ts';

export interface NatsBusOptions {
	readonly url: string;
	readonly hostId: string;
	/** The host's token and the seed of the key that it was issued for. */
	readonly token: string;
	readonly seed: string;
	readonly storeTimeoutMs: number;
	readonly log: Log;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const ACK = encoder.encode('+ACK');
const TERM = encoder.encode('+TERM');

/** Connects, waiting for a server as long as it takes, and reconnects for ever. */
export async function connectNatsBus(options: NatsBusOptions): Promise<Bus> {
	const inboxPrefix = hostInbox(options.hostId);
	const connection = await connect({
		servers: options.url.split(','),
		name: `host ${options.hostId}`,
		authenticator: jwtAuthenticator(options.token, encoder.encode(options.seed)),
		// A host that is refused today may be let in when the region's servers have their keys back.
		ignoreAuthErrorAbort: true,
		inboxPrefix,
		waitOnFirstConnect: true,
		maxReconnectAttempts: -1,
		reconnectTimeWait: 200,
		reconnectJitter: 200,
		pingInterval: 10_000,
		maxPingOut: 2,
	});
	return createNatsBus(connection, inboxPrefix, options);
}

function createNatsBus(connection: NatsConnection, inboxPrefix: string, options: NatsBusOptions): Bus {
	const pullInbox = `${createInbox(inboxPrefix)}.pull`;
	let pullListener: PullListener | null = null;
	const connectionListeners: ((state: 'up' | 'down') => void)[] = [];
	let connected = true;
	/** Rises with each connection. */
	let current = 0;
	/** Requests on the old connection: their answers went with it. */
	const asked = new Set<(error: BusError) => void>();
	watchStatus(connection, options.log, (state) => {
		connected = state === 'up';
		if (connected) current++;
		for (const fail of asked) fail(new BusError('timeout', 'the connection was lost before the answer'));
		for (const listener of connectionListeners) listener(state);
	});
	const pulls: Subscription = connection.subscribe(`${pullInbox}.*.*`, {
		callback: (error, message) => {
			if (error !== null) options.log.error('pull subscription failed', { error: error.message });
			else if (pullListener !== null) deliver(pullListener, message, current);
		},
	});
	/** On another connection the server would refuse it. The message is then delivered again, and whoever gets it has to claim it first. */
	const say = (message: PulledMessage, word: Uint8Array): void => {
		if (message.connection === current) connection.publish(message.ackSubject, word);
	};
	const orLost = <T>(answer: Promise<T>): Promise<T> =>
		new Promise((resolve, reject) => {
			asked.add(reject);
			answer.then(resolve, reject).finally(() => asked.delete(reject));
		});
	return {
		publish: (subject, data) => connection.publish(subject, data),
		request: (subject, data, timeoutMs) => orLost(request(connection, subject, data, timeoutMs)),
		store: (subject, data) => orLost(store(connection, subject, data, options.storeTimeoutMs)),
		subscribe(subject, handler) {
			connection.subscribe(subject, {
				callback: (error, message) => {
					if (error !== null) options.log.error('subscription failed', { subject, error: error.message });
					else handler(message.data, (answer) => message.respond(answer));
				},
			});
		},
		pull(endpointId, permit, requestId, batch, expiresMs, heartbeatMs) {
			const body = JSON.stringify({ batch, expires: expiresMs * 1e6, idle_heartbeat: heartbeatMs * 1e6 });
			connection.publish(jobPullSubject(options.hostId, endpointId, permit), encoder.encode(body), { reply: `${pullInbox}.${endpointId}.${requestId}` });
		},
		onPulled: (listener) => {
			pullListener = listener;
		},
		onConnection: (listener) => {
			connectionListeners.push(listener);
		},
		isConnected: () => connected,
		ack: (message) => say(message, ACK),
		nak: (message, delayMs) => say(message, encoder.encode(delayMs > 0 ? `-NAK {"delay":${Math.round(delayMs * 1e6)}}` : '-NAK')),
		term: (message) => say(message, TERM),
		async close() {
			pulls.unsubscribe();
			// A flush towards a server that is away would wait for it; nothing is lost by not waiting, the spool has the results.
			if (connected) await connection.flush();
			await connection.close();
		},
	};
}

/** A delivered job keeps its own subject (`jobs.<endpoint>.…`); a status comes under the subject of its request. */
function deliver(listener: PullListener, message: Msg, connection: number): void {
	const ackSubject = message.reply;
	if (isAckSubject(ackSubject)) {
		const info = parseAckSubject(ackSubject);
		const endpointId = message.subject.split('.')[1];
		if (info !== null && endpointId !== undefined) listener.message(endpointId, { data: message.data, info, ackSubject, connection });
		return;
	}
	const tokens = message.subject.split('.');
	const endpointId = tokens.at(-2);
	const requestId = Number(tokens.at(-1));
	if (endpointId !== undefined) listener.status(endpointId, requestId, toStatus(message));
}

function toStatus(message: Msg): PullStatus {
	const code = message.headers?.code ?? 0;
	const detail = `${code} ${message.headers?.description ?? ''}`.trim();
	if (code === 100) return { kind: 'heartbeat' };
	if (code === 503) return { kind: 'absent', detail };
	if (code === 409 && /consumer (deleted|is push)|no worker of this endpoint/i.test(detail)) return { kind: 'absent', detail };
	const pending = message.headers?.get('Nats-Pending-Messages') ?? '';
	return { kind: 'ended', pending: pending === '' ? null : Number(pending), backOff: code !== 408, detail };
}

async function request(connection: NatsConnection, subject: string, data: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
	try {
		return (await connection.request(subject, data, { timeout: timeoutMs })).data;
	} catch (error) {
		throw toBusError(error, subject);
	}
}

async function store(connection: NatsConnection, subject: string, data: Uint8Array, timeoutMs: number): Promise<void> {
	const { stored, problem } = storeReply.parse(JSON.parse(decoder.decode(await request(connection, subject, data, timeoutMs))));
	if (!stored) throw new BusError('refused', `${subject} was not stored: ${problem ?? 'no reason given'}`);
}

function toBusError(error: unknown, subject: string): BusError {
	if (!(error instanceof NatsError)) throw error;
	if (error.code === '503') return new BusError('absent', `nobody answers on ${subject}`);
	if (error.code === 'TIMEOUT') return new BusError('timeout', `no answer on ${subject} in time`);
	return new BusError(error.code === 'CONNECTION_CLOSED' || error.code === 'CONNECTION_DRAINING' ? 'closed' : 'refused', `${subject}: ${error.message}`);
}

function watchStatus(connection: NatsConnection, log: Log, changed: (state: 'up' | 'down') => void): void {
	void (async () => {
		for await (const status of connection.status()) {
			if (status.type === Events.Disconnect) {
				log.warn('bus lost', { server: String(status.data) });
				changed('down');
			} else if (status.type === Events.Reconnect) {
				log.info('bus back', { server: String(status.data) });
				changed('up');
			} else if (status.type === Events.Error) log.error('bus error', { error: String(status.data), permission: status.permissionContext });
		}
	})();
}
