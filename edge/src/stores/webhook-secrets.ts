/** An endpoint's webhook secrets: the current one and, for a day after a rotation, the one before it. */
import { createWebhookSecret } from '../webhooks/signature.ts';

const SCHEMA = 'CREATE TABLE IF NOT EXISTS webhook_secrets (n INTEGER PRIMARY KEY, secret TEXT NOT NULL, until INTEGER)';
/** A rotated secret still signs, beside its successor, for this long. */
const ROTATION_MS = 86_400_000;

/** Keeps at most two secrets. They leave only to sign, and once to the owner when they are made. */
export class WebhookSecrets {
	readonly #sql: SqlStorage;

	constructor(sql: SqlStorage) {
		this.#sql = sql;
		sql.exec(SCHEMA);
	}

	/** Makes a new secret. The one that it replaces signs on for a day; older ones end now, so that two rotations end a leaked one. */
	rotate(now: number): string {
		const secret = createWebhookSecret();
		this.#sql.exec('DELETE FROM webhook_secrets WHERE until IS NOT NULL');
		this.#sql.exec('UPDATE webhook_secrets SET until = ?', now + ROTATION_MS);
		this.#sql.exec('INSERT INTO webhook_secrets (secret) VALUES (?)', secret);
		return secret;
	}

	/** Secrets to sign with at `now`, the newest first. */
	valid(now: number): string[] {
		const rows = this.#sql.exec<{ secret: string }>('SELECT secret FROM webhook_secrets WHERE until IS NULL OR until > ? ORDER BY n DESC', now).toArray();
		return rows.length === 0 ? [this.rotate(now)] : rows.map(({ secret }) => secret);
	}

	remove(): void {
		this.#sql.exec('DELETE FROM webhook_secrets');
	}
}
