/** Observers at the stores and at the machines: what they see does not pass through the product's own telemetry. */
import type { Kernel } from './kernel.ts';
import type { Ledger } from './ledger.ts';
import type { DurableCell } from './objects.ts';
import type { Execution, JobInput, WorkerProcess, WorkerWitness } from './worker.ts';

/** A job's row, read beside the product. */
export interface RowLook {
	readonly turn: number;
	readonly at: number;
	readonly phase: string;
	readonly epoch: number;
	readonly endedAt: number | null;
	readonly expiresAt: number | null;
}

const LOOK = 'SELECT phase, epoch, ended_at, expires_at FROM jobs WHERE id = ?';
const TERMINAL = /^(completed|failed|cancelled|timed_out)$/;
/** A machine that stood still needs so long to notice that its time is over: one look at its lease and one kill. */
const PAUSE_GRACE_MS = 30_000;

let turns = 0;

/** The row of a job as it stands in this turn of its store. */
export function lookAt(cell: DurableCell, kernel: Kernel, id: string): RowLook | null {
	const [row] = (cell.sql.exec(LOOK, id)?.toArray() ?? []) as { phase: string; epoch: number; ended_at: number | null; expires_at: number | null }[];
	if (row === undefined) return null;
	return { turn: ++turns, at: kernel.now, phase: row.phase, epoch: row.epoch, endedAt: row.ended_at, expiresAt: row.expires_at };
}

interface Report {
	readonly event: { readonly kind: string; readonly id: string; readonly epoch: number };
}

/** Sees each call of a JobStore before and after its turn. */
export class StoreWitness {
	readonly #kernel: Kernel;
	readonly #ledger: Ledger;

	constructor(kernel: Kernel, ledger: Ledger) {
		this.#kernel = kernel;
		this.#ledger = ledger;
	}

	before(cell: DurableCell, method: string, args: readonly unknown[]): unknown {
		if (method !== 'report') return null;
		return (args[1] as readonly Report[]).map(({ event }) => lookAt(cell, this.#kernel, event.id));
	}

	/** Returns what the caller gets; a read's answer is joined by the row of its moment. */
	after(cell: DurableCell, method: string, args: readonly unknown[], value: unknown, looks: unknown): unknown {
		if (method === 'view') return { view: value, row: lookAt(cell, this.#kernel, args[0] as string) };
		if (method === 'retry' && value === true) this.#retried(cell, args[0] as string);
		if (method === 'report') this.#reported(cell, args[1] as readonly Report[], value as readonly string[], looks as readonly (RowLook | null)[]);
		if (method === 'claim') this.#claimed(cell, args[1] as readonly Report['event'][], value as readonly string[]);
		return value;
	}

	#retried(cell: DurableCell, id: string): void {
		const job = this.#ledger.jobs.get(id);
		if (job === undefined) return;
		job.generation++;
		cell.ifLost(() => void job.generation--);
	}

	#claimed(cell: DurableCell, claims: readonly Report['event'][], answers: readonly string[]): void {
		claims.forEach(({ id, epoch }, i) => {
			this.#ledger.count(answers[i] === 'run' ? 'claims granted' : 'claims refused');
			if (answers[i] === 'run') cell.afterCommit(() => this.#ledger.jobs.get(id)?.known.add(epoch));
		});
	}

	#reported(cell: DurableCell, reports: readonly Report[], verdicts: readonly string[], looks: readonly (RowLook | null)[]): void {
		const inBatch = new Map<string, string>();
		reports.forEach(({ event }, i) => {
			const verdict = verdicts[i];
			const row = looks[i];
			const job = this.#ledger.jobs.get(event.id);
			if (job === undefined || verdict === undefined) return;
			const isTerminal = row === null || row === undefined || TERMINAL.test(row.phase) || inBatch.get(event.id) === 'result';
			if (verdict === 'accepted') {
				const current = row !== null && row !== undefined && row.epoch === event.epoch && !isTerminal;
				this.#ledger.check(
					'I4',
					current,
					() => `${event.kind} of attempt ${event.epoch} of job ${event.id} was taken when the store had ${row?.phase ?? 'nothing'}, attempt ${row?.epoch}`,
				);
				if (event.kind === 'started') cell.afterCommit(() => job.known.add(event.epoch));
				if (event.kind === 'result') this.#taken(cell, event.id);
			} else if (event.kind === 'result') this.#ledger.count(verdict === 'duplicate' ? 'results repeated' : 'stale results offered');
			else if (isTerminal) this.#ledger.count('late events refused');
			inBatch.set(event.id, verdict === 'accepted' ? event.kind : '');
		});
	}

	#taken(cell: DurableCell, id: string): void {
		const job = this.#ledger.jobs.get(id);
		if (job === undefined) return;
		const { generation } = job;
		cell.afterCommit(() => {
			const taken = (job.taken.get(generation) ?? 0) + 1;
			job.taken.set(generation, taken);
			this.#ledger.check('I2', taken === 1, () => `${taken} results of job ${id} were taken in start ${generation}`);
		});
	}
}

