/** The truth about an endpoint's batches: their requests and results. Jobs themselves are the job stores'. It may not talk to hosts or NATS. */
import { DurableObject } from 'cloudflare:workers';
import { ACTIVE_BATCHES_MAX, BATCH_QUEUED_MAX, BATCH_REQUESTS_MAX } from '@longshore/shared-schema/limits';
import { type Env, settingsOf } from '../env.ts';
import { jobStoreOf } from '../gate/endpoint.ts';
import { shardOfJobId } from '../ids/job-id.ts';
import { AlarmClock } from './alarm-clock.ts';
import { BatchFeeder } from './batch-feeder.ts';
import { type BatchRow, BatchTable, type RequestRow } from './batch-table.ts';
import { eraseKeys, type SealedTexts } from './erase-keys.ts';
import { TextKeys } from './text-keys.ts';
import { TextSeal } from './text-seal.ts';

/** RunPod's view of a batch. */
export interface BatchView {
	readonly id: string;
	readonly endpointId: string;
	readonly status: BatchRow['status'];
	readonly requestTotal: number;
	readonly requestInProgress: number;
	readonly requestCompleted: number;
	readonly requestFailed: number;
	readonly createdAt: number;
	/** Once it has been given one. */
	readonly name?: string;
}

/** A request to be added: its job's id and its raw input. */
export interface NewBatchRequest {
	readonly id: string;
	readonly input: string;
}

/** Why a call changed nothing. */
export type BatchRefusal = 'unknown' | 'not_a_draft' | 'too_many_requests' | 'too_many_queued' | 'too_many_batches';

/** A page of requests, outputs beside them by part. */
export interface BatchPage {
	readonly requests: readonly RequestRow[];
	readonly total: number;
}

