/** One connection to the region's NATS: keeps trying for ever, provisions what it finds missing, and serves the bus port on top. */
import {
	BROKER_GROUP,
	EVENTS_STREAM,
	endpointConsumer,
	hostInbox,
	JOBS_STREAM,
	JOBS_SUBJECTS,
	jobPullSubject,
	jobsOfEndpoint,
	RELAY_CONSUMER,
} from '@longshore/shared-schema/wire/subjects';
import { connect, ErrorCode, headers, type JetStreamManager, jwtAuthenticator, type Msg, type NatsConnection, NatsError } from 'nats';
import type { NatsLogin } from '../enrolment/issuer.ts';
import { errorText, type Log } from '../log.ts';
import type { Bus, BusListener, BusRecords, EventPull, JobConsumerFigures, PublishOutcome, PulledMessage } from './bus.ts';
import { Publisher } from './publisher.ts';
import { Puller } from './puller.ts';
import { Records } from './records.ts';
import { ensureConsumer, ensureStreams, jobConsumerSettings, orNull } from './streams.ts';

const RETRY_MS = 500;
const REQUEST_TIMEOUT_MS = 3_000;
const NOT_FOUND = [10_037, 10_014, 10_059] as const;
/** `STREAM.MSG.DELETE` of an absent message: older servers say "no message found", newer ones "sequence not found". */
const NO_MESSAGE = [10_037, 10_043, 10_057] as const;

export interface NatsBusOptions {
	readonly servers: readonly string[];
	/** Null: the server asks nobody who he is. */
	readonly login: NatsLogin | null;
	readonly name: string;
	readonly replicas: number;
	readonly eventRetryMs: number;
}

/** Starts connecting in the background; the bus says itself when it is ready. */
export function createNatsBus(options: NatsBusOptions, log: Log): NatsBus {
	return new NatsBus(options, log);
}

export class NatsBus implements Bus {
	readonly records: BusRecords;
	readonly #records: Records;
	readonly #options: NatsBusOptions;
	readonly #log: Log;
	readonly #subscriptions: { subject: string; listener: BusListener; queueGroup: string | undefined }[] = [];
	readonly #readyListeners: (() => void)[] = [];
	#connection: NatsConnection | null = null;
	#manager: JetStreamManager | null = null;
	#publisher: Publisher | null = null;
	#eventPublisher: Publisher | null = null;
	#mayPull: ((hostId: string, endpointId: string, permit: string) => boolean) | null = null;
	#puller: { listener: (message: PulledMessage) => void; hasRoom: () => boolean; open: Puller | null } | null = null;
	#connected = false;
	#provisioned = false;
	#closing = false;
	/** Rises with every (re)connect; provisioning of an older one gives up. */
	#turn = 0;

	constructor(options: NatsBusOptions, log: Log) {
		this.#options = options;
		this.#log = log;
		this.#records = new Records(() => this.#need().jetstream({ timeout: REQUEST_TIMEOUT_MS }), options.replicas);
		this.records = this.#records;
		void this.#connect();
	}

	isReady(): boolean {
		return this.#connected && this.#provisioned;
	}

