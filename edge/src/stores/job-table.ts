/** Rows of jobs in a JobStore's SQLite: one row a job, the multiplexed timer as an indexed column. Texts of tenants are sealed. Nothing here decides anything. */
import { dueAt, type Job, type JobPhase } from '@longshore/shared-schema/job/job';
import type { TextSeal } from './text-seal.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS jobs (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	sync INTEGER NOT NULL, created_at INTEGER NOT NULL, ttl_at INTEGER NOT NULL, execution_timeout_ms INTEGER NOT NULL,
	low_priority INTEGER NOT NULL, retries_max INTEGER NOT NULL,
	phase TEXT NOT NULL, epoch INTEGER NOT NULL, region TEXT, token TEXT, seq INTEGER NOT NULL, sent_at INTEGER NOT NULL,
	started_at INTEGER, host_boot TEXT, worker_id TEXT, retries INTEGER NOT NULL, refusals INTEGER NOT NULL, next_at INTEGER NOT NULL,
	execution_ms INTEGER, ended_at INTEGER, expires_at INTEGER, error TEXT,
	due_at INTEGER NOT NULL, key_gen INTEGER NOT NULL DEFAULT 0,
	payload TEXT, payload_bytes INTEGER NOT NULL, output TEXT, output_bytes INTEGER, output_epoch INTEGER, stream_from INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (due_at);
CREATE INDEX IF NOT EXISTS jobs_running ON jobs (host_boot) WHERE phase = 'running';
CREATE INDEX IF NOT EXISTS jobs_queued ON jobs (created_at) WHERE phase IN ('waiting', 'sent', 'queued');
CREATE INDEX IF NOT EXISTS jobs_waiting ON jobs (n) WHERE phase = 'waiting';
`;

const JOB_COLUMNS = `n, id, sync, created_at, ttl_at, execution_timeout_ms, low_priority, retries_max, phase, epoch, region, token, seq, sent_at,
	started_at, host_boot, worker_id, retries, refusals, next_at, execution_ms, ended_at, expires_at, error, payload_bytes, output_bytes, key_gen`;

const INSERT = `INSERT INTO jobs (id, sync, created_at, ttl_at, execution_timeout_ms, low_priority, retries_max, phase, epoch, region, token, seq, sent_at,
	retries, refusals, next_at, due_at, key_gen, payload, payload_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

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
	/** The key of all its texts. */
	readonly keyGen: number;
}

const FIND = `SELECT ${JOB_COLUMNS} FROM jobs WHERE id = ?`;

/** Values in the order of `JOB_COLUMNS`: rows as arrays cost a third of rows as objects. */
type Columns = SqlStorageValue[];
type Stored = string | ArrayBuffer | null;
type Place = Pick<JobRow, 'n' | 'keyGen'>;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Reads and writes job rows. Each call is synchronous, so that a caller can do several in one transaction. */
export class JobTable {
	readonly #sql: SqlStorage;
	readonly #seal: TextSeal;
	/** How many jobs have their texts under which key. */
	readonly #byKey = new Map<number, number>();

	constructor(sql: SqlStorage, seal: TextSeal) {
		this.#sql = sql;
		this.#seal = seal;
		sql.exec(SCHEMA);
		const columns = sql.exec<{ name: string }>('PRAGMA table_info(jobs)').toArray();
		if (!columns.some(({ name }) => name === 'key_gen')) sql.exec('ALTER TABLE jobs ADD COLUMN key_gen INTEGER NOT NULL DEFAULT 0');
		this.reload();
	}

	/** Counts keys anew, after a transaction that was undone. */
	reload(): void {
		this.#byKey.clear();
		for (const { key_gen, count } of this.#sql.exec<{ key_gen: number; count: number }>('SELECT key_gen, COUNT(*) AS count FROM jobs GROUP BY key_gen'))
			this.#byKey.set(key_gen, count);
	}

	/** How many jobs have their texts under a key. */
	underKey(keyGen: number): number {
		return this.#byKey.get(keyGen) ?? 0;
	}

	/** Adds a new job; `payload` is null when it lies in chunk rows. */
	insert(job: Job, keyGen: number, payload: Uint8Array | null, payloadBytes: number): void {
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
			keyGen,
			payload === null ? null : this.#seal.seal(keyGen, payload),
			payloadBytes,
		);
		this.#count(keyGen, 1);
	}

	/** Writes everything that can change about a job, with its small output in the same statement. */
	saveWithOutput({ n, keyGen }: Place, job: Job, output: Uint8Array): void {
		this.#sql.exec(UPDATE_WITH_OUTPUT, ...this.#mutable(keyGen, job), this.#seal.seal(keyGen, output), output.length, job.epoch, n);
	}

