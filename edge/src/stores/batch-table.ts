/** Rows of an endpoint's batches and their requests; inputs and outputs, sealed, in chunk rows of at most 1 MiB. */
import { CHUNK_ROW_BYTES } from '@longshore/shared-schema/limits';
import type { RunpodStatus } from '@longshore/shared-schema/wire/runpod-job';
import type { TextSeal } from './text-seal.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS batches (
	n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, status TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, name TEXT
);
CREATE TABLE IF NOT EXISTS requests (
	n INTEGER PRIMARY KEY AUTOINCREMENT, batch INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, place TEXT NOT NULL, status TEXT NOT NULL,
	error TEXT, started_at INTEGER, completed_at INTEGER, key_gen INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS requests_batch ON requests (batch, n);
CREATE INDEX IF NOT EXISTS requests_place ON requests (place, batch, n);
CREATE TABLE IF NOT EXISTS texts (request INTEGER NOT NULL, kind TEXT NOT NULL, n INTEGER NOT NULL, bytes BLOB NOT NULL, UNIQUE (request, kind, n));
`;
const encoder = new TextEncoder();

/** RunPod's states of a batch: one whose requests have all ended stays `FINALIZED`. */
export type BatchStatus = 'DRAFT' | 'FINALIZED' | 'CANCELLED';
/** Where a request is: in a draft, to be sent, with its job store, over. */
export type RequestPlace = 'draft' | 'waiting' | 'sent' | 'ended';

/** A batch as a row. */
export interface BatchRow {
	readonly n: number;
	readonly id: string;
	readonly status: BatchStatus;
	readonly createdAt: number;
	readonly expiresAt: number | null;
	readonly name: string | null;
}

/** A request as a row; its id is its job's. */
export interface RequestRow {
	readonly n: number;
	readonly batch: number;
	readonly id: string;
	readonly place: RequestPlace;
	readonly status: RunpodStatus;
	readonly error: string | null;
	readonly startedAt: number | null;
	readonly completedAt: number | null;
	/** The key of its texts. */
	readonly keyGen: number;
}

/** How many requests of a batch are where. */
export interface BatchCounts {
	readonly total: number;
	readonly open: number;
	readonly completed: number;
	readonly failed: number;
}

const BATCH = 'n, id, status, created_at AS "createdAt", expires_at AS "expiresAt", name';
const REQUEST = 'n, batch, id, place, status, error, started_at AS "startedAt", completed_at AS "completedAt", key_gen AS "keyGen"';

/** Reads and writes rows. Synchronous; the store holds the transactions. */
export class BatchTable {
	readonly #sql: SqlStorage;
	readonly #seal: TextSeal;

	constructor(sql: SqlStorage, seal: TextSeal) {
		this.#sql = sql;
		this.#seal = seal;
		sql.exec(SCHEMA);
		this.#addColumn('requests', 'key_gen', 'INTEGER NOT NULL DEFAULT 0');
		this.#addColumn('batches', 'name', 'TEXT');
	}

	add(id: string, now: number, expiresAt: number): void {
		this.#sql.exec("INSERT INTO batches (id, status, created_at, expires_at) VALUES (?, 'DRAFT', ?, ?)", id, now, expiresAt);
	}

	find(id: string): BatchRow | null {
		return this.#all<BatchRow>(`SELECT ${BATCH} FROM batches WHERE id = ?`, id)[0] ?? null;
	}

	byRow(n: number): BatchRow | null {
		return this.#all<BatchRow>(`SELECT ${BATCH} FROM batches WHERE n = ?`, n)[0] ?? null;
	}

	/** All batches, newest first. */
	list(): BatchRow[] {
		return this.#all<BatchRow>(`SELECT ${BATCH} FROM batches ORDER BY n DESC`);
	}

	setName(n: number, name: string): void {
		this.#sql.exec('UPDATE batches SET name = ? WHERE n = ?', name, n);
	}

	setStatus(n: number, status: BatchStatus, expiresAt: number | null): void {
		this.#sql.exec('UPDATE batches SET status = ?, expires_at = ? WHERE n = ?', status, expiresAt, n);
	}

	/** When the next batch is to be forgotten. */
	nextExpiry(): number | null {
		return this.#sql.exec<{ at: number | null }>('SELECT MIN(expires_at) AS at FROM batches').one().at;
	}

	remove(n: number): void {
		this.#sql.exec('DELETE FROM texts WHERE request IN (SELECT n FROM requests WHERE batch = ?)', n);
		this.#sql.exec('DELETE FROM requests WHERE batch = ?', n);
		this.#sql.exec('DELETE FROM batches WHERE n = ?', n);
	}

	counts(batch: number): BatchCounts {
		return this.#sql
			.exec<{ total: number; open: number; completed: number; failed: number }>(
				`SELECT COUNT(*) AS total, COUNT(*) FILTER (WHERE place IN ('waiting', 'sent')) AS open, COUNT(*) FILTER (WHERE status = 'COMPLETED') AS completed,
				COUNT(*) FILTER (WHERE status IN ('FAILED', 'TIMED_OUT')) AS failed FROM requests WHERE batch = ?`,
				batch,
			)
			.one();
	}

	/** Whether requests of a finalized batch have not ended. */
	isOpen(batch: number): boolean {
		return this.#sql.exec("SELECT 1 FROM requests WHERE place IN ('waiting', 'sent') AND batch = ? LIMIT 1", batch).toArray().length > 0;
	}

	/** Requests of all batches that have not ended. */
	openRequests(): number {
		return this.#sql.exec<{ count: number }>("SELECT COUNT(*) AS count FROM requests WHERE place IN ('draft', 'waiting', 'sent')").one().count;
	}

	addRequest(batch: number, id: string, keyGen: number, input: string): void {
		this.#sql.exec("INSERT INTO requests (batch, id, place, status, key_gen) VALUES (?, ?, 'draft', 'IN_QUEUE', ?)", batch, id, keyGen);
		const { n } = this.#sql.exec<{ n: number }>('SELECT last_insert_rowid() AS n').one();
		this.addText(n, 'input', encoder.encode(input), 0);
	}

	findRequest(id: string): RequestRow | null {
		return this.#requests(`SELECT ${REQUEST} FROM requests WHERE id = ?`, id)[0] ?? null;
	}

	removeRequest(n: number): void {
		this.#sql.exec('DELETE FROM texts WHERE request = ?', n);
		this.#sql.exec('DELETE FROM requests WHERE n = ?', n);
	}

	page(batch: number, offset: number, limit: number): RequestRow[] {
		return this.#requests(`SELECT ${REQUEST} FROM requests WHERE batch = ? ORDER BY n LIMIT ? OFFSET ?`, batch, limit, offset);
	}

	at(place: 'waiting' | 'sent', limit: number): RequestRow[] {
		return this.#requests(`SELECT ${REQUEST} FROM requests WHERE place = ? ORDER BY batch, n LIMIT ?`, place, limit);
	}

	sentOf(batch: number): RequestRow[] {
		return this.#requests(`SELECT ${REQUEST} FROM requests WHERE batch = ? AND place = 'sent'`, batch);
	}

	/** Moves a whole batch's requests. */
	moveAll(batch: number, from: RequestPlace, to: RequestPlace, status: RunpodStatus): void {
		this.#sql.exec('UPDATE requests SET place = ?, status = ? WHERE batch = ? AND place = ?', to, status, batch, from);
	}

	/** Moves one request that is still at `from`: its batch may have been cancelled. */
	move(n: number, from: RequestPlace, to: RequestPlace, status: RunpodStatus): void {
		this.#sql.exec('UPDATE requests SET place = ?, status = ? WHERE n = ? AND place = ?', to, status, n, from);
	}

	/** A request's end; its input is not needed any more. */
	end(n: number, status: RunpodStatus, error: string | null, startedAt: number | null, completedAt: number | null): void {
		const sealed = error === null ? null : this.#seal.seal(this.#keyOf(n), encoder.encode(error));
		this.#sql.exec("UPDATE requests SET place = 'ended', status = ?, error = ?, started_at = ?, completed_at = ? WHERE n = ?", status, sealed, startedAt, completedAt, n);
		this.#sql.exec("DELETE FROM texts WHERE request = ? AND kind = 'input'", n);
	}

	/** Adds bytes behind part `from` of a text; the number of the next part. */
	addText(request: number, kind: 'input' | 'output', bytes: Uint8Array, from: number): number {
		const keyGen = this.#keyOf(request);
		let part = from;
		for (let at = 0; at < bytes.length; at += CHUNK_ROW_BYTES) {
			const sealed = this.#seal.seal(keyGen, bytes.slice(at, at + CHUNK_ROW_BYTES));
			this.#sql.exec('INSERT OR REPLACE INTO texts (request, kind, n, bytes) VALUES (?, ?, ?, ?)', request, kind, part++, sealed);
		}
		return part;
	}

	input(request: number): string {
		const parts = this.#all<{ bytes: ArrayBuffer }>("SELECT bytes FROM texts WHERE request = ? AND kind = 'input' ORDER BY n", request);
		const decode = new TextDecoder();
		const keyGen = this.#keyOf(request);
		return parts.map(({ bytes }) => decode.decode(this.#seal.open(keyGen, bytes), { stream: true })).join('') + decode.decode();
	}

	clearOutput(request: number): void {
		this.#sql.exec("DELETE FROM texts WHERE request = ? AND kind = 'output'", request);
	}

	outputPart(request: number, n: number): Uint8Array | null {
		const [row] = this.#sql.exec<{ bytes: ArrayBuffer }>("SELECT bytes FROM texts WHERE request = ? AND kind = 'output' AND n = ?", request, n);
		return row === undefined ? null : this.#seal.open(this.#keyOf(request), row.bytes);
	}

	/** How many requests have their texts under a key. */
	underKey(keyGen: number): number {
		return this.#sql.exec<{ count: number }>('SELECT COUNT(*) AS count FROM requests WHERE key_gen = ?', keyGen).one().count;
	}

	/** Seals the texts of one request under `from` with the key `to`; false when there is none. */
	moveOneToKey(from: number, to: number): boolean {
		const request = this.#requests(`SELECT ${REQUEST} FROM requests WHERE key_gen = ? LIMIT 1`, from)[0];
		if (request === undefined) return false;
		for (const { rowid } of this.#all<{ rowid: number }>('SELECT rowid FROM texts WHERE request = ?', request.n)) {
			const { bytes } = this.#sql.exec<{ bytes: ArrayBuffer }>('SELECT bytes FROM texts WHERE rowid = ?', rowid).one();
			this.#sql.exec('UPDATE texts SET bytes = ? WHERE rowid = ?', this.#seal.seal(to, this.#seal.open(from, bytes)), rowid);
		}
		const error = request.error === null ? null : this.#seal.seal(to, encoder.encode(request.error));
		this.#sql.exec('UPDATE requests SET key_gen = ?, error = ? WHERE n = ?', to, error, request.n);
		return true;
	}

	#keyOf(request: number): number {
		return this.#sql.exec<{ keyGen: number }>('SELECT key_gen AS "keyGen" FROM requests WHERE n = ?', request).one().keyGen;
	}

	#requests(query: string, ...values: (string | number)[]): RequestRow[] {
		const rows = this.#all<Omit<RequestRow, 'error'> & { error: string | ArrayBuffer | null }>(query, ...values);
		return rows.map((row) => ({ ...row, error: row.error === null ? null : new TextDecoder().decode(this.#seal.open(row.keyGen, row.error)) }));
	}

	/** Tables that an earlier release made lack it. */
	#addColumn(table: 'batches' | 'requests', column: string, type: string): void {
		const columns = this.#sql.exec<{ name: string }>(`PRAGMA table_info(${table})`).toArray();
		if (!columns.some(({ name }) => name === column)) this.#sql.exec(`ALTER TABLE ${table} ADD COLUMN ${column} ${type}`);
	}

	#all<T>(query: string, ...values: (string | number)[]): T[] {
		return this.#sql.exec(query, ...values).toArray() as T[];
	}
}