/** Durable Object, one per endpoint that has batches. */
export class BatchStore extends DurableObject<Env> {
	readonly #table: BatchTable;
	readonly #keys: TextKeys;
	readonly #texts: SealedTexts;
	readonly #clock: AlarmClock;
	readonly #feeder: BatchFeeder;
	readonly #retentionMs: number;
	readonly #retryMs: number;
	#endpointId: string;

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		const settings = settingsOf(env);
		this.#retentionMs = settings.LONGSHORE_RETENTION_BATCH_MS;
		this.#retryMs = settings.LONGSHORE_BATCH_RETRY_MS;
		const seal = new TextSeal();
		this.#table = new BatchTable(ctx.storage.sql, seal);
		this.#keys = new TextKeys(() => env.KEY_RING.getByName(ctx.id.toString()), seal, { syncMs: this.#retentionMs, asyncMs: this.#retentionMs });
		this.#texts = {
			underKey: (gen) => this.#table.underKey(gen),
			moveSome: (gen) => this.#transact(() => (this.#table.moveOneToKey(gen, this.#keys.current(false)) ? 0 : null)),
		};
		this.#clock = new AlarmClock(ctx.storage);
		ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)');
		this.#endpointId = ctx.storage.sql.exec<{ value: string }>("SELECT value FROM meta WHERE name = 'endpoint'").toArray()[0]?.value ?? '';
		this.#feeder = new BatchFeeder({
			env,
			table: this.#table,
			endpointId: () => this.#endpointId,
			transact: (work) => ctx.storage.transactionSync(work),
			run: (work) => ctx.waitUntil(work),
			ended: (batch) => this.#closeIfOver(batch),
			later: () => this.#clock.arm(Date.now() + this.#retryMs),
		});
		if (this.#endpointId !== '') void ctx.blockConcurrencyWhile(() => this.#wake());
	}

	/** Makes a draft with its first requests. */
	async create(endpointId: string, id: string, requests: readonly NewBatchRequest[]): Promise<BatchView | BatchRefusal> {
		await this.#keys.ready(false, Date.now());
		const now = Date.now();
		const active = this.#live(now).filter((batch) => batch.status === 'DRAFT' || (batch.status === 'FINALIZED' && this.#table.isOpen(batch.n)));
		if (active.length >= ACTIVE_BATCHES_MAX) return 'too_many_batches';
		return this.#transact(() => {
			if (this.#endpointId === '') this.ctx.storage.sql.exec("INSERT INTO meta (name, value) VALUES ('endpoint', ?)", endpointId);
			this.#endpointId = endpointId;
			if (this.#table.openRequests() + requests.length > BATCH_QUEUED_MAX) return 'too_many_queued';
			this.#table.add(id, now, now + this.#retentionMs);
			return this.#add(id, requests, now);
		});
	}

	/** Adds requests to a draft. */
	async add(id: string, requests: readonly NewBatchRequest[]): Promise<BatchView | BatchRefusal> {
		await this.#keys.ready(false, Date.now());
		return this.#transact(() => this.#add(id, requests, Date.now()));
	}

	/** Takes a request out of a draft; `unknown` when it is not in it. */
	remove(id: string, requestId: string): BatchView | BatchRefusal {
		const batch = this.#draft(id);
		if (typeof batch === 'string') return batch;
		const request = this.#table.findRequest(requestId);
		if (request?.batch !== batch.n) return 'unknown';
		this.#table.removeRequest(request.n);
		return this.#view(batch);
	}

	/** Closes a draft and begins to run it. A finalized batch stays as it is. */
	finalize(id: string): BatchView | BatchRefusal {
		const known = this.get(id);
		if (known?.status === 'FINALIZED') return known;
		const answer = this.#transact(() => {
			const batch = this.#draft(id);
			if (typeof batch === 'string') return batch;
			this.#table.moveAll(batch.n, 'draft', 'waiting', 'IN_QUEUE');
			this.#table.setStatus(batch.n, 'FINALIZED', null);
			this.#closeIfOver(batch.n);
			return this.#view({ ...batch, status: 'FINALIZED' });
		});
		this.#arm();
		this.#feeder.feed();
		return answer;
	}

	/** Cancels what has not ended, jobs of it too. */
	async cancel(id: string): Promise<BatchView | BatchRefusal> {
		const batch = this.#find(id);
		if (batch === null) return 'unknown';
		const sent = this.#table.sentOf(batch.n);
		this.#transact(() => {
			for (const place of ['draft', 'waiting', 'sent'] as const) this.#table.moveAll(batch.n, place, 'ended', 'CANCELLED');
			this.#table.setStatus(batch.n, 'CANCELLED', Date.now() + this.#retentionMs);
		});
		this.#arm();
		for (const request of sent) {
			const view = await jobStoreOf(this.env, this.#endpointId, shardOfJobId(request.id) ?? 0).cancel(request.id);
			await view?.output?.cancel();
		}
		return this.#view({ ...batch, status: 'CANCELLED' });
	}

	/** Names a batch, whatever its state. */
	rename(id: string, name: string): BatchView | BatchRefusal {
		const batch = this.#find(id);
		if (batch === null) return 'unknown';
		this.#table.setName(batch.n, name);
		return this.#view({ ...batch, name });
	}

	get(id: string): BatchView | null {
		const batch = this.#find(id);
		return batch === null ? null : this.#view(batch);
	}

	/** All batches, newest first. */
	list(): BatchView[] {
		return this.#live(Date.now()).map((batch) => this.#view(batch));
	}

	/** A page of a batch's requests in the order in which they were added. */
	page(id: string, offset: number, limit: number): BatchPage | null {
		const batch = this.#find(id);
		return batch === null ? null : { requests: this.#table.page(batch.n, offset, limit), total: this.#table.counts(batch.n).total };
	}

	/** Part `n` of a request's output; null behind the last. */
	outputPart(request: number, n: number): Uint8Array | null {
		return this.#table.outputPart(request, n);
	}

	/** The endpoint was deleted: its batches go, and with their keys all that is left of them. */
	async destroy(): Promise<void> {
		if (this.#endpointId !== '') await this.#keys.remove();
		await this.ctx.storage.deleteAll();
		// The tables are gone; the next call starts a new object, which makes empty ones.
		setTimeout(() => this.ctx.abort('the endpoint was deleted'), 0);
	}

	override alarm(): void {
		this.#clock.rang();
		const now = Date.now();
		for (const batch of this.#table.list()) if (batch.expiresAt !== null && batch.expiresAt <= now) this.#transact(() => this.#table.remove(batch.n));
		this.#feeder.resume();
		this.ctx.waitUntil(eraseKeys(this.#keys, this.#texts, Date.now()));
		this.#arm();
	}

	/** The texts of earlier requests need their keys before anything is read. */
	async #wake(): Promise<void> {
		await this.#keys.load();
		this.#arm();
	}

	#add(id: string, requests: readonly NewBatchRequest[], now: number): BatchView | BatchRefusal {
		const batch = this.#draft(id);
		if (typeof batch === 'string') return batch;
		if (this.#table.counts(batch.n).total + requests.length > BATCH_REQUESTS_MAX) return 'too_many_requests';
		if (this.#table.openRequests() + requests.length > BATCH_QUEUED_MAX) return 'too_many_queued';
		for (const { id: requestId, input } of requests) this.#table.addRequest(batch.n, requestId, this.#keys.current(false), input);
		this.#table.setStatus(batch.n, 'DRAFT', now + this.#retentionMs);
		this.#arm();
		return this.#view(batch);
	}

	#draft(id: string): BatchRow | 'unknown' | 'not_a_draft' {
		const batch = this.#find(id);
		if (batch === null) return 'unknown';
		return batch.status === 'DRAFT' ? batch : 'not_a_draft';
	}

	#find(id: string): BatchRow | null {
		const batch = this.#table.find(id);
		return batch === null || (batch.expiresAt !== null && batch.expiresAt <= Date.now()) ? null : batch;
	}

	#live(now: number): BatchRow[] {
		return this.#table.list().filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
	}

	#view(batch: BatchRow): BatchView {
		const { total, open, completed, failed } = this.#table.counts(batch.n);
		const { id, status, createdAt, name } = batch;
		const counts = { requestTotal: total, requestInProgress: open, requestCompleted: completed, requestFailed: failed };
		return { id, endpointId: this.#endpointId, status, ...counts, createdAt, ...(name === null ? {} : { name }) };
	}

	#closeIfOver(n: number): void {
		const batch = this.#table.byRow(n);
		if (batch?.status !== 'FINALIZED' || this.#table.isOpen(n)) return;
		this.#table.setStatus(n, 'FINALIZED', Date.now() + this.#retentionMs);
		this.#arm();
	}

	/** Work that is under way needs the alarm too: it brings the object back when it was restarted. */
	#arm(): void {
		for (const at of [this.#table.nextExpiry(), this.#keys.nextEndAt()]) if (at !== null) this.#clock.arm(at);
		if (this.#table.at('waiting', 1).length + this.#table.at('sent', 1).length > 0) this.#clock.arm(Date.now() + this.#retryMs);
	}

	#transact<T>(work: () => T): T {
		return this.ctx.storage.transactionSync(work);
	}
}
