/** The work-queue stream of jobs and its pull consumers: at least once, in order, waiting requests served in turn. */
import type { Timer } from './kernel.ts';
import type { NatsClient, NatsServer } from './nats-model.ts';
import { Stream, type StreamMessage } from './nats-stream.ts';

/** What a pull brings: a message with its delivery count, or the end of the request with what it did not bring. */
export type Pulled =
	| { readonly kind: 'message'; readonly message: StreamMessage; readonly delivered: number; readonly token: string }
	| { readonly kind: 'ended'; readonly pending: number }
	| { readonly kind: 'heartbeat' }
	| { readonly kind: 'absent' };

interface Request {
	readonly client: NatsClient;
	readonly life: number;
	readonly hear: (pulled: Pulled) => void;
	left: number;
	readonly until: number;
	beat: Timer | null;
}

interface Consumer {
	readonly endpointId: string;
	/** Delivered and not acknowledged: how often, and when it comes again. */
	readonly unacked: Map<number, { delivered: number; token: string; timer: Timer }>;
	/** To be delivered, in order. */
	readonly ready: Set<number>;
	readonly counts: Map<number, number>;
	deliveredSeq: number;
	requests: Request[];
}

/** Acknowledgements of the last moment before a kill are forgotten. Milliseconds. */
const GHOST_MS = 1_000;

export class JobQueue {
	stream: Stream;
	readonly consumers = new Map<string, Consumer>();
	readonly #server: NatsServer;
	readonly #dedupeMs: number;
	readonly #ackWaitMs: number;
	#acked: { at: number; message: StreamMessage }[] = [];
	#tokens = 0;

	constructor(server: NatsServer, dedupeMs: number, ackWaitMs: number) {
		this.#server = server;
		this.#dedupeMs = dedupeMs;
		this.#ackWaitMs = ackWaitMs;
		this.stream = new Stream(dedupeMs);
	}

