/** One account: its API keys (SHA-256 only) and the ids of its endpoints. It may not know what an endpoint is. */
import { DurableObject } from 'cloudflare:workers';
import type { Env } from '../env.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS keys (hash TEXT PRIMARY KEY, name TEXT NOT NULL, scope TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER);
CREATE TABLE IF NOT EXISTS endpoints (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL);
`;

/** What a key may do, and on which endpoints (null: all). */
export interface KeyScope {
	readonly endpoints: readonly string[] | null;
	readonly verbs: readonly ('read' | 'run' | 'manage')[];
}

/** Durable Object, one per account, named by its id. */
export class AccountStore extends DurableObject<Env> {
	readonly #sql: SqlStorage;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		this.#sql = ctx.storage.sql;
		this.#sql.exec(SCHEMA);
	}

	/** Makes the account with its first key. */
	create(id: string, name: string, keyHash: string): void {
		const now = Date.now();
		this.ctx.storage.transactionSync(() => {
			this.#sql.exec('INSERT INTO account (id, name, created_at) VALUES (?, ?, ?)', id, name, now);
			this.#insertKey(keyHash, 'first key', { endpoints: null, verbs: ['read', 'run', 'manage'] }, null, now);
		});
	}

	/** The scope of a key that is valid now; null for an unknown, expired or revoked one. */
	scopeOf(keyHash: string): KeyScope | null {
		const [row] = this.#sql.exec<{ scope: string; expires_at: number | null; revoked_at: number | null }>('SELECT scope, expires_at, revoked_at FROM keys WHERE hash = ?', keyHash);
		if (row === undefined || row.revoked_at !== null || (row.expires_at !== null && Date.now() >= row.expires_at)) return null;
		return JSON.parse(row.scope) as KeyScope;
	}

	addEndpoint(id: string): void {
		this.#sql.exec('INSERT OR IGNORE INTO endpoints (id, created_at) VALUES (?, ?)', id, Date.now());
	}

	removeEndpoint(id: string): void {
		this.#sql.exec('DELETE FROM endpoints WHERE id = ?', id);
	}

	/** Ids of the account's endpoints, oldest first. */
	endpointIds(): string[] {
		return this.#sql
			.exec<{ id: string }>('SELECT id FROM endpoints ORDER BY created_at, id')
			.toArray()
			.map(({ id }) => id);
	}

	#insertKey(hash: string, name: string, scope: KeyScope, expiresAt: number | null, now: number): void {
		this.#sql.exec('INSERT INTO keys (hash, name, scope, created_at, expires_at) VALUES (?, ?, ?, ?, ?)', hash, name, JSON.stringify(scope), now, expiresAt);
	}
}
