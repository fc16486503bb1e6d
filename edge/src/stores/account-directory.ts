/** Which accounts there are, for the operator's list. It may not know anything else about them: that is in each account's own store. */
import { DurableObject } from 'cloudflare:workers';
import type { Env } from '../env.ts';

/** Durable Object, one for all accounts, named `all`. */
export class AccountDirectory extends DurableObject<Env> {
	readonly #sql: SqlStorage;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		this.#sql = ctx.storage.sql;
		this.#sql.exec('CREATE TABLE IF NOT EXISTS accounts (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE)');
	}

	add(id: string): void {
		this.#sql.exec('INSERT OR IGNORE INTO accounts (id) VALUES (?)', id);
	}

	remove(id: string): void {
		this.#sql.exec('DELETE FROM accounts WHERE id = ?', id);
	}

	/** At most `limit` ids in the order of their making, those after `after` (null: from the start). */
	list(after: string | null, limit: number): string[] {
		return this.#sql
			.exec<{ id: string }>('SELECT id FROM accounts WHERE n > coalesce((SELECT n FROM accounts WHERE id = ?), 0) ORDER BY n LIMIT ?', after, limit)
			.toArray()
			.map(({ id }) => id);
	}
}
