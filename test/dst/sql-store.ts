/** A Durable Object's SQLite, in memory: what was written since the last commit is gone when its process dies. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

type Row = Record<string, unknown>;

/** Runs a statement at once when it writes, and when it is first looked at when it only reads. */
class Cursor {
	readonly #statement: StatementSync;
	readonly #bindings: SQLInputValue[];
	readonly rowsWritten: number;
	readonly #written: Row[] | null;

	constructor(statement: StatementSync, bindings: SQLInputValue[], isWrite: boolean) {
		this.#statement = statement;
		this.#bindings = bindings;
		const returns = isWrite && statement.columns().length > 0;
		this.#written = returns ? (statement.all(...bindings) as Row[]) : isWrite ? [] : null;
		this.rowsWritten = returns ? (this.#written?.length ?? 0) : isWrite ? Number(statement.run(...bindings).changes) : 0;
	}

	toArray(): Row[] {
		if (this.#written !== null) return this.#written;
		this.#statement.setReturnArrays(false);
		const rows = this.#statement.all(...this.#bindings) as Row[];
		for (const row of rows) for (const name in row) if (row[name] instanceof Uint8Array) row[name] = bufferOf(row[name]);
		return rows;
	}

	one(): Row {
		const rows = this.toArray();
		if (rows.length !== 1) throw new Error(`expected one row, got ${rows.length}`);
		return rows[0] as Row;
	}

	raw(): IterableIterator<unknown[]> {
		this.#statement.setReturnArrays(true);
		const rows = this.#statement.all(...this.#bindings) as unknown as unknown[][];
		for (const row of rows) for (let i = 0; i < row.length; i++) if (row[i] instanceof Uint8Array) row[i] = bufferOf(row[i] as Uint8Array);
		return rows.values();
	}

	[Symbol.iterator](): IterableIterator<Row> {
		return this.toArray().values();
	}
}

/** The platform gives blobs as buffers of their own. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
	return bytes.slice().buffer as ArrayBuffer;
}

/** `storage.sql` with commits that can be undone. `onWrite`: the first write since the last commit. */
export class SqlStore {
	readonly #onWrite: () => void;
	readonly #statements = new Map<string, { statement: StatementSync; isWrite: boolean }>();
	#db = new DatabaseSync(':memory:');
	#depth = 0;
	isDirty = false;

	constructor(onWrite: () => void) {
		this.#onWrite = onWrite;
	}

	exec(text: string, ...bindings: SQLInputValue[]): Cursor | null {
		const known = this.#statements.get(text);
		if (known === undefined && bindings.length === 0 && /;\s*\S/.test(text)) {
			this.#begin();
			this.#db.exec(text);
			return null;
		}
		const { statement, isWrite } = known ?? this.#prepare(text);
		if (isWrite) this.#begin();
		return new Cursor(statement, bindings, isWrite);
	}

	/** All or nothing, inside what will be committed together. */
	transactionSync<T>(body: () => T): T {
		this.#begin();
		const name = `t${this.#depth++}`;
		this.#db.exec(`SAVEPOINT ${name}`);
		try {
			const value = body();
			this.#db.exec(`RELEASE ${name}`);
			return value;
		} catch (error) {
			this.#db.exec(`ROLLBACK TO ${name}; RELEASE ${name}`);
			throw error;
		} finally {
			this.#depth--;
		}
	}

	commit(): void {
		if (this.isDirty) this.#db.exec('COMMIT');
		this.isDirty = false;
	}

	/** The state as of the last commit. */
	rollback(): void {
		if (this.isDirty) this.#db.exec('ROLLBACK');
		this.isDirty = false;
	}

	/** An empty database. */
	clear(): void {
		this.rollback();
		this.#statements.clear();
		this.#db.close();
		this.#db = new DatabaseSync(':memory:');
	}

	#begin(): void {
		if (this.isDirty) return;
		this.isDirty = true;
		this.#db.exec('BEGIN');
		this.#onWrite();
	}

	#prepare(text: string): { statement: StatementSync; isWrite: boolean } {
		const made = { statement: this.#db.prepare(text), isWrite: !/^\s*(SELECT|PRAGMA)/i.test(text) };
		this.#statements.set(text, made);
		return made;
	}
}
