/** One endpoint: its specification, its releases, and how its workers are shared among regions. It may not know about jobs. */
import { DurableObject } from 'cloudflare:workers';
import { type EndpointSpec, endpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { applyV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-apply';
import type { UpdateEndpointV2 } from '@longshore/shared-schema/wire/rest-v2/endpoint-body';
import { problemsOfSpec, problemsOfUpdate } from '@longshore/shared-schema/wire/rest-v2/endpoint-problems';
import { diffSpecs } from '@longshore/shared-schema/wire/rest-v2/release-diff';
import type { UsageReport } from '@longshore/shared-schema/wire/usage';
import { allocateGrants, type RegionUse } from '../core/allocate-grants.ts';
import { changesPlacement, problemsOfPlacement } from '../core/check-placement.ts';
import { describeShares } from '../core/describe-shares.ts';
import type { EndpointRecord } from '../core/endpoint-record.ts';
import type { RegionCapacity } from '../core/grant-units.ts';
import { isAway } from '../core/is-away.ts';
import type { BookedWorker } from '../core/job-cost.ts';
import { describeObstacles, placementObstacles } from '../core/placement-obstacles.ts';
import type { PriceKind } from '../core/rate-usage.ts';
import { needsNewWorkers, rolledBack } from '../core/release.ts';
import type { ReleaseNote } from '../core/release-note.ts';
import { isSelfContained, NO_SUPPLY, needsOf, placedOf, renewedSecrets, type Supply } from '../core/supply.ts';
import type { WebhookProfile } from '../core/webhook-schedule.ts';
import type { Env } from '../env.ts';
import { logError } from '../log.ts';
import { sealerOf } from '../secrets/sealer-of.ts';
import { type Decision, DecisionLog } from './decision-log.ts';
import { ReleaseTable } from './release-table.ts';
import { createTurns } from './turns.ts';
import { type UsageRow, UsageTable } from './usage-table.ts';
import { WebhookSecrets } from './webhook-secrets.ts';

/** The regions as the allocation of an endpoint's grants sees them. */
export interface CapacityView {
	readonly regions: readonly RegionCapacity[];
	readonly uses: ReadonlyMap<string, RegionUse>;
}

/** `judged` is what is held against the rules of REST v2 where that is less than the body; `templateId` binds the endpoint to another template. */
export interface UpdateOptions {
	readonly judged?: UpdateEndpointV2;
	readonly templateId?: string;
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
	readonly #usage: UsageTable;
	readonly #turns = createTurns();

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		this.#sql = ctx.storage.sql;
		this.#sql.exec('CREATE TABLE IF NOT EXISTS endpoint (one INTEGER PRIMARY KEY CHECK (one = 1), record TEXT NOT NULL)');
		this.#webhookSecrets = new WebhookSecrets(this.#sql, sealerOf(env));
		this.#releases = new ReleaseTable(this.#sql);
		this.#decisions = new DecisionLog(this.#sql);
		this.#usage = new UsageTable(this.#sql);
	}

	/** The endpoint, or null when it was deleted or never made. */
	get(): EndpointRecord | null {
		const [row] = this.#sql.exec<{ record: string }>('SELECT record FROM endpoint');
		return row === undefined ? null : readRecord(row.record);
	}

	/** Makes the endpoint and shares its workers out, or says what its account lacks of what it refers to. */
	create(id: string, accountId: string, shards: number, spec: EndpointSpec, templateId: string | null = null): Promise<EndpointRecord | Refused> {
		return this.#turns(async () => {
			const { hosts, catalog } = await this.env.REGION_DIRECTORY.getByName('all').outlook();
			const misplaced = problemsOfPlacement(spec, hosts, idsOf(catalog.dataCenters));
			if (misplaced.length > 0) return { problems: misplaced };
			const blank: EndpointRecord = { id, accountId, createdAt: Date.now(), shards, revision: 1, version: 1, spec, shares: [], ...(templateId === null ? {} : { templateId }) };
			const supply = await this.#supplyOf(blank);
			if ('problems' in supply) return supply;
			const record = withSupply(blank, supply);
			this.ctx.storage.transactionSync(() => {
				this.#save(record);
				this.#releases.add({ version: 1, spec, diff: [], createdAt: record.createdAt, createdBy: accountId });
			});
			return this.#share(record);
		});
	}

	/**
	 * Changes what `body` names, so that two changes at the same time are both kept. Null when there is no endpoint, the problems when the
	 * specification would not hold together.
	 */
	update(body: UpdateEndpointV2, { judged = body, templateId }: UpdateOptions = {}): Promise<EndpointRecord | Refused | null> {
		return this.#turns(async () => {
			const old = this.get();
			if (old === null) return null;
			const spec = applyV2(old.spec, body);
			const { hosts, catalog } = await this.env.REGION_DIRECTORY.getByName('all').outlook();
			const problems = [...problemsOfUpdate(judged, old.spec), ...problemsOfSpec(spec, judged, catalog)];
			if (problems.length === 0 && changesPlacement(old.spec, spec)) problems.push(...problemsOfPlacement(spec, hosts, idsOf(catalog.dataCenters)));
			return problems.length > 0 ? { problems } : this.#change(templateId === undefined ? old : { ...old, templateId }, spec);
		});
	}

	/**
	 * Brings an earlier release's workers back under a new version. Null when there is no endpoint, `unknown` when there is no such release,
	 * `same` when that is what runs, the problems when the account no longer has what that release refers to.
	 */
	rollback(version: number): Promise<EndpointRecord | Refused | 'unknown' | 'same' | null> {
		return this.#turns(async () => {
			const old = this.get();
			if (old === null) return null;
			const release = this.#releases.list().find((candidate) => candidate.version === version);
			if (release === undefined) return 'unknown';
			const spec = rolledBack(old.spec, release.spec);
			return needsNewWorkers(old.spec, spec) ? this.#change(old, spec) : 'same';
		});
	}

	/** A secret that the endpoint refers to has a new value: new workers get it. */
	resupply(): Promise<void> {
		return this.#turns(async () => {
			const old = this.get();
			const outcome = old === null ? null : await this.#change(old, old.spec);
			if (outcome !== null && 'problems' in outcome) logError('endpoint not rolled', new Error(outcome.problems.join('; ')), { endpoint: old?.id ?? '' });
		});
	}

	/** The endpoint's releases, newest first. */
	releases(): ReleaseNote[] {
		const record = this.get();
		if (record === null) return [];
		this.#noteFirst(record);
		return this.#releases.notes();
	}

	/** Deletes the endpoint after the change that is under way: takes its grants back, then everything that is kept of its jobs. */
	remove(): Promise<void> {
		return this.#turns(async () => {
			const old = this.get();
			this.#sql.exec('DELETE FROM endpoint');
			this.#webhookSecrets.remove();
			this.#releases.remove();
			this.#decisions.remove();
			if (old === null) return;
			await this.env.REGION_DIRECTORY.getByName('all').removeEndpoint(old.id);
			for (let shard = 0; shard < old.shards; shard++) await this.env.JOB_STORE.getByName(`${old.id}/${shard}`).destroy();
			await this.env.BATCH_STORE.getByName(old.id).destroy();
		});
	}

	/** How the endpoint's webhooks are called; null when there is no endpoint. */
	webhookPlan(): WebhookPlan | null {
		const record = this.get();
		return record === null ? null : { profile: record.spec.webhookProfile ?? 'runpod', secrets: this.#webhookSecrets.valid(record.id, Date.now()) };
	}

	/** A new webhook secret, to be shown once; null when there is no endpoint. */
	rotateWebhookSecret(): string | null {
		const record = this.get();
		return record === null ? null : this.#webhookSecrets.rotate(record.id, Date.now());
	}

	/** Shares the workers out anew, since regions came, went or changed. */
	async reallocate(view: CapacityView): Promise<void> {
		const record = this.get();
		if (record !== null) await this.#publish(record, view);
	}

	/** Books what a host's workers of this endpoint took. What comes after the endpoint's end is its own too. */
	meter(region: string, report: UsageReport, prices: Readonly<Record<PriceKind, number>>): void {
		const workersMin = this.get()?.shares.find((share) => share.region === region)?.workersMin ?? 0;
		this.ctx.storage.transactionSync(() => this.#usage.add(region, report, prices, workersMin, Date.now()));
	}

	/** What was booked in hours that begin in `[from, to)`, epoch milliseconds. */
	usage(from: number, to: number): UsageRow[] {
		return this.#usage.rows(from, to);
	}

	/** All that was booked of these workers. */
	bookedWorkers(workers: readonly string[]): BookedWorker[] {
		return this.#usage.booked(workers);
	}

	/** The last decisions about its shares. */
	decisions(): Decision[] {
		return this.#decisions.list();
	}

	/** Saves the new specification with what it refers to, as a release where it needs new workers, and tells the regions at once. Null when there is no endpoint any more. */
	async #change(old: EndpointRecord, spec: EndpointSpec): Promise<EndpointRecord | Refused | null> {
		const supply = await this.#supplyOf({ ...old, spec });
		if ('problems' in supply) return supply;
		const before = this.get();
		if (before === null) return null; // Deleted while its account was asked.
		const renewed = renewedSecrets(old.supply ?? NO_SUPPLY, supply);
		const diff = [...diffSpecs(old.spec, spec), ...renewed.map((name) => ({ field: `secret.${name}`, old: null, new: 'a new value' }))];
		const rolls = needsNewWorkers(old.spec, spec) || renewed.length > 0;
		const record = withSupply(
			{ ...before, ...(old.templateId === undefined ? {} : { templateId: old.templateId }), spec, version: rolls ? old.version + 1 : old.version, revision: before.revision + 1 },
			supply,
		);
		this.ctx.storage.transactionSync(() => {
			this.#noteFirst(old);
			if (rolls) this.#releases.add({ version: record.version, spec, diff, createdAt: Date.now(), createdBy: old.accountId });
			this.#save(record);
		});
		return this.#share(record);
	}

	/** What the specification refers to, from its account; an endpoint that refers to nothing, and did not before, asks nobody. */
	async #supplyOf({ id, accountId, spec, supply: before, templateId }: EndpointRecord): Promise<Supply | Refused> {
		const needs = needsOf(spec, templateId ?? null);
		if (isSelfContained(needs) && before === undefined) return NO_SUPPLY;
		return this.env.ACCOUNT_STORE.getByName(accountId).supply(id, needs, spec);
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
		const placed = placedOf(current);
		const shares = allocateGrants(placed, current.shares, regions, uses, current.revision + 1);
		const changed = JSON.stringify(shares) !== JSON.stringify(current.shares);
		const record = changed ? { ...current, shares, away: isAway(placed, shares, regions), revision: current.revision + 1 } : current;
		if (changed) {
			this.#save(record);
			const inputs = { workersMax: current.spec.workersMax, workersMin: current.spec.workersMin, shares, uses: Object.fromEntries(uses) };
			const nowhere = describeObstacles(placementObstacles(current, regions));
			const text = [describeShares(current.shares, shares, uses), ...(nowhere === null ? [] : [nowhere])].join('; ');
			this.#decisions.note('grants', text, inputs, Date.now());
		}
		await this.env.REGION_DIRECTORY.getByName('all').putEndpoint(record);
		return record;
	}

	#save(record: EndpointRecord): void {
		this.#sql.exec('INSERT INTO endpoint (one, record) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET record = excluded.record', JSON.stringify(record));
	}
}

function withSupply(record: EndpointRecord, supply: Supply): EndpointRecord {
	const { supply: _before, ...rest } = record;
	return supply === NO_SUPPLY ? rest : { ...rest, supply };
}

function idsOf(list: readonly { readonly id: string }[]): string[] {
	return list.map(({ id }) => id);
}
