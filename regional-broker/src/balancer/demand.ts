/** Load-balanced requests that wait for a worker anywhere in the region: what makes workers start. Brokers tell each other theirs. */
import * as z from 'zod';
import type { Bus } from '../bus/bus.ts';
import type { Log } from '../log.ts';

const SUBJECT = 'brokers.waiting';
/** Changes are gathered this long before they are told. */
const GATHER_MS = 20;
/** What waits is told again this often … */
const REPEAT_MS = 1_000;
/** … and forgotten after this: the broker may be gone. */
const FORGET_MS = 3_000;

const message = z.object({ boot: z.string().max(64), waiting: z.record(z.string(), z.int().min(0)) });

export interface DemandOptions {
	readonly bus: Pick<Bus, 'publish' | 'subscribe'>;
	readonly boot: string;
	readonly now: () => number;
	/** More or fewer wait for the endpoint. */
	readonly onChange: (endpointId: string) => void;
	readonly log: Log;
}

export class Demand {
	readonly #options: DemandOptions;
	readonly #own = new Map<string, number>();
	readonly #others = new Map<string, { atMs: number; waiting: ReadonlyMap<string, number> }>();
	#timer: NodeJS.Timeout | null = null;
	readonly #repeat: NodeJS.Timeout;

	constructor(options: DemandOptions) {
		this.#options = options;
		options.bus.subscribe(SUBJECT, (data) => this.#hear(data));
		this.#repeat = setInterval(() => this.#tick(), REPEAT_MS).unref();
	}

	/** Requests that wait for a worker of the endpoint, at all brokers. */
	of(endpointId: string): number {
		let sum = this.#own.get(endpointId) ?? 0;
		for (const { waiting } of this.#others.values()) sum += waiting.get(endpointId) ?? 0;
		return sum;
	}

	/** Here `by` more wait, or fewer. */
	add(endpointId: string, by: number): void {
		const left = (this.#own.get(endpointId) ?? 0) + by;
		if (left > 0) this.#own.set(endpointId, left);
		else this.#own.delete(endpointId);
		this.#options.onChange(endpointId);
		this.#timer ??= setTimeout(() => this.#tell(), GATHER_MS);
	}

	stop(): void {
		clearInterval(this.#repeat);
		if (this.#timer !== null) clearTimeout(this.#timer);
	}

	#tell(): void {
		this.#timer = null;
		this.#options.bus.publish(SUBJECT, JSON.stringify({ boot: this.#options.boot, waiting: Object.fromEntries(this.#own) }));
	}

	#tick(): void {
		if (this.#own.size > 0) this.#tell();
		const oldest = this.#options.now() - FORGET_MS;
		for (const [boot, { atMs, waiting }] of this.#others) {
			if (atMs >= oldest) continue;
			this.#others.delete(boot);
			for (const endpointId of waiting.keys()) this.#options.onChange(endpointId);
		}
	}

	#hear(data: Uint8Array): void {
		const parsed = message.safeParse(JSON.parse(Buffer.from(data).toString()));
		if (!parsed.success) return this.#options.log.warn('another broker cannot be understood', { subject: SUBJECT, error: parsed.error.message.slice(0, 300) });
		const { boot, waiting } = parsed.data;
		if (boot === this.#options.boot) return;
		const before = this.#others.get(boot)?.waiting ?? new Map<string, number>();
		const now = new Map(Object.entries(waiting));
		this.#others.set(boot, { atMs: this.#options.now(), waiting: now });
		for (const endpointId of new Set([...before.keys(), ...now.keys()])) if (before.get(endpointId) !== now.get(endpointId)) this.#options.onChange(endpointId);
	}
}
