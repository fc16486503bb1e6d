/** One account: whether it is open, its API keys, what it has to make endpoints from, and the ids of its endpoints. It may not know what an endpoint is, nor open what is sealed. */
import { DurableObject } from 'cloudflare:workers';
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import type { KeyPower } from '../core/key-scope.ts';
import type { Needs, Supply } from '../core/supply.ts';
import type { Env } from '../env.ts';
import { type KeyChange, type KeyRecord, KeyTable } from './key-table.ts';
import { changeResource, insertResource, type ResourceAnswer, removeResource } from './resource-changes.ts';
import { type Missing, supplyEndpoint } from './resource-supply.ts';
import { type ResourceKind, type ResourceRow, ResourceTable } from './resource-table.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS account (id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS suspension (one INTEGER PRIMARY KEY CHECK (one = 1), since INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS endpoints (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL);
`;
/** Uses of keys gather this long before they are written, beside whatever else the object does. */
const USES_WRITTEN_MS = 1_000;
const ALL_POWER: KeyPower = { endpoints: null, verbs: ['read', 'run', 'manage'], expiresAt: null };

/** An account as its operator sees it. */
export interface AccountView {
	readonly id: string;
	readonly name: string;
	readonly createdAt: number;
	/** Since when its keys open nothing; null: they do. */
	readonly suspendedAt: number | null;
	readonly keys: number;
	readonly endpoints: number;
}

/** Durable Object, one per account, named by its id. */
export class AccountStore extends DurableObject<Env> {
	readonly #sql: SqlStorage;
	#keys: KeyTable;
	#resources: ResourceTable;
	#uses = new Map<string, number>();

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		this.#sql = ctx.storage.sql;
		this.#sql.exec(SCHEMA);
		this.#keys = new KeyTable(this.#sql);
		this.#resources = new ResourceTable(this.#sql);
	}

	/** Makes the account with its first key. */
	create(id: string, name: string, keyHash: string): void {
		const now = Date.now();
		this.ctx.storage.transactionSync(() => {
			this.#sql.exec('INSERT INTO account (id, name, created_at) VALUES (?, ?, ?)', id, name, now);
			this.#keys.insert(keyHash, 'first key', ALL_POWER, now);
		});
	}

	/** The account, or null when it was never made or is deleted. */
	view(): AccountView | null {
		const [row] = this.#sql.exec<{ id: string; name: string; created_at: number }>('SELECT id, name, created_at FROM account');
		if (row === undefined) return null;
		return { id: row.id, name: row.name, createdAt: row.created_at, suspendedAt: this.#suspendedAt(), keys: this.#keys.count(), endpoints: this.endpointIds().length };
	}

	/** Renames the account, closes it or opens it again. */
	change(name: string | undefined, suspended: boolean | undefined): AccountView | null {
		this.ctx.storage.transactionSync(() => {
			if (name !== undefined) this.#sql.exec('UPDATE account SET name = ?', name);
			if (suspended === true) this.#sql.exec('INSERT OR IGNORE INTO suspension (one, since) VALUES (1, ?)', Date.now());
			if (suspended === false) this.#sql.exec('DELETE FROM suspension');
		});
		return this.view();
	}

	/** Forgets everything: no key opens anything from now on. */
	async destroy(): Promise<void> {
		this.#uses.clear();
		await this.ctx.storage.deleteAll();
		this.#sql.exec(SCHEMA);
		this.#keys = new KeyTable(this.#sql);
		this.#resources = new ResourceTable(this.#sql);
	}

	/** What the key with this hash may do now: null for an unknown, expired or revoked one, `suspended` while the account is closed. */
	open(keyHash: string): KeyRecord | 'suspended' | null {
		const now = Date.now();
		const key = this.#keys.findValid(keyHash, now);
		if (key === null) return null;
		this.#noteUse(keyHash, now);
		return this.#suspendedAt() === null ? key : 'suspended';
	}

	listKeys(by: KeyPower): KeyRecord[] {
		return this.#keys.list(by);
	}

	findKey(id: string, by: KeyPower): KeyRecord | null {
		return this.#keys.find(id, by);
	}

	insertKey(hash: string, name: string, power: KeyPower): KeyRecord | 'full' {
		return this.#keys.insert(hash, name, power, Date.now());
	}

	updateKey(id: string, change: KeyChange, by: KeyPower): KeyRecord | 'broader' | null {
		return this.#keys.update(id, change, by);
	}

	removeKey(id: string, by: KeyPower): boolean {
		return this.#keys.remove(id, by);
	}

	listResources(kind: ResourceKind): ResourceRow[] {
		return this.#resources.list(kind);
	}

	findResource(kind: ResourceKind, id: string): ResourceRow | null {
		return this.#resources.find(kind, id);
	}

	/** `body` is JSON of the kind's own shape. */
	insertResource(kind: ResourceKind, id: string, name: string, body: string): ResourceAnswer {
		return insertResource(this.#resources, kind, id, name, body, Date.now());
	}

	/** `change` is JSON of the members that change. */
	changeResource(kind: ResourceKind, id: string, name: string | undefined, change: string): ResourceAnswer {
		return this.ctx.storage.transactionSync(() => changeResource(this.#resources, kind, id, name, change, Date.now()));
	}

	removeResource(kind: ResourceKind, id: string): ResourceAnswer {
		return this.ctx.storage.transactionSync(() => removeResource(this.#resources, kind, id, Date.now()));
	}

	/** Ids of the endpoints that use a resource. */
	usersOf(resourceId: string): string[] {
		return this.#resources.usersOf(resourceId);
	}

	/** What an endpoint of the account refers to, which from now on cannot be removed. */
	supply(endpointId: string, needs: Needs, spec: EndpointSpec): Supply | Missing {
		return this.ctx.storage.transactionSync(() => supplyEndpoint(this.#resources, endpointId, needs, spec));
	}

	addEndpoint(id: string): void {
		this.#sql.exec('INSERT OR IGNORE INTO endpoints (id, created_at) VALUES (?, ?)', id, Date.now());
	}

	removeEndpoint(id: string): void {
		this.ctx.storage.transactionSync(() => {
			this.#sql.exec('DELETE FROM endpoints WHERE id = ?', id);
			this.#resources.setUses(id, []);
		});
	}

	/** Ids of the account's endpoints, oldest first. */
	endpointIds(): string[] {
		return this.#sql
			.exec<{ id: string }>('SELECT id FROM endpoints ORDER BY created_at, id')
			.toArray()
			.map(({ id }) => id);
	}

	/** A write here would hold back the answer until it is on disk; a use that a crash forgets costs nothing. */
	#noteUse(hash: string, now: number): void {
		const isFirst = this.#uses.size === 0;
		this.#uses.set(hash, now);
		if (isFirst) this.ctx.waitUntil(scheduler.wait(USES_WRITTEN_MS).then(() => this.#writeUses()));
	}

	#writeUses(): void {
		const uses = this.#uses;
		this.#uses = new Map();
		this.#keys.used(uses);
	}

	#suspendedAt(): number | null {
		const [row] = this.#sql.exec<{ since: number }>('SELECT since FROM suspension');
		return row?.since ?? null;
	}
}
