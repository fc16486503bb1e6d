/** An endpoint's webhook secrets, sealed: the current one and, for a day after a rotation, the one before it. */
import { webhookSecretPlace } from '../secrets/places.ts';
import type { Sealer } from '../secrets/seal.ts';
import { createWebhookSecret } from '../webhooks/signature.ts';

const SCHEMA = 'CREATE TABLE IF NOT EXISTS webhook_secrets (n INTEGER PRIMARY KEY, secret TEXT NOT NULL, until INTEGER)';
/** A rotated secret still signs, beside its successor, for this long. */
const ROTATION_MS = 86_400_000;
/** How a secret begins that lies in the clear, as all did at first. */
const CLEAR = 'whsec_';

/** Keeps at most two secrets. They leave only to sign, and once to the owner when they are made. */
export class WebhookSecrets {
	readonly #sql: SqlStorage;
	readonly #sealer: Sealer;

	constructor(sql: SqlStorage, sealer: Sealer) {
		this.#sql = sql;
		this.#sealer = sealer;
		sql.exec(SCHEMA);
	}

	/** Makes a new secret. The one that it replaces signs on for a day; older ones end now, so that two rotations end a leaked one. */
	rotate(endpointId: string, now: number): string {
		const secret = createWebhookSecret();
		this.#sql.exec('DELETE FROM webhook_secrets WHERE until IS NOT NULL');
		this.#sql.exec('UPDATE webhook_secrets SET until = ?', now + ROTATION_MS);
		this.#sql.exec('INSERT INTO webhook_secrets (secret) VALUES (?)', this.#sealer.seal(secret, webhookSecretPlace(endpointId)));
		return secret;
	}

	/** Secrets to sign with at `now`, the newest first. */
	valid(endpointId: string, now: number): string[] {
		const rows = this.#sql.exec<{ n: number; secret: string }>('SELECT n, secret FROM webhook_secrets WHERE until IS NULL OR until > ? ORDER BY n DESC', now).toArray();
		return rows.length === 0 ? [this.rotate(endpointId, now)] : rows.map(({ n, secret }) => this.#open(endpointId, n, secret));
	}

	remove(): void {
		this.#sql.exec('DELETE FROM webhook_secrets');
	}

	/** One that lies in the clear is sealed when it is seen. */
	#open(endpointId: string, n: number, stored: string): string {
		const place = webhookSecretPlace(endpointId);
		if (!stored.startsWith(CLEAR)) return this.#sealer.open(stored, place);
		this.#sql.exec('UPDATE webhook_secrets SET secret = ? WHERE n = ?', this.#sealer.seal(stored, place), n);
		return stored;
	}
}
