/** Rows of jobs in a JobStore's SQLite: one row a job, the multiplexed timer as an indexed column. Nothing here decides anything. */
import { dueAt, type Job, type JobPhase } from '@longshore/shared-schema/job/job';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS jobs (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	sync INTEGER NOT NULL, created_at INTEGER NOT NULL, ttl_at INTEGER NOT NULL, execution_timeout_ms INTEGER NOT NULL,
	low_priority INTEGER NOT NULL, retries_max INTEGER NOT NULL,
	phase TEXT NOT NULL, epoch INTEGER NOT NULL, region TEXT, token TEXT, seq INTEGER NOT NULL, sent_at INTEGER NOT NULL,
	started_at INTEGER, host_boot TEXT, worker_id TEXT, retries INTEGER NOT NULL, refusals INTEGER NOT NULL, next_at INTEGER NOT NULL,
	execution_ms INTEGER, ended_at INTEGER, expires_at INTEGER, error TEXT,
	due_at INTEGER NOT NULL,
	payload TEXT, payload_bytes INTEGER NOT NULL, output TEXT, output_bytes INTEGER, output_epoch INTEGER, stream_from INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (due_at);
CREATE INDEX IF NOT EXISTS jobs_running ON jobs (host_boot) WHERE phase = 'running';
CREATE INDEX IF NOT EXISTS jobs_queued ON jobs (created_at) WHERE phase IN ('waiting', 'sent', 'queued');
CREATE INDEX IF NOT EXISTS jobs_waiting ON jobs (n) WHERE phase = 'waiting';
`;

const JOB_COLUMNS = `n, id, sync, created_at, ttl_at, execution_timeout_ms, low_priority, retries_max, phase, epoch, region, token, seq, sent_at,
	started_at, host_boot, worker_id, retries, refusals, next_at, execution_ms, ended_at, expires_at, error, payload_bytes, output_bytes`;

const INSERT = `INSERT INTO jobs (id, sync, created_at, ttl_at, execution_timeout_ms, low_priority, retries_max, phase, epoch, region, token, seq, sent_at,
	retries, refusals, next_at, due_at, payload, payload_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const MUTABLE = `phase = ?, epoch = ?, region = ?, token = ?, seq = ?, sent_at = ?, started_at = ?, host_boot = ?, worker_id = ?, retries = ?,
	refusals = ?, next_at = ?, execution_ms = ?, ended_at = ?, expires_at = ?, error = ?, due_at = ?`;
const UPDATE = `UPDATE jobs SET ${MUTABLE} WHERE n = ?`;
const UPDATE_WITH_OUTPUT = `UPDATE jobs SET ${MUTABLE}, output = ?, output_bytes = ?, output_epoch = ? WHERE n = ?`;

/** A job with its row number and the sizes of its texts in bytes (output: null while there is none). */
export interface JobRow {
	readonly n: number;
	readonly job: Job;
	readonly payloadBytes: number;
	readonly outputBytes: number | null;
}

const FIND = `SELECT ${JOB_COLUMNS} FROM jobs WHERE id = ?`;

/** Values in the order of `JOB_COLUMNS`: rows as arrays cost a third of rows as objects. */
type Columns = SqlStorageValue[];

/** Reads and writes job rows. Each call is synchronous, so that a caller can do several in one transaction. */
export class JobTable {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(SCHEMA);
	}

	/** Adds a new job; `payload` is null when it lies in chunk rows. */
	insert(job: Job, payload: string | null, payloadBytes: number): void {
		this.#sql.exec(
			INSERT,
			job.id,
			job.sync ? 1 : 0,
			job.createdAt,
			job.ttlAt,
			job.executionTimeoutMs,
			job.lowPriority ? 1 : 0,
			job.retriesMax,
			job.phase,
			job.epoch,
			job.region,
			job.token,
			job.seq,
			job.sentAt,
			job.retries,
			job.refusals,
			job.nextAt,
			dueAt(job),
			payload,
			payloadBytes,
		);
	}

	/** Writes everything that can change about a job, with its small output in the same statement. */
	saveWithOutput(n: number, job: Job, output: string, outputBytes: number): void {
		this.#sql.exec(UPDATE_WITH_OUTPUT, ...mutable(job), output, outputBytes, job.epoch, n);
	}

	/** Writes everything that can change about a job. */
	save(n: number, job: Job): void {
		this.#sql.exec(UPDATE, ...mutable(job), n);
	}

	find(id: string): JobRow | null {
		const { value } = this.#sql.exec(FIND, id).raw<Columns>().next();
		return value === undefined ? null : toJobRow(value);
	}

	/** The job in row `n`. */
	at(n: number): JobRow | null {
		return this.#rows(`SELECT ${JOB_COLUMNS} FROM jobs WHERE n = ?`, n)[0] ?? null;
	}

	/** Jobs whose timer has run out, earliest first. */
	due(now: number, limit: number): JobRow[] {
		return this.#rows(`SELECT ${JOB_COLUMNS} FROM jobs WHERE due_at <= ? ORDER BY due_at LIMIT ?`, now, limit);
	}

	/** The earliest timer, or null when there is no job. */
	nextDueAt(): number | null {
		return this.#sql.exec<{ at: number | null }>('SELECT MIN(due_at) AS at FROM jobs').one().at;
	}

	/** Running jobs of a host boot. */
	runningOn(hostBoot: string): JobRow[] {
		return this.#rows(`SELECT ${JOB_COLUMNS} FROM jobs WHERE phase = 'running' AND host_boot = ?`, hostBoot);
	}

	/** Jobs without a region whose pause is over at `readyBy`, oldest first. */
	waiting(readyBy: number, limit: number): JobRow[] {
		return this.#rows(`SELECT ${JOB_COLUMNS} FROM jobs WHERE phase = 'waiting' AND next_at <= ? ORDER BY n LIMIT ?`, readyBy, limit);
	}

	/** Jobs up to row `upTo` that no worker has yet, oldest first. */
	queued(upTo: number, limit: number): JobRow[] {
		return this.#rows(`SELECT ${JOB_COLUMNS} FROM jobs WHERE phase IN ('waiting', 'sent', 'queued') AND n <= ? ORDER BY created_at LIMIT ?`, upTo, limit);
	}

	/** Number of the newest row; 0 when there is none. */
	lastRow(): number {
		return this.#sql.exec<{ n: number | null }>('SELECT MAX(n) AS n FROM jobs').one().n ?? 0;
	}

	/** How many queued jobs were submitted before `createdAt`. */
	queuedBefore(createdAt: number): number {
		return this.#sql.exec<{ count: number }>("SELECT COUNT(*) AS count FROM jobs WHERE phase IN ('waiting', 'sent', 'queued') AND created_at < ?", createdAt).one().count;
	}

	/** The newest jobs that have not expired at `now`, newest first, below row `before`. */
	newest(now: number, before: number, limit: number): JobRow[] {
		return this.#rows(`SELECT ${JOB_COLUMNS} FROM jobs WHERE n < ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY n DESC LIMIT ?`, before, now, limit);
	}

	/** Rewrites what a retry may change beyond `save`: the job's submission time and TTL. */
	restart(n: number, job: Job): void {
		this.save(n, job);
		this.#sql.exec('UPDATE jobs SET created_at = ?, ttl_at = ? WHERE n = ?', job.createdAt, job.ttlAt, n);
	}

	countByPhase(): Map<JobPhase, number> {
		const counts = new Map<JobPhase, number>();
		for (const row of this.#sql.exec<{ phase: string; count: number }>('SELECT phase, COUNT(*) AS count FROM jobs GROUP BY phase')) counts.set(row.phase as JobPhase, row.count);
		return counts;
	}

	remove(n: number): void {
		this.#sql.exec('DELETE FROM jobs WHERE n = ?', n);
	}

	#rows(query: string, ...bindings: (string | number)[]): JobRow[] {
		return [...this.#sql.exec(query, ...bindings).raw<Columns>()].map(toJobRow);
	}
}

/** Bindings of `MUTABLE`. */
function mutable(job: Job): (string | number | null)[] {
	return [
		job.phase,
		job.epoch,
		job.region,
		job.token,
		job.seq,
		job.sentAt,
		job.startedAt,
		job.hostBoot,
		job.workerId,
		job.retries,
		job.refusals,
		job.nextAt,
		job.executionMs,
		job.endedAt,
		job.expiresAt,
		job.error,
		dueAt(job),
	];
}

function toJobRow(row: Columns): JobRow {
	const text = (at: number): string | null => row[at] as string | null;
	const number = (at: number): number => row[at] as number;
	const maybe = (at: number): number | null => row[at] as number | null;
	const job: Job = {
		id: row[1] as string,
		sync: row[2] === 1,
		createdAt: number(3),
		ttlAt: number(4),
		executionTimeoutMs: number(5),
		lowPriority: row[6] === 1,
		retriesMax: number(7),
		phase: row[8] as JobPhase,
		epoch: number(9),
		region: text(10),
		token: text(11),
		seq: number(12),
		sentAt: number(13),
		startedAt: maybe(14),
		hostBoot: text(15),
		workerId: text(16),
		retries: number(17),
		refusals: number(18),
		nextAt: number(19),
		executionMs: maybe(20),
		endedAt: maybe(21),
		expiresAt: maybe(22),
		error: text(23),
	};
	return { n: number(0), job, payloadBytes: number(24), outputBytes: maybe(25) };
}
