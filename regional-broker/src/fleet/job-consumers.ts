/** Keeps one durable consumer for each granted endpoint: made before its first publish, made again when the server lost it, removed with the endpoint. */
import type { Bus } from '../bus/bus.ts';
import { errorText, type Log } from '../log.ts';

/** A consumer whose jobs wait is looked at again this often. */
const LOOK_MS = 10_000;

export class JobConsumers {
	readonly #bus: Pick<Bus, 'ensureJobConsumer' | 'removeJobConsumer'>;
	readonly #log: Log;
	readonly #now: () => number;
	readonly #ensured = new Map<string, Promise<void>>();
	readonly #lookedAtMs = new Map<string, number>();

	constructor(bus: Pick<Bus, 'ensureJobConsumer' | 'removeJobConsumer'>, now: () => number, log: Log) {
		this.#bus = bus;
		this.#now = now;
		this.#log = log;
	}

	/** Resolves when the endpoint's consumer is there; rejects when NATS cannot say. */
	ensure(endpointId: string): Promise<void> {
		const known = this.#ensured.get(endpointId);
		if (known !== undefined) return known;
		const ensuring = this.#bus.ensureJobConsumer(endpointId);
		this.#ensured.set(endpointId, ensuring);
		ensuring.catch((error: unknown) => {
			if (this.#ensured.get(endpointId) === ensuring) this.#ensured.delete(endpointId);
			this.#log.warn('cannot make the consumer of an endpoint', { endpointId, error: errorText(error) });
		});
		return ensuring;
	}

	/** Jobs of the endpoint wait: its consumer may have been removed from a server that is up, and nobody is told of that. */
	look(endpointId: string): void {
		const now = this.#now();
		if (now - (this.#lookedAtMs.get(endpointId) ?? Number.NEGATIVE_INFINITY) < LOOK_MS) return;
		this.#lookedAtMs.set(endpointId, now);
		this.#ensured.delete(endpointId);
		this.ensure(endpointId).catch(() => {});
	}

	/** Looks at every one again: the connection is new, so the server's store may be another. */
	refresh(endpointIds: readonly string[]): void {
		this.#ensured.clear();
		for (const endpointId of endpointIds) this.ensure(endpointId).catch(() => {});
	}

	remove(endpointId: string): void {
		this.#ensured.delete(endpointId);
		this.#lookedAtMs.delete(endpointId);
		this.#bus.removeJobConsumer(endpointId).catch((error: unknown) => this.#log.warn('cannot remove the consumer of an endpoint', { endpointId, error: errorText(error) }));
	}
}