/** A worker's time as its machine saw it. `heardAt`: when its agent could first hear of its end, later when that stood still. */
export interface Life {
	readonly worker: WorkerProcess;
	endedAt: number | null;
	heardAt: number;
	wasCut: boolean;
}

/** Sees processes and executions. */
export class MachineWitness implements WorkerWitness {
	readonly lives: Life[] = [];
	readonly #byWorker = new Map<WorkerProcess, Life>();
	readonly #kernel: Kernel;
	readonly #ledger: Ledger;
	readonly #executions: Execution[] = [];
	readonly #live = new Set<WorkerProcess>();
	workersMax: ReadonlyMap<string, number> = new Map();

	constructor(kernel: Kernel, ledger: Ledger) {
		this.#kernel = kernel;
		this.#ledger = ledger;
	}

	workerStarted(worker: WorkerProcess): void {
		const life: Life = { worker, endedAt: null, heardAt: Number.POSITIVE_INFINITY, wasCut: false };
		this.lives.push(life);
		this.#byWorker.set(worker, life);
		this.#live.add(worker);
		const max = this.workersMax.get(worker.endpointId) ?? 0;
		const alive = [...this.#live].filter((one) => one.endpointId === worker.endpointId && !this.#isExcused(one)).length;
		this.#ledger.check('I7', alive <= max, () => `${alive} workers of ${worker.endpointId} run, at most ${max} may`);
		if (alive === max) this.#ledger.count('workers at their maximum');
		this.#ledger.tell(`worker ${worker.id} starts on ${worker.machine.id}`);
	}

	workerEnded(worker: WorkerProcess): void {
		const life = this.#byWorker.get(worker);
		if (life !== undefined) {
			life.endedAt = this.#kernel.now;
			life.heardAt = Math.max(this.#kernel.now, worker.machine.actor.pausedUntil);
			life.wasCut = !worker.machine.actor.up || worker.machine.host === null;
		}
		this.#live.delete(worker);
		this.#ledger.tell(`worker ${worker.id} ends`);
	}

	began(jobId: string, epoch: number, input: JobInput, worker: WorkerProcess): Execution {
		const execution: Execution = {
			x: this.#executions.length,
			jobId,
			epoch,
			input,
			worker,
			startedAt: this.#kernel.now,
			generation: this.#ledger.jobs.get(jobId)?.generation ?? 0,
			endedAt: null,
		};
		this.#executions.push(execution);
		const job = this.#ledger.jobs.get(jobId);
		if (job === undefined) this.#ledger.broken('I11', `worker ${worker.id} was given ${jobId}, which nobody sent`);
		else {
			this.#ledger.check('I11', input.n === job.plan.n && worker.endpointId === job.endpointId, () => `job ${jobId} ran with another job's input`);
			this.#ledger.check('I12', job.state !== 'absent' && job.state !== 'refused', () => `job ${jobId} ran, though a reader was told that there is none`);
			for (const other of job.executions) if (other.endedAt === null) this.#beside(other, execution, job.known.has(other.epoch));
			job.executions.push(execution);
		}
		this.#ledger.tell(`${worker.machine.id} runs job ${input.n} attempt ${epoch} (${input.kind})`);
		return execution;
	}

	ended(execution: Execution): void {
		execution.endedAt = this.#kernel.now;
	}

	execution(x: number): Execution | undefined {
		return this.#executions[x];
	}

	get executions(): number {
		return this.#executions.length;
	}

	/** Two executions of one job at one time. */
	#beside(older: Execution, newer: Execution, known: boolean): void {
		this.#ledger.count('executions beside another');
		// What its owner starts anew after its time-out may begin while the old worker is still being stopped.
		if (this.#isExcused(older.worker) || older.generation !== newer.generation) return;
		// A move of a queued job may cross its start; the loser is stopped. One whose start was written down must have ended first.
		this.#ledger.check(
			'I4',
			!known || older.epoch >= newer.epoch,
			() => `attempt ${newer.epoch} of ${newer.jobId} began on ${newer.worker.machine.id} while ${older.epoch} ran on ${older.worker.machine.id}`,
		);
	}

	/** A machine that stands still, or stood a moment ago, and a worker whose agent was killed and is not back yet. */
	#isExcused({ machine }: WorkerProcess): boolean {
		return machine.pausedUntil + PAUSE_GRACE_MS > this.#kernel.now || machine.host === null;
	}
}
