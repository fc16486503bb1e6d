/** `Idempotency-Key`s of a shard: which job a key stands for, and the hash of the body that it came with. */

const SCHEMA = `
CREATE TABLE IF NOT EXISTS idempotency (key TEXT PRIMARY KEY, job TEXT NOT NULL, body TEXT NOT NULL, until INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS idempotency_until ON idempotency (until);
`;
/** A key is remembered this long from its submit. */
const KEEP_MS = 86_400_000;

/** SHA-256 (hex) of a caller's key and of its request body; a batch's own keys are no hash. */
export interface IdempotencyKey {
	readonly key: string;
	readonly bodySha256: string;
}

/** Remembers keys, in the transaction of the submit that brought them. */
export class IdempotencyTable {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(SCHEMA);
	}

	/** The job that the key stands for, `other_body` when it came with another body, or null when it is new. */
	find({ key, bodySha256 }: IdempotencyKey, now: number): { jobId: string } | 'other_body' | null {
		const [row] = this.#sql.exec<{ job: string; body: string; until: number }>('SELECT job, body, until FROM idempotency WHERE key = ?', key);
		if (row === undefined || now >= row.until) return null;
		return row.body === bodySha256 ? { jobId: row.job } : 'other_body';
	}

	remember({ key, bodySha256 }: IdempotencyKey, jobId: string, now: number): void {
		this.#sql.exec('INSERT OR REPLACE INTO idempotency (key, job, body, until) VALUES (?, ?, ?, ?)', key, jobId, bodySha256, now + KEEP_MS);
	}

	/** When the first key's time is over; null when there is none. */
	nextDueAt(): number | null {
		return this.#sql.exec<{ at: number | null }>('SELECT MIN(until) AS at FROM idempotency').one().at;
	}

	/** Forgets keys whose time is over. */
	sweep(now: number): void {
		this.#sql.exec('DELETE FROM idempotency WHERE until <= ?', now);
	}
}
