/** What happened to every job as clients, receivers and observers at the machines saw it, and how often each thing was seen. */
import type { Kernel } from './kernel.ts';
import type { Execution } from './worker.ts';
import type { JobPlan } from './workload.ts';

export const INVARIANTS = {
	I1: 'an acknowledged job ends, and is known until its result expires',
	I2: 'one end per job and start, the same to every reader and receiver',
	I3: 'what readers see never goes back',
	I4: 'only results of the current attempt are taken, and no attempt starts beside one that is known to run',
	I5: 'a result reads the same until its expiry and not a moment longer',
	I6: 'a webhook reaches its receiver, signed off with one id over all tries',
	I7: 'no more workers run than the endpoint may have',
	I8: 'what is billed is what workers lived',
	I9: 'one job per idempotency key',
	I10: 'a purge takes all that was queued before it and nothing that came after',
	I11: 'no job is answered with what belongs to another',
	I12: 'a submit without an answer was taken or was not, for good',
	I13: 'nothing is left behind when all jobs are over',
} as const;
export type Invariant = keyof typeof INVARIANTS;

/** The end of a job in one of its starts. */
export interface End {
	readonly status: string;
	/** The execution whose output it is. */
	readonly x: number | null;
	readonly endedAt: number;
	readonly expiresAt: number;
}

export interface JobRecord {
	readonly plan: JobPlan;
	readonly id: string;
	readonly endpointId: string;
	readonly store: string;
	readonly submittedAt: number;
	/** `acked` and `absent` are for good. */
	state: 'sent' | 'unknown' | 'acked' | 'refused' | 'absent';
	ackedAt: number;
	/** How often it was started anew by its owner. */
	generation: number;
	/** The newest look: which turn of its store, and what it showed. */
	seen: { readonly turn: number; readonly generation: number; readonly rank: number; readonly epoch: number } | null;
	lastReadAt: number;
	readonly ends: Map<number, End>;
	readonly executions: Execution[];
	/** Results taken, by generation. */
	readonly taken: Map<number, number>;
	/** Attempts whose start the edge has written down. */
	readonly known: Set<number>;
	/** When its owner shortened, cancelled or purged it. */
	purgedAt: number | null;
	cancelled: boolean;
	closed: boolean;
}

export class Ledger {
	readonly jobs = new Map<string, JobRecord>();
	/** When purges were answered; one without an answer may act at any time. */
	readonly purges: { endedAt: number }[] = [];
	readonly counts = new Map<string, number>();
	readonly violations: { invariant: Invariant; text: string; at: number }[] = [];
	readonly #kernel: Kernel;
	readonly log: string[] = [];

	constructor(kernel: Kernel) {
		this.#kernel = kernel;
	}

	add(plan: JobPlan, id: string, endpointId: string, store: string): JobRecord {
		const record: JobRecord = {
			plan,
			id,
			endpointId,
			store,
			submittedAt: this.#kernel.now,
			state: 'sent',
			ackedAt: 0,
			generation: 0,
			seen: null,
			lastReadAt: 0,
			ends: new Map(),
			executions: [],
			taken: new Map(),
			known: new Set(),
			purgedAt: null,
			cancelled: false,
			closed: false,
		};
		this.jobs.set(id, record);
		return record;
	}

	/** One more look at an invariant, or one more of anything else that a run must have had. */
	count(name: string, by = 1): void {
		this.counts.set(name, (this.counts.get(name) ?? 0) + by);
	}

	/** A look at an invariant: broken unless `holds`. */
	check(invariant: Invariant, holds: boolean, text: () => string): void {
		this.count(invariant);
		if (!holds) this.broken(invariant, text());
	}

	broken(invariant: Invariant, text: string): void {
		this.violations.push({ invariant, text, at: this.#kernel.now });
		this.#kernel.note(`broken ${invariant} ${text}`);
		this.#kernel.stopped = true;
	}

	/** A line of the history that a reader of a failure wants to see. */
	tell(text: string): void {
		this.log.push(`${((this.#kernel.now - 1_750_000_000_000) / 1_000).toFixed(3).padStart(10)}  ${text}`);
		this.#kernel.note(text);
	}
}
