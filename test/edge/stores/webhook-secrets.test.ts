/** Webhook secrets on a real SQLite, through the few calls of a Durable Object's storage that they make. */
import { randomBytes } from 'node:crypto';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import { createSealer } from '../../../edge/src/secrets/seal.ts';
import { WebhookSecrets } from '../../../edge/src/stores/webhook-secrets.ts';

const DAY_MS = 86_400_000;

let database: DatabaseSync;
let secrets: WebhookSecrets;

const stored = (): string[] =>
	database
		.prepare('SELECT secret FROM webhook_secrets')
		.all()
		.map((row) => String(row['secret']));

beforeEach(() => {
	database = new DatabaseSync(':memory:');
	// A cursor of the real storage runs its query at once, whether it is read or not.
	const exec = (query: string, ...values: SQLInputValue[]): { toArray: () => unknown[] } => {
		const rows = database.prepare(query).all(...values);
		return { toArray: () => rows };
	};
	secrets = new WebhookSecrets({ exec } as unknown as ConstructorParameters<typeof WebhookSecrets>[0], createSealer([randomBytes(32).toString('base64')]));
});

test('a first secret is made when one is asked for, and lies sealed', () => {
	const [secret] = secrets.valid('e', 0);
	expect(secret).toMatch(/^whsec_/);
	expect(secrets.valid('e', 0)).toEqual([secret]);
	expect(stored()).toEqual([expect.stringMatching(/^s1\./)]);
});

test('a replaced secret signs beside its successor for a day, the one before it no more', () => {
	const [first, second, third] = [secrets.rotate('e', 0), secrets.rotate('e', 1), secrets.rotate('e', 2)];
	expect(secrets.valid('e', 2 + DAY_MS - 1)).toEqual([third, second]);
	expect(secrets.valid('e', 2 + DAY_MS)).toEqual([third]);
	expect(first).not.toBe(second);
});

describe('a secret that lies in the clear, as all did at first', () => {
	test('goes on signing and is sealed when it is seen', () => {
		database.exec("INSERT INTO webhook_secrets (secret) VALUES ('whsec_b2xk')");
		expect(secrets.valid('e', 0)).toEqual(['whsec_b2xk']);
		expect(stored()).toEqual([expect.stringMatching(/^s1\./)]);
		expect(secrets.valid('e', 0)).toEqual(['whsec_b2xk']);
	});
});

test('a sealed secret does not open for another endpoint', () => {
	secrets.rotate('e', 0);
	expect(() => secrets.valid('f', 0)).toThrow(/sealed text/);
});
