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
CREATE INDEX IF NOT EXISTS jobs_queued ON jobs (n) WHERE phase IN ('waiting', 'sent', 'queued');
CREATE INDEX IF NOT EXISTS jobs_waiting ON jobs (n) WHERE phase = 'waiting';
`;

const JOB_COLUMNS = `n, id, sync, created_at, ttl_at, execution_timeout_ms, low_priority, retries_max, phase, epoch, region, token, seq, sent_at,
	started_at, host_boot, worker_id, retries, refusals, next_at, execution_ms, ended_at, expires_at, error, payload_bytes, output_bytes`;

const INSERT = `INSERT INTO jobs (id, sync, created_at, ttl_at, execution_timeout_ms, low_priority, retries_max, phase, epoch, region, token, seq, sent_at,
	retries, refusals, next_at, due_at, payload, payload_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING n`;

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

type Columns = Record<string, SqlStorageValue>;

/** Reads and writes job rows. Each call is synchronous, so that a caller can do several in one transaction. */
export class JobTable {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(SCHEMA);
	}

	/** Adds a new job; `payload` is null when it lies in chunk rows. Returns the row number. */
	insert(job: Job, payload: string | null, payloadBytes: number): number {
		const row = this.#sql
			.exec(INSERT, job.id, job.sync ? 1 : 0, job.createdAt, job.ttlAt, job.executionTimeoutMs, job.lowPriority ? 1 : 0, job.retriesMax, job.phase, job.epoch, job.region, job.token, job.seq, job.sentAt, job.retries, job.refusals, job.nextAt, dueAt(job), payload, payloadBytes)
			.one();
		return row['n'] as number;
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
		const [row] = this.#sql.exec<Columns>(`SELECT ${JOB_COLUMNS} FROM jobs WHERE id = ?`, id);
		return row === undefined ? null : toJobRow(row);
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
		return this.#rows(`SELECT ${JOB_COLUMNS} FROM jobs WHERE phase IN ('waiting', 'sent', 'queued') AND n <= ? ORDER BY n LIMIT ?`, upTo, limit);
	}

	/** Number of the newest row; 0 when there is none. */
	lastRow(): number {
		return this.#sql.exec<{ n: number | null }>('SELECT MAX(n) AS n FROM jobs').one().n ?? 0;
	}

	/** How many queued jobs came before row `n`. */
	queuedBefore(n: number): number {
		return this.#sql.exec<{ count: number }>("SELECT COUNT(*) AS count FROM jobs WHERE phase IN ('waiting', 'sent', 'queued') AND n < ?", n).one().count;
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
		return this.#sql.exec<Columns>(query, ...bindings).toArray().map(toJobRow);
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
	const job: Job = {
		id: row['id'] as string,
		sync: row['sync'] === 1,
		createdAt: row['created_at'] as number,
		ttlAt: row['ttl_at'] as number,
		executionTimeoutMs: row['execution_timeout_ms'] as number,
		lowPriority: row['low_priority'] === 1,
		retriesMax: row['retries_max'] as number,
		phase: row['phase'] as JobPhase,
		epoch: row['epoch'] as number,
		region: row['region'] as string | null,
		token: row['token'] as string | null,
		seq: row['seq'] as number,
		sentAt: row['sent_at'] as number,
		startedAt: row['started_at'] as number | null,
		hostBoot: row['host_boot'] as string | null,
		workerId: row['worker_id'] as string | null,
		retries: row['retries'] as number,
		refusals: row['refusals'] as number,
		nextAt: row['next_at'] as number,
		executionMs: row['execution_ms'] as number | null,
		endedAt: row['ended_at'] as number | null,
		expiresAt: row['expires_at'] as number | null,
		error: row['error'] as string | null,
	};
	return { n: row['n'] as number, job, payloadBytes: row['payload_bytes'] as number, outputBytes: row['output_bytes'] as number | null };
}
