/** Keeps one durable consumer for each granted endpoint: made before its first publish, made again when the server lost it, removed with the endpoint. */
import type { Bus } from '../bus/bus.ts';
import { errorText, type Log } from '../log.ts';

export class JobConsumers {
	readonly #bus: Pick<Bus, 'ensureJobConsumer' | 'removeJobConsumer'>;
	readonly #log: Log;
	readonly #ensured = new Map<string, Promise<void>>();

	constructor(bus: Pick<Bus, 'ensureJobConsumer' | 'removeJobConsumer'>, log: Log) {
		this.#bus = bus;
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

	/** Looks at every one again: the connection is new, so the server's store may be another. */
	refresh(endpointIds: readonly string[]): void {
		this.#ensured.clear();
		for (const endpointId of endpointIds) this.ensure(endpointId).catch(() => {});
	}

	remove(endpointId: string): void {
		this.#ensured.delete(endpointId);
		this.#bus.removeJobConsumer(endpointId).catch((error: unknown) => this.#log.warn('cannot remove the consumer of an endpoint', { endpointId, error: errorText(error) }));
	}
}
