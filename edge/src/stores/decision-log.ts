/** The last decisions about an endpoint that were made here, with what they rested on, stored. */

const SCHEMA = 'CREATE TABLE IF NOT EXISTS decisions (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, inputs TEXT NOT NULL)';
const KEPT = 100;

/** One decision: a sentence, and its inputs in machine-readable form. `at` is ISO 8601. */
export interface Decision {
	readonly at: string;
	readonly kind: string;
	readonly text: string;
	readonly inputs: unknown;
}

/** The table of decisions. */
export class DecisionLog {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(SCHEMA);
	}

	/** Keeps a decision and forgets the oldest. */
	note(kind: string, text: string, inputs: unknown, now: number): void {
		this.#sql.exec('INSERT INTO decisions (at, kind, text, inputs) VALUES (?, ?, ?, ?)', now, kind, text, JSON.stringify(inputs));
		this.#sql.exec('DELETE FROM decisions WHERE n <= (SELECT MAX(n) FROM decisions) - ?', KEPT);
	}

	/** Oldest first. */
	list(): Decision[] {
		const rows = this.#sql.exec<{ at: number; kind: string; text: string; inputs: string }>('SELECT at, kind, text, inputs FROM decisions ORDER BY n');
		return [...rows].map(({ at, kind, text, inputs }) => ({ at: new Date(at).toISOString(), kind, text, inputs: JSON.parse(inputs) as unknown }));
	}

	remove(): void {
		this.#sql.exec('DELETE FROM decisions');
	}
}
