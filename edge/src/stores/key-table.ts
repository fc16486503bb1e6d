/** An account's API keys: SHA-256 only, what each may do, when it was used. The text of a key is never here. */
import { ACCOUNT_KEYS_MAX } from '@longshore/shared-schema/limits';
import { coversKey, type KeyPower } from '../core/key-scope.ts';

const SCHEMA =
	'CREATE TABLE IF NOT EXISTS keys (hash TEXT PRIMARY KEY, name TEXT NOT NULL, scope TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, last_used_at INTEGER)';
/** Hexadecimal characters of the hash that name the key: who holds a leaked key can find which one it is. */
const ID_CHARS = 16;

/** A key as its account sees it. */
export interface KeyRecord extends KeyPower {
	readonly id: string;
	readonly name: string;
	readonly createdAt: number;
	/** Of a recent use, to some seconds; null before the first. */
	readonly lastUsedAt: number | null;
}

/** What may change of a key. */
export type KeyChange = Partial<Pick<KeyRecord, 'name' | 'verbs' | 'endpoints' | 'expiresAt'>>;

interface Row extends Record<string, SqlStorageValue> {
	hash: string;
	name: string;
	scope: string;
	created_at: number;
	expires_at: number | null;
	last_used_at: number | null;
}

/** The keys of one account. Which key may touch which is decided here, beside the rows: `by` is the power of the key that asks. */
export class KeyTable {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(SCHEMA);
		const columns = sql.exec<{ name: string }>('SELECT name FROM pragma_table_info(?)', 'keys').toArray();
		if (!columns.some(({ name }) => name === 'last_used_at')) sql.exec('ALTER TABLE keys ADD COLUMN last_used_at INTEGER');
	}

	/** The key with this hash that is valid at `now`. */
	findValid(hash: string, now: number): KeyRecord | null {
		const [row] = this.#sql.exec<Row>('SELECT * FROM keys WHERE hash = ?', hash);
		return row === undefined || (row.expires_at !== null && now >= row.expires_at) ? null : toRecord(row);
	}

	/** Keys that `by` covers, the oldest first. */
	list(by: KeyPower): KeyRecord[] {
		const rows = this.#sql.exec<Row>('SELECT * FROM keys ORDER BY created_at, hash').toArray();
		return rows.map(toRecord).filter((key) => coversKey(by, key));
	}

	find(id: string, by: KeyPower): KeyRecord | null {
		return this.list(by).find((key) => key.id === id) ?? null;
	}

	/** Adds a key; `full` when the account has all the keys that it may have. */
	insert(hash: string, name: string, power: KeyPower, now: number): KeyRecord | 'full' {
		const { count } = this.#sql.exec<{ count: number }>('SELECT COUNT(*) AS count FROM keys').one();
		if (count >= ACCOUNT_KEYS_MAX) return 'full';
		const { expiresAt, endpoints, verbs } = power;
		this.#sql.exec('INSERT INTO keys (hash, name, scope, created_at, expires_at) VALUES (?, ?, ?, ?, ?)', hash, name, JSON.stringify({ endpoints, verbs }), now, expiresAt);
		return { id: keyIdOf(hash), name, ...power, createdAt: now, lastUsedAt: null };
	}

	/** Changes a key that `by` covers into one that it covers too; null when there is none, `broader` when it would not. */
	update(id: string, change: KeyChange, by: KeyPower): KeyRecord | 'broader' | null {
		const old = this.find(id, by);
		if (old === null) return null;
		const key = { ...old, ...change };
		if (!coversKey(by, key)) return 'broader';
		const { endpoints, verbs } = key;
		this.#sql.exec('UPDATE keys SET name = ?, scope = ?, expires_at = ? WHERE substr(hash, 1, ?) = ?', key.name, JSON.stringify({ endpoints, verbs }), key.expiresAt, ID_CHARS, id);
		return key;
	}

	/** Ends a key that `by` covers; false when there is none. */
	remove(id: string, by: KeyPower): boolean {
		if (this.find(id, by) === null) return false;
		this.#sql.exec('DELETE FROM keys WHERE substr(hash, 1, ?) = ?', ID_CHARS, id);
		return true;
	}

	count(): number {
		return this.#sql.exec<{ count: number }>('SELECT COUNT(*) AS count FROM keys').one().count;
	}

	/** Notes uses: hash → time. */
	used(uses: ReadonlyMap<string, number>): void {
		for (const [hash, at] of uses) this.#sql.exec('UPDATE keys SET last_used_at = ? WHERE hash = ?', at, hash);
	}
}

/** The id of a key with this hash. */
export function keyIdOf(hash: string): string {
	return hash.slice(0, ID_CHARS);
}

function toRecord(row: Row): KeyRecord {
	const { endpoints, verbs } = JSON.parse(row.scope) as Pick<KeyPower, 'endpoints' | 'verbs'>;
	return { id: keyIdOf(row.hash), name: row.name, endpoints, verbs, expiresAt: row.expires_at, createdAt: row.created_at, lastUsedAt: row.last_used_at };
}
