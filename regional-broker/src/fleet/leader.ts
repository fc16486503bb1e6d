/** Elects one broker of the region by a lease in the brokers' bucket: renewed every 2 s, taken over after 8 s, given up at once when it cannot be renewed. */
import type { BusRecords } from '../bus/bus.ts';
import { errorText, type Log } from '../log.ts';

const KEY = 'leader';
const RENEW_MS = 2_000;
const TAKE_OVER_MS = 8_000;
/** A leader that could not renew for this long has stopped to be one in its own eyes: well before another takes over. */
const TRUST_MS = 5_000;

export interface LeaderOptions {
	readonly records: Pick<BusRecords, 'get' | 'swap'>;
	/** Configured name: a restarted broker takes its own lease back at once. */
	readonly brokerId: string;
	readonly boot: string;
	/** When the edge was heard last, kept in the lease for the next leader. */
	readonly edgeHeardAtMs: () => number | null;
	readonly now: () => number;
	readonly log: Log;
	readonly onChange: (isLeader: boolean, edgeHeardAtMs: number | null) => void;
}

interface Lease {
	readonly brokerId: string;
	readonly boot: string;
	readonly edgeHeardAtMs: number | null;
}

export class Leader {
	readonly #options: LeaderOptions;
	#timer: NodeJS.Timeout | null = null;
	#leads = false;
	#trustedUntilMs = 0;
	#revision = 0;
	#seenAtMs = 0;
	#busy = false;
	#stopped = false;

	constructor(options: LeaderOptions) {
		this.#options = options;
	}

	start(): void {
		this.#timer ??= setInterval(() => void this.turn(), RENEW_MS);
		void this.turn();
	}

	isLeader(): boolean {
		return this.#leads && this.#options.now() < this.#trustedUntilMs;
	}

	/** Renews the lease, or takes it when it is free, ours from before, or overdue. */
	async turn(): Promise<void> {
		if (this.#busy || this.#stopped) return;
		this.#busy = true;
		const startedAtMs = this.#options.now();
		try {
			if (this.#leads) await this.#renew(startedAtMs);
			else await this.#tryTake(startedAtMs);
		} catch (error) {
			if (this.#leads) this.#lose(`cannot renew: ${errorText(error)}`);
		} finally {
			this.#busy = false;
		}
	}

	/** Frees the lease so that another broker takes over at once. */
	async stop(): Promise<void> {
		this.#stopped = true;
		if (this.#timer !== null) clearInterval(this.#timer);
		if (!this.#leads) return;
		this.#lose('stops');
		const free: Lease = { brokerId: '', boot: '', edgeHeardAtMs: this.#options.edgeHeardAtMs() };
		await this.#options.records
			.swap(KEY, JSON.stringify(free), this.#revision)
			.catch((error: unknown) => this.#options.log.warn('cannot free the lease', { error: errorText(error) }));
	}

	async #renew(startedAtMs: number): Promise<void> {
		const revision = await this.#options.records.swap(KEY, this.#lease(), this.#revision);
		if (revision === null) this.#lose('another broker took the lease');
		else this.#hold(revision, startedAtMs);
	}

	async #tryTake(startedAtMs: number): Promise<void> {
		const record = await this.#options.records.get(KEY);
		const held = record === null ? null : (JSON.parse(record.value) as Lease);
		if (record !== null && record.revision !== this.#revision) {
			this.#revision = record.revision;
			this.#seenAtMs = startedAtMs;
		}
		const free = held === null || held.brokerId === '' || held.brokerId === this.#options.brokerId || startedAtMs - this.#seenAtMs >= TAKE_OVER_MS;
		if (!free) return;
		const revision = await this.#options.records.swap(KEY, this.#lease(held?.edgeHeardAtMs ?? null), record?.revision ?? 0);
		if (revision === null) return;
		this.#leads = true;
		this.#hold(revision, startedAtMs);
		this.#options.log.info('leads the fleet');
		this.#options.onChange(true, held?.edgeHeardAtMs ?? null);
	}

	#hold(revision: number, startedAtMs: number): void {
		this.#revision = revision;
		this.#trustedUntilMs = startedAtMs + TRUST_MS;
	}

	#lose(why: string): void {
		this.#leads = false;
		this.#seenAtMs = this.#options.now();
		this.#options.log.info('no longer leads the fleet', { why });
		this.#options.onChange(false, null);
	}

	#lease(before: number | null = null): string {
		const lease: Lease = { brokerId: this.#options.brokerId, boot: this.#options.boot, edgeHeardAtMs: this.#options.edgeHeardAtMs() ?? before };
		return JSON.stringify(lease);
	}
}
