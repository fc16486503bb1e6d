/** Looks at a job's status from its submit to beyond its expiry, and holds every answer against all that was seen of the job before. */
import type { EdgeProcess } from './edge.ts';
import type { Kernel } from './kernel.ts';
import type { End, JobRecord, Ledger } from './ledger.ts';
import type { Peer } from './network.ts';
import type { WorldSettings } from './settings.ts';
import type { MachineWitness, RowLook } from './witness.ts';

const RANKS: Readonly<Record<string, number>> = { IN_QUEUE: 0, IN_PROGRESS: 1, COMPLETED: 2, FAILED: 2, CANCELLED: 2, TIMED_OUT: 2 };
const LOOK_MS_MIN = 400;
const AGAIN_MS = 2_000;
/** A submit without an answer has arrived by then, or never will. */
const SETTLED_MS = 150_000;
/** Looks this close around the expiry. */
const EDGE_MS = 20;

interface Answer {
	readonly view: { readonly head: string; readonly tail: string } | null;
	readonly row: RowLook | null;
}

interface Status {
	readonly status: string;
	readonly output?: { readonly n: number; readonly tag: string; readonly x: number };
	readonly error?: string;
}

export interface Caller extends Peer {
	call<T>(serve: () => Promise<T>, timeoutMs?: number): Promise<T>;
}

export interface ReaderWorld {
	readonly kernel: Kernel;
	readonly edge: EdgeProcess;
	readonly ledger: Ledger;
	readonly machines: MachineWitness;
	readonly settings: WorldSettings;
}

export class Reader {
	readonly #world: ReaderWorld;

	constructor(world: ReaderWorld) {
		this.#world = world;
	}

	/** Looks until the job has ended, or was never there. */
	async follow(job: JobRecord, caller: Caller): Promise<void> {
		const longest = this.#retentionMs(job) / 4;
		for (let waitMs = LOOK_MS_MIN; !job.closed && !job.ends.has(job.generation); waitMs = Math.min(longest, waitMs * 2)) {
			await this.#pause(caller, waitMs);
			if (!(await this.look(job, caller))) waitMs = AGAIN_MS / 2;
		}
	}

	/** Looks in the middle of the retention, just before its end and just after it. */
	async watchExpiry(job: JobRecord, caller: Caller): Promise<void> {
		const { kernel } = this.#world;
		const end = job.ends.get(job.generation);
		if (end === undefined || job.closed) return;
		for (const at of [kernel.now + (end.expiresAt - kernel.now) / 2, end.expiresAt - EDGE_MS, end.expiresAt + EDGE_MS / 4, end.expiresAt + EDGE_MS]) {
			await this.#pause(caller, Math.max(1, at - kernel.now));
			await this.look(job, caller);
		}
		for (let tries = 0; !job.closed && tries < 200; tries++) {
			await this.#pause(caller, AGAIN_MS);
			await this.look(job, caller);
		}
	}

	/** One look; false when there was no answer. */
	async look(job: JobRecord, caller: Caller): Promise<boolean> {
		const { edge, ledger, kernel } = this.#world;
		const askedAt = kernel.now;
		try {
			const answer = (await caller.call(() => edge.stub('JOB_STORE', job.store)['view']?.(job.id) as Promise<unknown>)) as Answer;
			ledger.count('reads');
			if (answer.view === null) this.#missing(job, askedAt);
			else this.#seen(job, JSON.parse(answer.view.head + answer.view.tail) as Status, answer.row as RowLook);
			return true;
		} catch (error) {
			if ((error as Error).name === 'SyntaxError') throw error;
			return false;
		}
	}

	#missing(job: JobRecord, askedAt: number): void {
		const { ledger, kernel } = this.#world;
		if (job.closed) return;
		const end = job.ends.get(job.generation);
		if (job.state === 'unknown') {
			// A frozen edge may still find the request in its socket.
			if (kernel.now - job.submittedAt < SETTLED_MS) return;
			job.state = 'absent';
			job.closed = true;
			ledger.check('I12', job.executions.length === 0, () => `job ${job.id} was told to be unknown, and ran`);
			ledger.count('submits without an answer that were not taken');
			return;
		}
		if (end !== undefined) {
			ledger.check('I5', kernel.now >= end.expiresAt, () => `job ${job.id} was gone ${Math.round(end.expiresAt - kernel.now)} ms before its expiry`);
			ledger.count('expiries seen');
		} else {
			// Between two looks it may have ended and expired, when they were that far apart.
			ledger.check('I1', askedAt - job.lastReadAt >= this.#retentionMs(job), () => `job ${job.id} (${job.plan.n}) was acknowledged and is unknown`);
		}
		job.closed = true;
	}

