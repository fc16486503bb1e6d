/** A process's connection to its region's NATS: lost when the server dies or the network falls silent, and tried again until it stands. */
import type { Actor, Kernel } from './kernel.ts';
import type { NatsClient, NatsServer } from './nats-model.ts';

/** A broken connection is noticed within this time. */
const SILENCE_MS = 20_000;
const RETRY_MS = 200;
const LOOK_MS = 4_000;

export interface NatsLink {
	readonly client: NatsClient;
	readonly server: NatsServer;
	onState(listener: (state: 'up' | 'down') => void): void;
	/** A request to the server itself: rejects when it cannot be reached or does not answer in time. */
	call<T>(run: () => T, timeoutMs?: number): Promise<T>;
}

/** Connects an actor; the first connection stands after a moment. */
export function connectNats(kernel: Kernel, server: NatsServer, actor: Actor, place: string): NatsLink {
	const client: NatsClient = { place, actor, connected: false, toServerAt: 0, toClientAt: 0 };
	const listeners: ((state: 'up' | 'down') => void)[] = [];
	let silentSince: number | null = null;
	const lose = (): void => {
		client.connected = false;
		server.disconnect(client);
		for (const listener of listeners) listener('down');
	};
	const look = (): void => {
		if (!client.connected) {
			client.connected = true;
			if (server.reaches(client)) {
				silentSince = null;
				server.clients.push(client);
				for (const listener of listeners) listener('up');
			} else client.connected = false;
		} else if (!server.actor.up || !server.clients.includes(client)) lose();
		else if (server.reaches(client)) silentSince = null;
		else {
			silentSince ??= kernel.now;
			if (kernel.now - silentSince > SILENCE_MS * kernel.random('silence')()) lose();
		}
		kernel.plan(actor, client.connected ? LOOK_MS : RETRY_MS * (1 + kernel.random('reconnect')()), look);
	};
	kernel.plan(actor, 1, look);
	return {
		client,
		server,
		onState: (listener) => void listeners.push(listener),
		call: <T>(run: () => T, timeoutMs = 3_000) =>
			new Promise<T>((resolve, reject) => {
				const { life } = actor;
				if (!client.connected) return reject(new Error('no connection to NATS'));
				const timer = kernel.plan(actor, timeoutMs, () => reject(new Error('NATS does not answer')));
				const answer = (value: T): void => {
					timer.cancel();
					resolve(value);
				};
				server.arrive(client, () => {
					const value = run();
					server.deliver(client, () => answer(value), life);
				});
			}),
	};
}
