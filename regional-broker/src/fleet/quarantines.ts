/** GPUs that the operator has taken out of placement, kept on JetStream beyond any broker's life; the leader orders hosts about until they do without them. */
import type { HostCommand, HostReply } from '@longshore/shared-schema/wire/bus';
import * as z from 'zod';
import type { BusRecords } from '../bus/bus.ts';
import { quarantineOrders } from '../core/quarantine.ts';
import { errorText, type Log } from '../log.ts';
import type { KnownHost, Registry } from './registry.ts';

const KEY = 'gpus.';
/** An order whose effect no report has shown is given again after this. */
const REPEAT_MS = 2_000;
/** Every broker reads the records again this often: what it was not told in passing, it learns then. */
const RELOAD_MS = 15_000;
const SWAPS_MAX = 5;

/** Index of a GPU → why it was taken out. */
const wanted = z.record(z.string().regex(/^\d{1,2}$/), z.string());
type Wanted = z.infer<typeof wanted>;

export interface QuarantinesOptions {
	readonly records: Pick<BusRecords, 'get' | 'swap' | 'list'>;
	readonly registry: Pick<Registry, 'host'>;
	/** Null: nobody listens there. Rejects when the host does not answer. */
	readonly command: (hostId: string, command: HostCommand) => Promise<HostReply | null>;
	readonly isLeader: () => boolean;
	/** Other brokers should read a host's record again. */
	readonly tell: (hostId: string) => void;
	readonly now: () => number;
	readonly log: Log;
}

export class Quarantines {
	readonly #options: QuarantinesOptions;
	readonly #wanted = new Map<string, Wanted>();
	readonly #orderedAtMs = new Map<string, number>();
	#timer: NodeJS.Timeout | null = null;

	constructor(options: QuarantinesOptions) {
		this.#options = options;
	}

	/** Reads what was ordered before, now and every so often. */
	start(): void {
		void this.#reload();
		this.#timer ??= setInterval(() => void this.#reload(), RELOAD_MS);
	}

	stop(): void {
		if (this.#timer !== null) clearInterval(this.#timer);
	}

	of(hostId: string): Wanted {
		return this.#wanted.get(hostId) ?? {};
	}

	/** Takes a GPU out (`reason`) or back in (null); resolves when the order would outlive this broker. */
	async set(hostId: string, gpu: number, reason: string | null): Promise<void> {
		const { records, tell, log } = this.#options;
		for (let tries = 0; tries < SWAPS_MAX; tries++) {
			const record = await records.get(KEY + hostId);
			const { [gpu]: _, ...others } = record === null ? {} : wanted.parse(JSON.parse(record.value));
			const after: Wanted = reason === null ? others : { ...others, [gpu]: reason };
			if ((await records.swap(KEY + hostId, JSON.stringify(after), record?.revision ?? 0)) === null) continue;
			log.info(reason === null ? 'a GPU is let back in' : 'a GPU is taken out by the operator', { hostId, gpu, reason });
			this.#hear(hostId, after);
			tell(hostId);
			return;
		}
		throw new Error(`the GPUs of ${hostId} are being changed by somebody else`);
	}

	/** Another broker took an order. */
	async hear(hostId: string): Promise<void> {
		try {
			const record = await this.#options.records.get(KEY + hostId);
			if (record !== null) this.#hear(hostId, wanted.parse(JSON.parse(record.value)));
		} catch (error) {
			this.#options.log.warn('cannot read which GPUs are out, they are read again later', { hostId, error: errorText(error) });
		}
	}

	/** A host has reported: orders it about when it does not do as it should. */
	reconcile(host: KnownHost): void {
		if (host.n === 0 || !this.#options.isLeader()) return;
		const { id } = host.figure;
		for (const order of quarantineOrders(this.#wanted.get(id) ?? {}, host.figure.quarantined ?? [])) {
			const key = `${id}/${order.gpu}/${order.reason ?? ''}`;
			const now = this.#options.now();
			if (now - (this.#orderedAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) continue;
			this.#orderedAtMs.set(key, now);
			this.#options
				.command(id, { op: 'quarantine-gpu', ...order })
				.catch((error: unknown) => this.#options.log.warn('a host did not answer an order', { hostId: id, op: 'quarantine-gpu', error: errorText(error) }));
		}
	}

	#hear(hostId: string, gpus: Wanted): void {
		this.#wanted.set(hostId, gpus);
		for (const key of [...this.#orderedAtMs.keys()]) if (key.startsWith(`${hostId}/`)) this.#orderedAtMs.delete(key);
		const host = this.#options.registry.host(hostId);
		if (host !== undefined) this.reconcile(host);
	}

	async #reload(): Promise<void> {
		try {
			for (const [key, value] of await this.#options.records.list(KEY)) this.#hear(key.slice(KEY.length), wanted.parse(JSON.parse(value)));
		} catch (error) {
			this.#options.log.warn('cannot read which GPUs are out, trying on', { error: errorText(error) });
		}
	}
}
