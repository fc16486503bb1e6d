/** The stream of hosts' reports and the relays' shared consumer of it. */
import type { Timer } from './kernel.ts';
import type { NatsClient, NatsServer } from './nats-model.ts';
import { Stream, type StreamMessage } from './nats-stream.ts';

const ACK_WAIT_MS = 30_000;

/** A relay that takes whatever comes while it has room. */
export interface Taker {
	readonly client: NatsClient;
	hasRoom(): boolean;
	take(message: StreamMessage): void;
}

export class EventQueue {
	stream: Stream;
	readonly #server: NatsServer;
	readonly #dedupeMs: number;
	readonly #ready = new Set<number>();
	readonly #unacked = new Map<number, Timer>();
	#takers: Taker[] = [];
	#next = 0;

	constructor(server: NatsServer, dedupeMs: number) {
		this.#server = server;
		this.#dedupeMs = dedupeMs;
		this.stream = new Stream(dedupeMs);
	}

	store(subject: string, data: Uint8Array, messageId: string): { seq: number; duplicate: boolean } {
		const stored = this.stream.store(subject, data, messageId, this.#server.kernel.now);
		if (!stored.duplicate) this.#ready.add(stored.seq);
		this.serve();
		return stored;
	}

	join(taker: Taker): void {
		this.#takers.push(taker);
		this.serve();
	}

	forget(place: string): void {
		this.#takers = this.#takers.filter(({ client }) => client.place !== place);
	}

	/** Messages settled, and gone as after the broker's purge. */
	ack(seq: number): void {
		this.#unacked.get(seq)?.cancel();
		this.#unacked.delete(seq);
		this.#ready.delete(seq);
		this.stream.messages.delete(seq);
	}

	working(seq: number): void {
		const timer = this.#unacked.get(seq);
		if (timer === undefined) return;
		timer.cancel();
		this.#unacked.set(seq, this.#redelivery(seq));
	}

	serve(): void {
		while (this.#ready.size > 0) {
			const open = this.#takers.filter((taker) => this.#server.reaches(taker.client) && taker.hasRoom());
			const taker = open[this.#next++ % Math.max(1, open.length)];
			if (taker === undefined) return;
			const seq = this.#ready.values().next().value as number;
			this.#ready.delete(seq);
			const message = this.stream.messages.get(seq);
			if (message === undefined) continue;
			this.#unacked.set(seq, this.#redelivery(seq));
			this.#server.deliver(taker.client, () => taker.take(message));
		}
	}

	/** After a restart everything that was not acknowledged comes again. */
	restart(): void {
		for (const timer of this.#unacked.values()) timer.cancel();
		this.#unacked.clear();
		this.#ready.clear();
		for (const seq of this.stream.messages.keys()) this.#ready.add(seq);
		this.serve();
	}

	wipe(): void {
		this.stream = new Stream(this.#dedupeMs);
		this.restart();
	}

	#redelivery(seq: number): Timer {
		return this.#server.kernel.plan(this.#server.actor, ACK_WAIT_MS, () => {
			if (!this.#unacked.delete(seq)) return;
			this.#ready.add(seq);
			this.serve();
		});
	}
}
