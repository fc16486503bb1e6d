/** What the operator wants of each host, kept on JetStream beyond any broker's life; the leader orders hosts about until they do it. It may not decide by itself that a host should drain. */
import type { HostCommand, HostReply } from '@longshore/shared-schema/wire/bus';
import * as z from 'zod';
import type { BusRecords } from '../bus/bus.ts';
import { dutyOrders, type HostDuty } from '../core/host-duty.ts';
import { errorText, type Log } from '../log.ts';
import type { KnownHost, Registry } from './registry.ts';

const KEY = 'duty.';
/** An order whose effect no report has shown is given again after this. */
const REPEAT_MS = 2_000;
/** Every broker reads the records again this often: what it was not told in passing, it learns then. */
const RELOAD_MS = 15_000;

/** What brokers tell each other of a host's duty. */
export const dutyNews = z.object({ hostId: z.string(), duty: z.enum(['open', 'cordoned', 'drained']) });
export type DutyNews = z.infer<typeof dutyNews>;

export interface DutiesOptions {
	readonly records: Pick<BusRecords, 'put' | 'delete' | 'list'>;
	readonly registry: Registry;
	/** Null: nobody listens there. Rejects when the host does not answer. */
	readonly command: (hostId: string, command: HostCommand) => Promise<HostReply | null>;
	readonly isLeader: () => boolean;
	readonly tell: (news: DutyNews) => void;
	/** A host's duty changed: placement and counts may be others now. */
	readonly onChanged: () => void;
	readonly now: () => number;
	readonly log: Log;
}

export class Duties {
	readonly #options: DutiesOptions;
	/** Hosts that are not simply open; `open` here: the host may still have to be told. */
	readonly #duties = new Map<string, HostDuty>();
	readonly #orderedAtMs = new Map<string, number>();
	/** When a duty last changed here: a list that was asked for before may be older. */
	readonly #changedAtMs = new Map<string, number>();
	#timer: NodeJS.Timeout | null = null;

	constructor(options: DutiesOptions) {
		this.#options = options;
	}

	of(hostId: string): HostDuty {
		return this.#duties.get(hostId) ?? 'open';
	}

	/** Reads what was ordered before, now and every so often. */
	start(): void {
		void this.#reload();
		this.#timer ??= setInterval(() => void this.#reload(), RELOAD_MS);
	}

	stop(): void {
		if (this.#timer !== null) clearInterval(this.#timer);
	}

	/** Keeps the operator's order; resolves when it would outlive this broker. */
	async set(hostId: string, duty: HostDuty): Promise<void> {
		await this.#options.records.put(KEY + hostId, duty);
		this.#options.log.info('a host has another duty', { hostId, duty });
		this.#options.tell({ hostId, duty });
		this.hear({ hostId, duty });
	}

	/** Another broker took an order. */
	hear({ hostId, duty }: DutyNews): void {
		if (this.#duties.get(hostId) === duty) return;
		this.#duties.set(hostId, duty);
		this.#changedAtMs.set(hostId, this.#options.now());
		for (const key of [...this.#orderedAtMs.keys()]) if (key.startsWith(`${hostId}/`)) this.#orderedAtMs.delete(key);
		const host = this.#options.registry.host(hostId);
		if (host !== undefined) this.reconcile(host);
		this.#options.onChanged();
	}

	/** A host has reported: orders it about when it does not do its duty. */
	reconcile(host: KnownHost): void {
		const { id } = host.figure;
		const duty = this.#duties.get(id);
		if (duty === undefined || host.n === 0 || !this.#options.isLeader()) return;
		const { drain, stop } = dutyOrders(duty, { draining: host.figure.draining, workers: host.workers });
		if (drain !== null) this.#order(id, { op: 'drain', on: drain });
		for (const workerId of stop) this.#order(id, { op: 'stop-worker', workerId });
		if (duty === 'open' && drain === null) this.#forget(id);
	}

	/** Sends a command unless the same one is on its way or was just obeyed. */
	#order(hostId: string, command: Extract<HostCommand, { op: 'drain' | 'stop-worker' }>): void {
		const key = `${hostId}/${command.op === 'drain' ? 'drain' : command.workerId}`;
		const now = this.#options.now();
		if (now - (this.#orderedAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return;
		this.#orderedAtMs.set(key, now);
		this.#options.command(hostId, command).catch((error: unknown) => this.#options.log.warn('a host did not answer an order', { hostId, op: command.op, error: errorText(error) }));
	}

	/** The host works again as if nothing had been: nothing to remember. */
	#forget(hostId: string): void {
		this.#duties.delete(hostId);
		this.#changedAtMs.set(hostId, this.#options.now());
		for (const key of [...this.#orderedAtMs.keys()]) if (key.startsWith(`${hostId}/`)) this.#orderedAtMs.delete(key);
		this.#options.records.delete(KEY + hostId).catch((error: unknown) => this.#options.log.warn("cannot forget a host's duty, trying later", { hostId, error: errorText(error) }));
	}

	async #reload(): Promise<void> {
		try {
			const askedAtMs = this.#options.now();
			const records = await this.#options.records.list(KEY);
			const hostIds = new Set([...[...records.keys()].map((key) => key.slice(KEY.length)), ...this.#duties.keys()]);
			for (const hostId of hostIds) {
				if ((this.#changedAtMs.get(hostId) ?? Number.NEGATIVE_INFINITY) >= askedAtMs) continue;
				// A record that is gone: another broker has seen the host work again.
				const news = dutyNews.safeParse({ hostId, duty: records.get(KEY + hostId) ?? 'open' });
				if (news.success) this.hear(news.data);
			}
		} catch (error) {
			this.#options.log.warn("cannot read the hosts' duties, trying on", { error: errorText(error) });
		}
	}
}
