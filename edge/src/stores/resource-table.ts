/** What belongs to an account besides keys and endpoints: templates, volumes, registry credentials and secrets, and which endpoints use them. */
import { ACCOUNT_THINGS_MAX } from '@longshore/shared-schema/limits';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS resources (n INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, body TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS resources_by_kind ON resources (kind, n);
CREATE TABLE IF NOT EXISTS uses (endpoint_id TEXT NOT NULL, resource_id TEXT NOT NULL, PRIMARY KEY (endpoint_id, resource_id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uses_by_resource ON uses (resource_id);
`;

export type ResourceKind = keyof typeof ACCOUNT_THINGS_MAX;
/** Kinds whose names are unique in an account (RunPod). */
const NAMED: ReadonlySet<ResourceKind> = new Set(['template', 'registry', 'secret']);

/** One of them. `body` is JSON of the kind's own shape. */
export interface ResourceRow {
	readonly id: string;
	readonly name: string;
	readonly body: string;
	readonly createdAt: number;
	readonly updatedAt: number;
}

/** Why nothing was written. */
export type ResourceRefusal = 'full' | 'name_taken';

interface Row extends Record<string, SqlStorageValue> {
	id: string;
	name: string;
	body: string;
	created_at: number;
	updated_at: number;
}

/** The resources of one account. */
export class ResourceTable {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(SCHEMA);
	}

	/** All of a kind, the oldest first. */
	list(kind: ResourceKind): ResourceRow[] {
		return this.#sql.exec<Row>('SELECT * FROM resources WHERE kind = ? ORDER BY n', kind).toArray().map(toResource);
	}

	find(kind: ResourceKind, id: string): ResourceRow | null {
		const [row] = this.#sql.exec<Row>('SELECT * FROM resources WHERE kind = ? AND id = ?', kind, id);
		return row === undefined ? null : toResource(row);
	}

	findByName(kind: ResourceKind, name: string): ResourceRow | null {
		const [row] = this.#sql.exec<Row>('SELECT * FROM resources WHERE kind = ? AND name = ?', kind, name);
		return row === undefined ? null : toResource(row);
	}

	insert(kind: ResourceKind, id: string, name: string, body: string, now: number): ResourceRow | ResourceRefusal {
		const { count } = this.#sql.exec<{ count: number }>('SELECT COUNT(*) AS count FROM resources WHERE kind = ?', kind).one();
		if (count >= ACCOUNT_THINGS_MAX[kind]) return 'full';
		if (NAMED.has(kind) && this.findByName(kind, name) !== null) return 'name_taken';
		this.#sql.exec('INSERT INTO resources (kind, id, name, body, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)', kind, id, name, body, now, now);
		return { id, name, body, createdAt: now, updatedAt: now };
	}

	update(kind: ResourceKind, old: ResourceRow, name: string, body: string, now: number): ResourceRow | ResourceRefusal {
		if (name !== old.name && NAMED.has(kind) && this.findByName(kind, name) !== null) return 'name_taken';
		this.#sql.exec('UPDATE resources SET name = ?, body = ?, updated_at = ? WHERE id = ?', name, body, now, old.id);
		return { ...old, name, body, updatedAt: now };
	}

	remove(id: string): void {
		this.#sql.exec('DELETE FROM resources WHERE id = ?', id);
	}

	/** Ids of the endpoints that use it. */
	usersOf(id: string): string[] {
		return this.#sql
			.exec<{ endpoint_id: string }>('SELECT endpoint_id FROM uses WHERE resource_id = ? ORDER BY endpoint_id', id)
			.toArray()
			.map((row) => row.endpoint_id);
	}

	/** Says anew what an endpoint uses. */
	setUses(endpointId: string, resourceIds: readonly string[]): void {
		this.#sql.exec('DELETE FROM uses WHERE endpoint_id = ?', endpointId);
		for (const id of new Set(resourceIds)) this.#sql.exec('INSERT INTO uses (endpoint_id, resource_id) VALUES (?, ?)', endpointId, id);
	}
}

function toResource(row: Row): ResourceRow {
	return { id: row.id, name: row.name, body: row.body, createdAt: row.created_at, updatedAt: row.updated_at };
}
