/** Keeps the relay consumer's messages coming: overlapping pull requests on one inbox, renewed before the last one runs dry, after silence and after each reconnect. */
import { createInbox, type Msg, type NatsConnection, nanos, type Subscription } from 'nats';
import type { EventPull, PulledMessage } from './bus.ts';

/** Messages asked for at most; times the largest message that bounds memory. */
const WANTED_MAX = 128;
const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 5_000;
/** Two missed heartbeats: the request died with its server. */
const SILENCE_MS = 2 * HEARTBEAT_MS + 500;
/** Pause before asking again when the server refused. */
const REFUSED_PAUSE_MS = 500;

const ACK = Buffer.from('+ACK');
const WORKING = Buffer.from('+WPI');

export class Puller implements EventPull {
	readonly #connection: NatsConnection;
	readonly #nextSubject: string;
	readonly #listener: (message: PulledMessage) => void;
	readonly #hasRoom: () => boolean;
	readonly #inbox = createInbox();
	readonly #subscription: Subscription;
	readonly #watch: NodeJS.Timeout;
	/** Messages that open requests may still bring. */
	#wanted = 0;
	#heardAtMs = performance.now();
	#stopped = false;

	constructor(connection: NatsConnection, stream: string, consumer: string, listener: (message: PulledMessage) => void, hasRoom: () => boolean) {
		this.#connection = connection;
		this.#nextSubject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
		this.#listener = listener;
		this.#hasRoom = hasRoom;
		this.#subscription = connection.subscribe(this.#inbox, { callback: (error, message) => (error === null ? this.#received(message) : this.restart()) });
		this.#watch = setInterval(() => this.#wake(), HEARTBEAT_MS);
		this.#watch.unref();
		this.resume();
	}

	resume(): void {
		if (this.#stopped || this.#wanted > WANTED_MAX / 2 || !this.#hasRoom()) return;
		const batch = WANTED_MAX - this.#wanted;
		this.#wanted = WANTED_MAX;
		this.#connection.publish(this.#nextSubject, JSON.stringify({ batch, expires: nanos(EXPIRES_MS), idle_heartbeat: nanos(HEARTBEAT_MS) }), { reply: this.#inbox });
	}

	/** Forgets open requests (their server is gone) and asks anew. */
	restart(): void {
		this.#wanted = 0;
		this.#heardAtMs = performance.now();
		this.resume();
	}

	stop(): void {
		this.#stopped = true;
		clearInterval(this.#watch);
		this.#subscription.unsubscribe();
	}

	#received(message: Msg): void {
		this.#heardAtMs = performance.now();
		if (message.reply?.startsWith('$JS.ACK.')) {
			this.#wanted = Math.max(0, this.#wanted - 1);
			this.#listener(toPulled(this.#connection, message, message.reply));
			this.resume();
			return;
		}
		const status = message.headers?.code ?? 0;
		if (status === 100) return;
		const unsent = Number(message.headers?.get('Nats-Pending-Messages') || this.#wanted);
		this.#wanted = Math.max(0, this.#wanted - unsent);
		if (status === 404 || status === 408) this.resume();
		// Refused (consumer gone, no server in charge): it is looked after elsewhere, ask again soon.
		else setTimeout(() => this.resume(), REFUSED_PAUSE_MS).unref();
	}

	#wake(): void {
		if (this.#wanted === 0) this.resume();
		else if (performance.now() - this.#heardAtMs > SILENCE_MS) this.restart();
	}
}

/** Reads sequence and time from the ack subject, whose tail is `…deliveries.streamSeq.consumerSeq.timeNs.pending` (and a random token from v2 subjects on). */
function toPulled(connection: NatsConnection, message: Msg, reply: string): PulledMessage {
	const tokens = reply.split('.');
	const shift = tokens.length === 9 ? 0 : 2;
	return {
		subject: message.subject,
		data: message.data,
		seq: Number(tokens[5 + shift]),
		storedAtMs: Number(tokens[7 + shift]) / 1e6,
		ack: () => connection.publish(reply, ACK),
		working: () => connection.publish(reply, WORKING),
	};
}