	store(subject: string, data: Uint8Array, messageId: string): { seq: number; duplicate: boolean } {
		const stored = this.stream.store(subject, data, messageId, this.#server.kernel.now);
		if (!stored.duplicate) this.#enqueue(stored.seq, subject);
		return stored;
	}

	/** Makes the endpoint's consumer unless it is there. */
	ensure(endpointId: string): void {
		if (this.consumers.has(endpointId)) return;
		const ready = [...this.stream.messages.values()].filter(({ subject }) => endpointOf(subject) === endpointId).map(({ seq }) => seq);
		this.consumers.set(endpointId, { endpointId, unacked: new Map(), ready: new Set(ready), counts: new Map(), deliveredSeq: 0, requests: [] });
	}

	remove(endpointId: string): void {
		const consumer = this.consumers.get(endpointId);
		this.consumers.delete(endpointId);
		for (const { timer } of consumer?.unacked.values() ?? []) timer.cancel();
		for (const request of consumer?.requests ?? []) this.#tell(request, { kind: 'absent' });
	}

	purge(endpointId: string): void {
		for (const { seq, subject } of [...this.stream.messages.values()]) if (endpointOf(subject) === endpointId) this.delete(seq);
	}

	delete(seq: number): boolean {
		for (const consumer of this.consumers.values()) {
			consumer.ready.delete(seq);
			consumer.unacked.get(seq)?.timer.cancel();
			consumer.unacked.delete(seq);
		}
		return this.stream.messages.delete(seq);
	}

	pull(client: NatsClient, endpointId: string, batch: number, expiresMs: number, heartbeatMs: number, hear: (pulled: Pulled) => void): void {
		const { kernel, actor } = this.#server;
		const request: Request = { client, life: client.actor.life, hear, left: batch, until: kernel.now + expiresMs, beat: null };
		const consumer = this.consumers.get(endpointId);
		if (consumer === undefined) return this.#tell(request, { kind: 'absent' });
		consumer.requests.push(request);
		const beat = (): void => {
			request.beat = kernel.plan(actor, Math.min(heartbeatMs, Math.max(1, request.until - kernel.now)), () => {
				if (kernel.now >= request.until) this.#end(consumer, request);
				else {
					this.#tell(request, { kind: 'heartbeat' });
					beat();
				}
			});
		};
		beat();
		this.#serve(consumer);
	}

	/** Acknowledgements carry the token of their delivery; `later` gives a message back. */
	ack(endpointId: string, seq: number, token: string): void {
		const consumer = this.consumers.get(endpointId);
		const held = consumer?.unacked.get(seq);
		// An acknowledgement counts for its message, whichever delivery it was of; once it is done nothing is left to acknowledge.
		if (consumer === undefined || held === undefined || token === '') return;
		const message = this.stream.messages.get(seq);
		const now = this.#server.kernel.now;
		this.#acked = this.#acked.filter(({ at }) => now - at < GHOST_MS);
		if (message !== undefined) this.#acked.push({ at: now, message });
		this.delete(seq);
	}

	nak(endpointId: string, seq: number, delayMs: number): void {
		this.#redeliverIn(endpointId, seq, delayMs);
	}

	working(endpointId: string, seq: number): void {
		this.#redeliverIn(endpointId, seq, this.#ackWaitMs);
	}

	/** The process is gone; its requests stay until they expire, as on the server: what they get comes again after the ack wait. */
	forget(place: string): void {
		for (const consumer of this.consumers.values()) for (const request of consumer.requests) if (request.client.place === place) request.beat?.cancel();
		for (const consumer of this.consumers.values()) consumer.requests = consumer.requests.filter(({ client }) => client.place !== place);
	}

	/** A connection is gone: the server closes what it asked for. */
	dropRequestsOf(client: NatsClient): void {
		for (const consumer of this.consumers.values()) {
			for (const request of consumer.requests) if (request.client === client) request.beat?.cancel();
			consumer.requests = consumer.requests.filter((request) => request.client !== client);
		}
	}

	/** Every connection is gone, and with them all waiting requests. */
	dropRequests(): void {
		for (const consumer of this.consumers.values()) {
			for (const { beat } of consumer.requests) beat?.cancel();
			consumer.requests = [];
		}
	}

	/** After a kill: what was acknowledged in the last moment is there again, and everything unacknowledged comes again. */
	resurrect(ghosts: boolean): number {
		const { now } = this.#server.kernel;
		const back = ghosts ? this.#acked.filter(({ at }) => now - at < GHOST_MS) : [];
		this.#acked = [];
		for (const { message } of back) this.stream.messages.set(message.seq, message);
		for (const consumer of this.consumers.values()) {
			for (const [seq, { timer }] of consumer.unacked) {
				timer.cancel();
				consumer.ready.add(seq);
			}
			consumer.unacked.clear();
			for (const seq of [...consumer.ready]) if (!this.stream.messages.has(seq)) consumer.ready.delete(seq);
			for (const { message } of back) if (endpointOf(message.subject) === consumer.endpointId) consumer.ready.add(message.seq);
		}
		return back.length;
	}

	wipe(): void {
		this.dropRequests();
		for (const endpointId of [...this.consumers.keys()]) this.remove(endpointId);
		this.stream = new Stream(this.#dedupeMs);
		this.#acked = [];
	}

	#enqueue(seq: number, subject: string): void {
		const consumer = this.consumers.get(endpointOf(subject));
		if (consumer === undefined) return;
		consumer.ready.add(seq);
		this.#serve(consumer);
	}

	#serve(consumer: Consumer): void {
		while (consumer.ready.size > 0) {
			const request = consumer.requests.find(({ client, left }) => this.#server.reaches(client) && left > 0);
			if (request === undefined) return;
			const seq = consumer.ready.values().next().value as number;
			consumer.ready.delete(seq);
			const message = this.stream.messages.get(seq);
			if (message === undefined) continue;
			request.left--;
			const delivered = (consumer.counts.get(seq) ?? 0) + 1;
			consumer.counts.set(seq, delivered);
			if (consumer.counts.size > 5_000) for (const old of consumer.counts.keys()) if (!this.stream.messages.has(old)) consumer.counts.delete(old);
			consumer.deliveredSeq = Math.max(consumer.deliveredSeq, seq);
			const token = String(++this.#tokens);
			consumer.unacked.set(seq, { delivered, token, timer: this.#redelivery(consumer, seq, this.#ackWaitMs) });
			this.#tell(request, { kind: 'message', message, delivered, token });
			if (request.left === 0) this.#close(consumer, request);
		}
	}

	#redelivery(consumer: Consumer, seq: number, delayMs: number): Timer {
		const { kernel, actor } = this.#server;
		return kernel.plan(actor, delayMs, () => {
			if (!consumer.unacked.delete(seq)) return;
			consumer.ready.add(seq);
			this.#serve(consumer);
		});
	}

	#redeliverIn(endpointId: string, seq: number, delayMs: number): void {
		const consumer = this.consumers.get(endpointId);
		const held = consumer?.unacked.get(seq);
		if (consumer === undefined || held === undefined) return;
		held.timer.cancel();
		consumer.unacked.set(seq, { ...held, timer: this.#redelivery(consumer, seq, delayMs) });
	}

	#end(consumer: Consumer, request: Request): void {
		this.#close(consumer, request);
		this.#tell(request, { kind: 'ended', pending: request.left });
	}

	#close(consumer: Consumer, request: Request): void {
		request.beat?.cancel();
		consumer.requests = consumer.requests.filter((other) => other !== request);
	}

	#tell({ client, life, hear }: Request, pulled: Pulled): void {
		this.#server.deliver(client, () => hear(pulled), life);
	}
}

export function endpointOf(subject: string): string {
	return subject.split('.')[1] ?? '';
}