	#seen(job: JobRecord, { status, output, error }: Status, row: RowLook): void {
		const { ledger } = this.#world;
		if (job.state === 'unknown') {
			job.state = 'acked';
			ledger.count('submits without an answer that were taken');
		}
		const rank = RANKS[status] ?? -1;
		const seen = job.seen;
		if (row.expiresAt !== null) ledger.check('I5', row.at < row.expiresAt, () => `job ${job.id} was shown ${row.at - (row.expiresAt ?? 0)} ms after its expiry`);
		// Answers overtake each other: the order is that of the store's turns.
		if (seen !== null && row.turn < seen.turn) return;
		job.lastReadAt = Math.max(job.lastReadAt, row.at);
		if (seen !== null && seen.generation === job.generation) {
			const forward = rank >= seen.rank || (seen.rank < 2 && row.epoch > seen.epoch) || (seen.rank === 1 && row.phase === 'waiting');
			ledger.check('I3', forward, () => `job ${job.id} was seen ${status} (attempt ${row.epoch}) after rank ${seen.rank} (attempt ${seen.epoch})`);
		}
		job.seen = { turn: row.turn, generation: job.generation, rank, epoch: row.epoch };
		if (rank < 2 || row.expiresAt === null) return;
		this.#ended(job, { status, x: output?.x ?? null, endedAt: row.endedAt ?? 0, expiresAt: row.expiresAt }, row, output, error);
	}

	#ended(job: JobRecord, end: End, row: RowLook, output: Status['output'], error: string | undefined): void {
		const { ledger, machines } = this.#world;
		const known = job.ends.get(job.generation);
		const text = (one: End): string => `${one.status} of execution ${one.x}, until ${one.expiresAt}`;
		if (known !== undefined) {
			ledger.check('I2', text(known) === text(end), () => `job ${job.id} was ${text(known)} and is ${text(end)}`);
			return;
		}
		job.ends.set(job.generation, end);
		ledger.tell(`client: job ${job.plan.n} is ${end.status}${error === undefined ? '' : ` (${error.slice(0, 60)})`}`);
		ledger.count(`ends ${end.status}`);
		ledger.check('I5', (row.endedAt ?? 0) + this.#retentionMs(job) === end.expiresAt, () => `job ${job.id} ends at ${row.endedAt} and expires at ${end.expiresAt}`);
		if (job.purgedAt !== null)
			ledger.check('I10', end.status !== 'COMPLETED' || (job.executions[0]?.startedAt ?? 0) < job.purgedAt, () => `job ${job.id} was purged from the queue and is ${end.status}`);
		if (error === 'removed by purge-queue') {
			const wasMeant = job.plan.endpoint === 2 && ledger.purges.some(({ endedAt }) => endedAt >= job.submittedAt);
			ledger.check('I10', wasMeant, () => `job ${job.id} was purged, and every purge had been answered before it was submitted`);
		}
		if (output === undefined) return;
		const execution = machines.execution(output.x);
		ledger.check(
			'I11',
			output.n === job.plan.n && execution?.jobId === job.id && output.tag === `tag-${job.plan.endpoint}`,
			() => `job ${job.id} is answered with the output of ${execution?.jobId}`,
		);
		ledger.check('I4', execution?.epoch === row.epoch, () => `job ${job.id} shows the result of attempt ${execution?.epoch}, its current one is ${row.epoch}`);
	}

	#retentionMs({ plan }: JobRecord): number {
		return plan.sync ? this.#world.settings.retentionSyncMs : this.#world.settings.retentionAsyncMs;
	}

	#pause({ actor }: Caller, ms: number): Promise<void> {
		return new Promise((resolve) => void this.#world.kernel.plan(actor, ms, resolve));
	}
}
