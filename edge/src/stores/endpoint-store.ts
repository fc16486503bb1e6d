/** One endpoint: its specification, its releases, and how its workers are shared among regions. It may not know about jobs. */
import { DurableObject } from 'cloudflare:workers';
import { DEFAULT_CATALOG } from '@longshore/shared-schema/catalog/data';
import { type EndpointSpec, endpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { applyV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-apply';
import type { UpdateEndpointV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-body';
import { problemsOfSpec, problemsOfUpdate } from '@longshore/shared-schema/wire/rest-v2/endpoint-problems';
import { diffSpecs } from '@longshore/shared-schema/wire/rest-v2/release-diff';
import { allocateGrants, type RegionUse, type Share } from '../core/allocate-grants.ts';
import { describeShares } from '../core/describe-shares.ts';
import type { RegionCapacity } from '../core/grant-units.ts';
import { isAway } from '../core/is-away.ts';
import { needsNewWorkers, rolledBack } from '../core/release.ts';
import type { WebhookProfile } from '../core/webhook-schedule.ts';
import type { Env } from '../env.ts';
import { type Decision, DecisionLog } from './decision-log.ts';
import { type Release, ReleaseTable } from './release-table.ts';
import { WebhookSecrets } from './webhook-secrets.ts';

/** All that is kept of an endpoint. `revision` rises with every change, `version` only with one that needs new workers. */
export interface EndpointRecord {
	readonly id: string;
	readonly accountId: string;
	readonly createdAt: number;
	readonly shards: number;
	readonly revision: number;
	readonly version: number;
	readonly spec: EndpointSpec;
	readonly shares: readonly Share[];
	/** The shares are elsewhere than they would be on empty hosts: they go back when GPUs are freed. */
	readonly away?: boolean;
}

/** The regions as the allocation of an endpoint's grants sees them. */
export interface CapacityView {
	readonly regions: readonly RegionCapacity[];
	readonly uses: ReadonlyMap<string, RegionUse>;
}

/** Why a change was not made: what is wrong with it. */
export interface Refused {
	readonly problems: readonly string[];
}

/** A record as stored; members that specifications did not have when it was written get their defaults. */
export function readRecord(text: string): EndpointRecord {
	const record = JSON.parse(text) as EndpointRecord;
	return { ...record, spec: endpointSpec.parse(record.spec) };
}

/** What a JobStore needs to call webhooks: the profile and the secrets to sign with, the newest first. */
export interface WebhookPlan {
	readonly profile: WebhookProfile;
	readonly secrets: readonly string[];
}

/** Durable Object, one per endpoint, named by its id. */
export class EndpointStore extends DurableObject<Env> {
	readonly #sql: SqlStorage;
	readonly #webhookSecrets: WebhookSecrets;
	readonly #releases: ReleaseTable;
	readonly #decisions: DecisionLog;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		this.#sql = ctx.storage.sql;
		this.#sql.exec('CREATE TABLE IF NOT EXISTS endpoint (one INTEGER PRIMARY KEY CHECK (one = 1), record TEXT NOT NULL)');
		this.#webhookSecrets = new WebhookSecrets(this.#sql);
		this.#releases = new ReleaseTable(this.#sql);
		this.#decisions = new DecisionLog(this.#sql);
	}

	/** The endpoint, or null when it was deleted or never made. */
	get(): EndpointRecord | null {
		const [row] = this.#sql.exec<{ record: string }>('SELECT record FROM endpoint');
		return row === undefined ? null : readRecord(row.record);
	}

	/** Makes the endpoint and shares its workers out. */
	async create(id: string, accountId: string, shards: number, spec: EndpointSpec): Promise<EndpointRecord> {
		const record: EndpointRecord = { id, accountId, createdAt: Date.now(), shards, revision: 1, version: 1, spec, shares: [] };
		this.ctx.storage.transactionSync(() => {
			this.#save(record);
			this.#releases.add({ version: 1, spec, diff: [], createdAt: record.createdAt, createdBy: accountId });
		});
		return this.#share(record);
	}

	/**
	 * Changes what `body` names, so that two changes at the same time are both kept. Null when there is no endpoint, the problems when the
	 * specification would not hold together.
	 */
	async update(body: UpdateEndpointV2): Promise<EndpointRecord | Refused | null> {
		const old = this.get();
		if (old === null) return null;
		const spec = applyV2(old.spec, body);
		const problems = [...problemsOfUpdate(body, old.spec), ...problemsOfSpec(spec, body, DEFAULT_CATALOG)];
		return problems.length > 0 ? { problems } : this.#change(old, spec);
	}

	/** Brings an earlier release's workers back under a new version. Null when there is no endpoint, `unknown` when there is no such release, `same` when that is what runs. */
	async rollback(version: number): Promise<EndpointRecord | 'unknown' | 'same' | null> {
		const old = this.get();
		if (old === null) return null;
		const release = this.#releases.list().find((candidate) => candidate.version === version);
		if (release === undefined) return 'unknown';
		const spec = rolledBack(old.spec, release.spec);
		return needsNewWorkers(old.spec, spec) ? this.#change(old, spec) : 'same';
	}

	/** The endpoint's releases, newest first. */
	releases(): Release[] {
		const record = this.get();
		if (record === null) return [];
		this.#noteFirst(record);
		return this.#releases.list();
	}

	/** Deletes the endpoint: takes its grants back, then everything that is kept of its jobs. */
	async remove(): Promise<void> {
		const old = this.get();
		this.#sql.exec('DELETE FROM endpoint');
		this.#webhookSecrets.remove();
		this.#releases.remove();
		this.#decisions.remove();
		if (old === null) return;
		await this.env.REGION_DIRECTORY.getByName('all').removeEndpoint(old.id);
		for (let shard = 0; shard < old.shards; shard++) await this.env.JOB_STORE.getByName(`${old.id}/${shard}`).destroy();
	}

	/** How the endpoint's webhooks are called; null when there is no endpoint. */
	webhookPlan(): WebhookPlan | null {
		const record = this.get();
		return record === null ? null : { profile: record.spec.webhookProfile ?? 'runpod', secrets: this.#webhookSecrets.valid(Date.now()) };
	}

	/** A new webhook secret, to be shown once; null when there is no endpoint. */
	rotateWebhookSecret(): string | null {
		return this.get() === null ? null : this.#webhookSecrets.rotate(Date.now());
	}

	/** Shares the workers out anew, since regions came, went or changed. */
	async reallocate(view: CapacityView): Promise<void> {
		const record = this.get();
		if (record !== null) await this.#publish(record, view);
	}

	/** The last decisions about its shares. */
	decisions(): Decision[] {
		return this.#decisions.list();
	}

	/** Saves the new specification, as a release where it needs new workers, and tells the regions at once. */
	async #change(old: EndpointRecord, spec: EndpointSpec): Promise<EndpointRecord> {
		const rolls = needsNewWorkers(old.spec, spec);
		const record = { ...old, spec, version: rolls ? old.version + 1 : old.version, revision: old.revision + 1 };
		this.ctx.storage.transactionSync(() => {
			this.#noteFirst(old);
			if (rolls) this.#releases.add({ version: record.version, spec, diff: diffSpecs(old.spec, spec), createdAt: Date.now(), createdBy: old.accountId });
			this.#save(record);
		});
		return this.#share(record);
	}

	/** An endpoint that was made before releases were kept has none of its current version yet. */
	#noteFirst({ version, spec, createdAt, accountId }: EndpointRecord): void {
		this.#releases.add({ version, spec, diff: [], createdAt, createdBy: accountId });
	}

	async #share(record: EndpointRecord): Promise<EndpointRecord> {
		const view = await this.env.REGION_DIRECTORY.getByName('all').capacityFor(record.id);
		return this.#publish(record, view);
	}

	/** Stores changed shares and gives them to the directory; the directory's copy is written again even when nothing changed. */
	async #publish(read: EndpointRecord, { regions, uses }: CapacityView): Promise<EndpointRecord> {
		const current = this.get();
		if (current === null) return read; // Deleted while the regions were asked.
		const shares = allocateGrants(current.spec, current.shares, regions, uses, current.revision + 1);
		const changed = JSON.stringify(shares) !== JSON.stringify(current.shares);
		const record = changed ? { ...current, shares, away: isAway(current.spec, shares, regions), revision: current.revision + 1 } : current;
		if (changed) {
			this.#save(record);
			const inputs = { workersMax: current.spec.workersMax, workersMin: current.spec.workersMin, shares, uses: Object.fromEntries(uses) };
			this.#decisions.note('grants', describeShares(current.shares, shares, uses), inputs, Date.now());
		}
		await this.env.REGION_DIRECTORY.getByName('all').putEndpoint(record);
		return record;
	}

	#save(record: EndpointRecord): void {
		this.#sql.exec('INSERT INTO endpoint (one, record) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET record = excluded.record', JSON.stringify(record));
	}
}
