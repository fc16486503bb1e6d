/** Stores job messages with as little work a message as the protocol allows: one inbox for all acknowledgements, one timer for all time-outs. */
import { createInbox, headers, type Msg, type NatsConnection, type Subscription } from 'nats';
import type { PublishOutcome } from './bus.ts';

/** Silence after which a publish counts as unknown. Below the edge's confirm time, so that the edge hears it from us. */
const PUB_ACK_TIMEOUT_MS = 5_000;
const SWEEP_MS = 500;

interface Pending {
	readonly sentAtMs: number;
	readonly resolve: (outcome: PublishOutcome) => void;
}

interface PubAck {
	readonly seq?: number;
	readonly duplicate?: boolean;
	readonly error?: { readonly code?: number; readonly description?: string };
}

export class Publisher {
	readonly #connection: NatsConnection;
	readonly #stream: string;
	readonly #inbox = `${createInbox()}.`;
	readonly #subscription: Subscription;
	/** In order of sending, so that the sweep ends at the first young one. */
	readonly #pending = new Map<string, Pending>();
	readonly #sweep: NodeJS.Timeout;
	#next = 0;

	constructor(connection: NatsConnection, stream: string) {
		this.#connection = connection;
		this.#stream = stream;
		this.#subscription = connection.subscribe(`${this.#inbox}*`, { callback: (error, message) => this.#answered(error, message) });
		this.#sweep = setInterval(() => this.#expire(), SWEEP_MS);
		this.#sweep.unref();
	}

	publish(subject: string, messageId: string, body: Uint8Array): Promise<PublishOutcome> {
		const token = (this.#next++).toString(36);
		const head = headers();
		head.set('Nats-Msg-Id', messageId);
		head.set('Nats-Expected-Stream', this.#stream);
		const outcome = new Promise<PublishOutcome>((resolve) => this.#pending.set(token, { sentAtMs: performance.now(), resolve }));
		try {
			this.#connection.publish(subject, body, { reply: this.#inbox + token, headers: head });
		} catch (error) {
			// Thrown before anything is sent: a closed connection, or a message above the server's limit.
			this.#settle(token, { kind: 'refused', reason: error instanceof Error ? error.message : String(error) });
		}
		return outcome;
	}

	/** Nobody will hear the open acknowledgements any more. */
	stop(): void {
		clearInterval(this.#sweep);
		this.#subscription.unsubscribe();
		for (const token of [...this.#pending.keys()]) this.#settle(token, { kind: 'unknown', reason: 'broker stops' });
	}

	#answered(error: Error | null, message: Msg): void {
		const token = message.subject.slice(this.#inbox.length);
		if (error !== null) this.#settle(token, { kind: 'unknown', reason: error.message });
		else if (message.data.length === 0) this.#settle(token, { kind: 'unknown', reason: `JetStream does not answer (status ${message.headers?.code ?? 'none'})` });
		else this.#settle(token, toOutcome(message.json<PubAck>()));
	}

	#settle(token: string, outcome: PublishOutcome): void {
		const pending = this.#pending.get(token);
		if (pending === undefined) return;
		this.#pending.delete(token);
		pending.resolve(outcome);
	}

	#expire(): void {
		const before = performance.now() - PUB_ACK_TIMEOUT_MS;
		for (const [token, pending] of this.#pending) {
			if (pending.sentAtMs > before) return;
			this.#settle(token, { kind: 'unknown', reason: `no acknowledgement within ${PUB_ACK_TIMEOUT_MS} ms` });
		}
	}
}

/** A stream at its limits answers with the code of a server in trouble, yet is as definite as can be: the message is not stored. */
const STREAM_FULL = /maximum (messages|bytes) exceeded/;

/** A duplicate without a sequence was never stored (staged ids of the 2.10 line); 503 means that the server could not decide. */
function toOutcome(ack: PubAck): PublishOutcome {
	if (ack.error !== undefined) {
		const reason = ack.error.description ?? 'JetStream error';
		return (ack.error.code ?? 503) === 503 && !STREAM_FULL.test(reason) ? { kind: 'unknown', reason } : { kind: 'refused', reason };
	}
	if (ack.seq === undefined || ack.seq <= 0) return { kind: 'unknown', reason: 'acknowledged without a sequence' };
	return { kind: 'stored', seq: ack.seq, duplicate: ack.duplicate === true };
}
