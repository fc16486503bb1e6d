/**
 * Why jobs of a shard are gone, where it is not simply the end of their retention: no row, no cost for the others, since an id with a
 * valid check that has no row can only be of a job that was. Ids and causes, no text of anybody.
 */
import { GONE_JOBS_MAX } from '@longshore/shared-schema/limits';
import type { GoneCause } from '@longshore/shared-schema/wire/runpod-answers';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS gone (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, cause TEXT NOT NULL, at INTEGER NOT NULL);
`;
/** A cause is remembered this long. */
const KEEP_MS = 86_400_000;

/** Remembers, in the transaction that deletes the job. */
export class GoneTable {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(SCHEMA);
	}

	/** Why the job is gone. */
	causeOf(id: string, now: number): GoneCause {
		const [row] = this.#sql.exec<{ cause: GoneCause; at: number }>('SELECT cause, at FROM gone WHERE id = ?', id);
		return row === undefined || now >= row.at + KEEP_MS ? 'expired' : row.cause;
	}

	/** Remembers a cause, the newest ones only. */
	remember(id: string, cause: Exclude<GoneCause, 'expired'>, now: number): void {
		const { n } = this.#sql.exec<{ n: number }>('INSERT OR REPLACE INTO gone (id, cause, at) VALUES (?, ?, ?) RETURNING n', id, cause, now).one();
		this.#sql.exec('DELETE FROM gone WHERE n <= ?', n - GONE_JOBS_MAX);
	}

	/** When the first cause is to be forgotten; null when there is none. */
	nextDueAt(): number | null {
		const [first] = this.#sql.exec<{ at: number }>('SELECT at FROM gone ORDER BY n LIMIT 1');
		return first === undefined ? null : first.at + KEEP_MS;
	}

	/** Forgets what is old. */
	sweep(now: number): void {
		this.#sql.exec('DELETE FROM gone WHERE n <= COALESCE((SELECT n FROM gone WHERE at <= ? ORDER BY n DESC LIMIT 1), 0)', now - KEEP_MS);
	}
}
