/** Counts of a JobStore's jobs: how many are where (memory, rebuilt from the rows) and how many have ended (persistent). */
import { isQueued, type JobPhase } from '@longshore/shared-schema/job/job';

/** RunPod's `jobs` object of `/health`. */
export interface JobCounts {
	completed: number;
	failed: number;
	inProgress: number;
	inQueue: number;
	retried: number;
}

type Lasting = 'completed' | 'failed' | 'retried';

/** Kept in step by its store: `move` inside the transaction that moves a job, `save` at its end. */
export class Tallies {
	readonly #sql: SqlStorage;
	readonly #counts: JobCounts = { completed: 0, failed: 0, inProgress: 0, inQueue: 0, retried: 0 };
	readonly #changed = new Set<Lasting>();
	#paceMs: number | null = null;

	constructor(sql: SqlStorage, byPhase: ReadonlyMap<JobPhase, number>) {
		this.#sql = sql;
		sql.exec('CREATE TABLE IF NOT EXISTS tallies (name TEXT PRIMARY KEY, count INTEGER NOT NULL)');
		this.reload(byPhase);
	}

	/** Counts anew from what is stored: at the start, and after a transaction that was taken back. */
	reload(byPhase: ReadonlyMap<JobPhase, number>): void {
		this.#changed.clear();
		Object.assign(this.#counts, { completed: 0, failed: 0, inProgress: 0, inQueue: 0, retried: 0 } satisfies JobCounts);
		for (const [phase, count] of byPhase) {
			if (isQueued(phase)) this.#counts.inQueue += count;
			else if (phase === 'running') this.#counts.inProgress += count;
		}
		for (const { name, count } of this.#sql.exec<{ name: Lasting; count: number }>('SELECT name, count FROM tallies')) this.#counts[name] = count;
	}

	/** Records that a job went from one phase (null: it is new) to another. */
	move(from: JobPhase | null, to: JobPhase): void {
		if (from !== null) this.#add(from, -1);
		this.#add(to, 1);
	}

	retried(): void {
		this.#counts.retried++;
		this.#changed.add('retried');
	}

	/** A job has run: its time counts a tenth in the pace. */
	ran(executionMs: number): void {
		this.#paceMs = this.#paceMs === null ? executionMs : this.#paceMs * 0.9 + executionMs * 0.1;
	}

	/** Usual run time of the last jobs since this object started; null when none has ended. */
	get paceMs(): number | null {
		return this.#paceMs;
	}

	/** Writes what lasts, in the caller's transaction. */
	save(): void {
		for (const name of this.#changed)
			this.#sql.exec('INSERT INTO tallies (name, count) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET count = excluded.count', name, this.#counts[name]);
		this.#changed.clear();
	}

	get counts(): Readonly<JobCounts> {
		return this.#counts;
	}

	#add(phase: JobPhase, by: 1 | -1): void {
		if (isQueued(phase)) this.#counts.inQueue += by;
		else if (phase === 'running') this.#counts.inProgress += by;
		else if (by === 1 && (phase === 'completed' || phase === 'failed')) {
			this.#counts[phase]++;
			this.#changed.add(phase);
		}
	}
}