	/** Writes everything that can change about a job. */
	save({ n, keyGen }: Place, job: Job): void {
		this.#sql.exec(UPDATE, ...this.#mutable(keyGen, job), n);
	}

	/** Seals a row's own texts with another key. Its chunks are the caller's. */
	moveToKey({ n, keyGen, job }: JobRow, to: number): void {
		const { payload, output } = this.#sql.exec<{ payload: Stored; output: Stored }>('SELECT payload, output FROM jobs WHERE n = ?', n).one();
		const move = (stored: Stored): Uint8Array | null => (stored === null ? null : this.#seal.seal(to, this.#seal.open(keyGen, stored)));
		this.#sql.exec('UPDATE jobs SET key_gen = ?, payload = ?, output = ?, error = ? WHERE n = ?', to, move(payload), move(output), this.#sealError(to, job), n);
		this.#count(keyGen, -1);
		this.#count(to, 1);
	}

	/** Rows behind `after`, at most `look` of them, that are under a key; and the last row looked at, null behind the last. */
	someUnderKey(keyGen: number, after: number, look: number): { rows: JobRow[]; last: number | null } {
		const { last } = this.#sql.exec<{ last: number | null }>('SELECT MAX(n) AS last FROM (SELECT n FROM jobs WHERE n > ? ORDER BY n LIMIT ?)', after, look).one();
		if (last === null) return { rows: [], last };
		return { rows: this.#rows(`SELECT ${JOB_COLUMNS} FROM jobs WHERE n > ? AND n <= ? AND key_gen = ?`, after, last, keyGen), last };
	}

	find(id: string): JobRow | null {
		const { value } = this.#sql.exec(FIND, id).raw<Columns>().next();
		return value === undefined ? null : this.#toJobRow(value);
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

	/** Running jobs of a region. */
	runningIn(region: string): JobRow[] {
		return this.#rows(`SELECT ${JOB_COLUMNS} FROM jobs WHERE phase = 'running' AND region = ?`, region);
	}

	/** Jobs that a region has acknowledged and no worker has begun, oldest first; `sentToo`: also those without an answer yet. */
	queuedIn(region: string, sentToo: boolean, limit: number): JobRow[] {
		const phases = sentToo ? "phase IN ('sent', 'queued')" : "phase = 'queued'";
		return this.#rows(`SELECT ${JOB_COLUMNS} FROM jobs WHERE phase IN ('waiting', 'sent', 'queued') AND ${phases} AND region = ? ORDER BY created_at LIMIT ?`, region, limit);
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
	restart(row: JobRow, job: Job): void {
		this.save(row, job);
		this.#sql.exec('UPDATE jobs SET created_at = ?, ttl_at = ? WHERE n = ?', job.createdAt, job.ttlAt, row.n);
	}

	countByPhase(): Map<JobPhase, number> {
		const counts = new Map<JobPhase, number>();
		for (const row of this.#sql.exec<{ phase: string; count: number }>('SELECT phase, COUNT(*) AS count FROM jobs GROUP BY phase')) counts.set(row.phase as JobPhase, row.count);
		return counts;
	}

	remove({ n, keyGen }: Place): void {
		this.#sql.exec('DELETE FROM jobs WHERE n = ?', n);
		this.#count(keyGen, -1);
	}

	#count(keyGen: number, by: 1 | -1): void {
		this.#byKey.set(keyGen, this.underKey(keyGen) + by);
	}

	#rows(query: string, ...bindings: (string | number)[]): JobRow[] {
		return [...this.#sql.exec(query, ...bindings).raw<Columns>()].map((row) => this.#toJobRow(row));
	}

	/** An error may quote what a worker printed. */
	#sealError(keyGen: number, { error }: Job): Uint8Array | null {
		return error === null ? null : this.#seal.seal(keyGen, encoder.encode(error));
	}

	/** Bindings of `MUTABLE`. */
	#mutable(keyGen: number, job: Job): (string | number | Uint8Array | null)[] {
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
			this.#sealError(keyGen, job),
			dueAt(job),
		];
	}

	#toJobRow(row: Columns): JobRow {
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
			error: row[23] === null ? null : decoder.decode(this.#seal.open(number(26), row[23] as string | ArrayBuffer)),
		};
		return { n: number(0), job, payloadBytes: number(24), outputBytes: maybe(25), keyGen: number(26) };
	}
}