	checks(): Readonly<Record<string, boolean>> {
		return { nats: this.#connected, streams: this.#provisioned };
	}

	onReady(listener: () => void): void {
		this.#readyListeners.push(listener);
		if (this.isReady()) listener();
	}

	publish(subject: string, data: Uint8Array | string): void {
		// Core messages are hints that somebody repeats: without a connection they are dropped, not buffered.
		if (this.#connected) this.#connection?.publish(subject, data);
	}

	async request(subject: string, data: string, timeoutMs: number): Promise<string | null> {
		try {
			return (await this.#need().request(subject, data, { timeout: timeoutMs })).string();
		} catch (error) {
			if (error instanceof NatsError && error.code === ErrorCode.NoResponders) return null;
			throw error;
		}
	}

	subscribe(subject: string, listener: BusListener, queueGroup?: string): void {
		const subscription = { subject, listener, queueGroup };
		this.#subscriptions.push(subscription);
		if (this.#connection !== null) this.#attach(this.#connection, subscription);
	}

	async publishJob(subject: string, messageId: string, body: Uint8Array): Promise<PublishOutcome> {
		if (this.#publisher === null || !this.#connected) return { kind: 'unknown', reason: 'no connection to NATS' };
		return this.#publisher.publish(subject, messageId, body);
	}

	async publishEvents(subject: string, messageId: string, body: Uint8Array): Promise<PublishOutcome> {
		if (this.#eventPublisher === null || !this.#connected) return { kind: 'unknown', reason: 'no connection to NATS' };
		return this.#eventPublisher.publish(subject, messageId, body);
	}

	forwardPulls(mayPull: (hostId: string, endpointId: string, permit: string) => boolean): void {
		this.#mayPull = mayPull;
		if (this.#connection !== null) this.#forwardPulls(this.#connection, mayPull);
	}

	async jobMessageId(seq: number): Promise<string | null> {
		const stored = await orNull(this.#manage().streams.getMessage(JOBS_STREAM, { seq }), ...NOT_FOUND);
		return stored === null ? null : stored.header.get('Nats-Msg-Id');
	}

	async deleteJobMessage(seq: number): Promise<boolean> {
		return (await orNull(this.#manage().streams.deleteMessage(JOBS_STREAM, seq, false), ...NO_MESSAGE)) === true;
	}

	async jobCounts(): Promise<ReadonlyMap<string, number>> {
		const info = await this.#manage().streams.info(JOBS_STREAM, { subjects_filter: JOBS_SUBJECTS });
		return new Map(Object.entries(info.state.subjects ?? {}));
	}

	async ensureJobConsumer(endpointId: string): Promise<void> {
		await ensureConsumer(this.#manage(), JOBS_STREAM, jobConsumerSettings(endpointId));
	}

	async removeJobConsumer(endpointId: string): Promise<void> {
		await orNull(this.#manage().consumers.delete(JOBS_STREAM, endpointConsumer(endpointId)), ...NOT_FOUND);
		await this.#manage().streams.purge(JOBS_STREAM, { filter: jobsOfEndpoint(endpointId) });
	}

	async jobConsumer(endpointId: string): Promise<JobConsumerFigures | null> {
		const info = await orNull(this.#manage().consumers.info(JOBS_STREAM, endpointConsumer(endpointId)), ...NOT_FOUND);
		return info === null ? null : { deliveredSeq: info.delivered.stream_seq, waiting: info.num_pending, unacked: info.num_ack_pending };
	}

	pullEvents(listener: (message: PulledMessage) => void, hasRoom: () => boolean): EventPull {
		const pull = { listener, hasRoom, open: null as Puller | null };
		this.#puller = pull;
		if (this.isReady()) this.#openPuller();
		return { resume: () => pull.open?.resume(), stop: () => pull.open?.stop() };
	}

	async purgeSettledEvents(): Promise<void> {
		const info = await this.#manage().consumers.info(EVENTS_STREAM, RELAY_CONSUMER);
		const settled = info.ack_floor.stream_seq;
		if (settled > 0) await this.#manage().streams.purge(EVENTS_STREAM, { seq: settled + 1 });
	}

	async close(): Promise<void> {
		this.#closing = true;
		this.#publisher?.stop();
		this.#eventPublisher?.stop();
		this.#puller?.open?.stop();
		// A drain waits for an answer that a server which is gone cannot give.
		if (this.#connected) await this.#connection?.drain();
		else await this.#connection?.close();
	}

	async #connect(): Promise<void> {
		const { servers, login, name } = this.#options;
		let said = '';
		while (!this.#closing) {
			try {
				this.#connection = await connect({
					servers: [...servers],
					...(login === null ? {} : { authenticator: jwtAuthenticator(login.token, login.seed) }),
					name,
					noEcho: true,
					noAsyncTraces: true,
					maxReconnectAttempts: -1,
					reconnectTimeWait: RETRY_MS,
					reconnectJitter: RETRY_MS / 2,
					ignoreAuthErrorAbort: true,
					pingInterval: 10_000,
					timeout: 5_000,
				});
				this.#connected = true;
				break;
			} catch (error) {
				const text = errorText(error);
				if (text !== said) this.#log.warn('cannot reach NATS, trying on', { error: text });
				said = text;
				await pause(RETRY_MS);
			}
		}
		const connection = this.#connection;
		if (connection === null) return;
		this.#publisher = new Publisher(connection, JOBS_STREAM);
		this.#eventPublisher = new Publisher(connection, EVENTS_STREAM);
		if (this.#mayPull !== null) this.#forwardPulls(connection, this.#mayPull);
		for (const subscription of this.#subscriptions) this.#attach(connection, subscription);
		void this.#provision();
		await this.#watch(connection);
	}

	async #watch(connection: NatsConnection): Promise<void> {
		for await (const status of connection.status()) {
			if (status.type === 'disconnect') {
				this.#connected = false;
				// The server may come back without its store: nothing counts as there before it was looked at.
				this.#provisioned = false;
				this.#turn++;
				this.#log.warn('NATS connection lost');
			} else if (status.type === 'reconnect') {
				this.#connected = true;
				this.#log.info('NATS connection is back');
				void this.#provision();
			} else if (status.type === 'error') this.#log.warn('NATS reports an error', { error: String(status.data) });
		}
	}

	/** After each connect: the server may have come back with an older or an empty store. */
	async #provision(): Promise<void> {
		const turn = ++this.#turn;
		let said = '';
		while (!this.#closing && turn === this.#turn) {
			try {
				this.#manager ??= await this.#need().jetstreamManager({ timeout: REQUEST_TIMEOUT_MS, checkAPI: false });
				const changes = await ensureStreams(this.#manager, this.#options.replicas, this.#options.eventRetryMs);
				await this.#records.ensure();
				if (turn !== this.#turn) return;
				for (const change of changes) this.#log.info(change);
				this.#provisioned = true;
				this.#openPuller();
				for (const listener of this.#readyListeners) listener();
				return;
			} catch (error) {
				this.#provisioned = false;
				const text = errorText(error);
				if (text !== said) this.#log.warn('cannot provision JetStream, trying on', { error: text });
				said = text;
				await pause(RETRY_MS);
			}
		}
	}

	#openPuller(): void {
		const pull = this.#puller;
		if (pull === null) return;
		if (pull.open === null) pull.open = new Puller(this.#need(), EVENTS_STREAM, RELAY_CONSUMER, pull.listener, pull.hasRoom);
		else pull.open.restart();
	}

	#attach(connection: NatsConnection, subscription: { subject: string; listener: BusListener; queueGroup: string | undefined }): void {
		connection.subscribe(subscription.subject, {
			...(subscription.queueGroup === undefined ? {} : { queue: subscription.queueGroup }),
			callback: (error, message) => {
				if (error !== null) this.#log.warn('NATS subscription failed', { subject: subscription.subject, error: error.message });
				else subscription.listener(message.data, mayAnswer(subscription.subject, message) ? (data) => message.respond(data) : null, message.subject);
			},
		});
	}

	/** A job a pull: nothing is parsed here, and nothing waits. */
	#forwardPulls(connection: NatsConnection, mayPull: (hostId: string, endpointId: string, permit: string) => boolean): void {
		connection.subscribe(jobPullSubject('*', '*', '*'), {
			queue: BROKER_GROUP,
			callback: (error, { subject, data, reply = '' }) => {
				const [, hostId = '', endpointId = '', permit = ''] = subject.split('.');
				if (error !== null || !isOwnInbox(hostId, reply)) return;
				if (mayPull(hostId, endpointId, permit)) connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${JOBS_STREAM}.${endpointConsumer(endpointId)}`, data, { reply });
				else connection.publish(reply, '', { headers: headers(409, 'no worker of this endpoint was placed on this host') });
			},
		});
	}

	#need(): NatsConnection {
		if (this.#connection === null) throw new Error('no connection to NATS yet');
		return this.#connection;
	}

	#manage(): JetStreamManager {
		if (this.#manager === null || !this.#connected) throw new Error('JetStream is not reachable');
		return this.#manager;
	}
}

/** What came in on a wildcard came from a host: an answer that it wants elsewhere than in its own inbox would be this broker speaking where the host may not. */
function mayAnswer(subscribed: string, { subject, reply }: Msg): boolean {
	if (reply === undefined || reply === '') return false;
	return !subscribed.endsWith('.*') || isOwnInbox(subject.slice(subject.lastIndexOf('.') + 1), reply);
}

function isOwnInbox(hostId: string, reply: string): boolean {
	return reply.startsWith(`${hostInbox(hostId)}.`);
}

function pause(ms: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, ms));
}
