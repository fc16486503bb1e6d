/**
 * A region's NATS server, as nasty as it was measured: what was not synced is gone after a power cut, acknowledged messages may come again
 * after a kill, messages come more than once, everything may be wiped. Its subjects, streams and pull consumers are as the product uses them.
 */
import { JOB_ACK_WAIT_MS } from '../../shared-schema/src/limits.ts';
import { Actor, type Kernel } from './kernel.ts';
import { EventQueue } from './nats-events.ts';
import { JobQueue, type Pulled } from './nats-jobs.ts';
import type { Network } from './network.ts';

const DEDUPE_MS = 600_000;

/** A client's subscription. */
export interface Subscription {
	readonly client: NatsClient;
	readonly pattern: string;
	readonly group: string | undefined;
	hear(data: Uint8Array, reply: ((data: Uint8Array) => void) | null, subject: string): void;
}

/** A connection of a process to this server. */
export interface NatsClient {
	readonly place: string;
	readonly actor: Actor;
	connected: boolean;
	/** When the newest message each way arrives: a connection keeps their order. */
	toServerAt: number;
	toClientAt: number;
}

type MayPull = (hostId: string, endpointId: string, permit: string) => boolean;

export class NatsServer {
	readonly kernel: Kernel;
	readonly actor: Actor;
	readonly place: string;
	readonly clients: NatsClient[] = [];
	readonly jobs: JobQueue;
	readonly events: EventQueue;
	/** The key-value bucket of the brokers. */
	readonly records = new Map<string, { value: string; revision: number }>();
	#revision = 0;
	readonly #subscriptions: Subscription[] = [];
	readonly #forwarders: { readonly client: NatsClient; readonly mayPull: MayPull }[] = [];
	readonly #network: Network;

	constructor(kernel: Kernel, network: Network, place: string, eventDedupeMs: number) {
		this.kernel = kernel;
		this.place = place;
		this.actor = new Actor(place);
		this.#network = network;
		this.events = new EventQueue(this, eventDedupeMs);
		this.jobs = new JobQueue(this, DEDUPE_MS, JOB_ACK_WAIT_MS);
	}

	subscribe(subscription: Subscription): void {
		this.#subscriptions.push(subscription);
	}

	/** A broker passes hosts' pulls on where they may pull. */
	addForwarder(client: NatsClient, mayPull: MayPull): void {
		this.#forwarders.push({ client, mayPull });
	}

	/** A host's pull goes through one of the brokers to the consumer; what it brings comes straight back. */
	forwardPull(from: NatsClient, endpointId: string, permit: string, pull: (hear: (pulled: Pulled) => void) => void, hear: (pulled: Pulled) => void): void {
		const hostId = from.place.split('/')[1] ?? '';
		this.arrive(from, () => {
			const open = this.#forwarders.filter(({ client }) => this.reaches(client));
			const chosen = open[Math.floor(this.kernel.random('groups')() * open.length)];
			const absent = (): void => this.deliver(from, () => hear({ kind: 'absent' }));
			if (chosen === undefined) return absent();
			this.deliver(chosen.client, () => this.arrive(chosen.client, () => (chosen.mayPull(hostId, endpointId, permit) ? pull(hear) : absent())));
		});
	}

	/** A connection is gone, and with it what was asked on it. */
	disconnect(client: NatsClient): void {
		const at = this.clients.indexOf(client);
		if (at >= 0) this.clients.splice(at, 1);
		this.jobs.dropRequestsOf(client);
	}

	/** A process has died: nothing of its earlier life hears anything. */
	forget(place: string): void {
		for (let i = this.#subscriptions.length - 1; i >= 0; i--) if (this.#subscriptions[i]?.client.place === place) this.#subscriptions.splice(i, 1);
		for (let i = this.clients.length - 1; i >= 0; i--) if (this.clients[i]?.place === place) this.clients.splice(i, 1);
		for (let i = this.#forwarders.length - 1; i >= 0; i--) if (this.#forwarders[i]?.client.place === place) this.#forwarders.splice(i, 1);
		this.jobs.forget(place);
		this.events.forget(place);
	}

	/** Runs something here when a client's message arrives, behind those before it; nothing when the connection is dead. */
	arrive(client: NatsClient, run: () => void): void {
		if (!this.reaches(client)) return;
		client.toServerAt = Math.max(client.toServerAt, this.kernel.now + this.#network.delayMs());
		this.kernel.plan(this.actor, client.toServerAt - this.kernel.now, run);
	}

	/** Runs something at a client when a message to it arrives. `life`: of the client when it asked. */
	deliver(client: NatsClient, run: () => void, life: number = client.actor.life): void {
		if (!this.reaches(client)) return;
		client.toClientAt = Math.max(client.toClientAt, this.kernel.now + this.#network.delayMs());
		this.kernel.plan(client.actor, client.toClientAt - this.kernel.now, run, life);
	}

	/** Whether what a client sends, or is sent, passes now. */
	reaches(client: NatsClient): boolean {
		return client.connected && this.actor.up && !this.#network.isCut(client.place, this.place) && !this.#network.isCut(this.place, client.place);
	}

	/** Who hears a subject now: every plain subscription, one of each group. */
	listeners(subject: string, except: NatsClient | null): Subscription[] {
		const heard = this.#subscriptions.filter(({ client, pattern }) => client !== except && this.reaches(client) && matches(pattern, subject));
		const plain = heard.filter(({ group }) => group === undefined);
		const groups = Map.groupBy(
			heard.filter(({ group }) => group !== undefined),
			({ group }) => group,
		);
		const random = this.kernel.random('groups');
		return [...plain, ...[...groups.values()].map((members) => members[Math.floor(random() * members.length)] as Subscription)];
	}

	/** Passes a message on; `reply` goes back to `from`. `nobody` is called when nobody hears it. */
	publish(from: NatsClient, subject: string, data: Uint8Array, reply: ((data: Uint8Array) => void) | null, nobody: () => void = () => {}): void {
		const { life } = from.actor;
		this.arrive(from, () => {
			const listeners = this.listeners(subject, from);
			if (listeners.length === 0) this.deliver(from, nobody, life);
			for (const { client, hear } of listeners) {
				// The answer passes here too: one way to the server, one way back.
				const back = (answer: Uint8Array): void => this.arrive(client, () => this.deliver(from, () => reply?.(answer), life));
				this.deliver(client, () => hear(data, reply === null ? null : back, subject));
			}
		});
	}

	swap(key: string, value: string, revision: number | null): number | null {
		if (revision !== null && (this.records.get(key)?.revision ?? 0) !== revision) return null;
		this.records.set(key, { value, revision: ++this.#revision });
		return this.#revision;
	}

	/** Everything is on disk now. */
	sync(): void {
		this.jobs.stream.sync();
		this.events.stream.sync();
	}

	/** The disk is empty. */
	wipe(): void {
		this.records.clear();
		this.events.wipe();
		this.jobs.wipe();
	}
}

function matches(pattern: string, subject: string): boolean {
	if (pattern === subject) return true;
	if (!pattern.includes('*')) return false;
	const [a, b] = [pattern.split('.'), subject.split('.')];
	return a.length === b.length && a.every((token, i) => token === '*' || token === b[i]);
}
