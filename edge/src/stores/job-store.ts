/**
 * The truth about the jobs of one shard of an endpoint: rows, texts, timers, dispatch. A verb loads rows, calls the job machine and
 * saves rows in one synchronous transaction; calls to regions come after it. It may not talk to NATS or hosts.
 */
import { DurableObject } from 'cloudflare:workers';
import { endJob, retryJob, runMs, shortenRetention } from '@longshore/shared-schema/job/finish';
import { goneCause } from '@longshore/shared-schema/job/gone';
import { dueAt, isExpired, isQueued, isTerminal, type Job } from '@longshore/shared-schema/job/job';
import { grantClaim } from '@longshore/shared-schema/job/report';
import type { Claim, Verdict } from '@longshore/shared-schema/wire/region';
import type { GoneCause } from '@longshore/shared-schema/wire/runpod-answers';
import { explainWait, type WaitExplanation } from '../core/explain-wait.ts';
import type { JobRun } from '../core/job-cost.ts';
import { type Env, jobTimersOf, settingsOf } from '../env.ts';
import { macOf } from '../ids/mac.ts';
import { logError } from '../log.ts';
import { AlarmClock } from './alarm-clock.ts';
import { eraseKeys } from './erase-keys.ts';
import { GoneTable } from './gone-table.ts';
import { GroupCommit } from './group-commit.ts';
import { IdempotencyTable } from './idempotency-table.ts';
import { JobDispatcher, SILENT_MS_MAX } from './job-dispatcher.ts';
import { moveQueued } from './job-moves.ts';
import { JobOutbox } from './job-outbox.ts';
import { type JobOutcome, readOutcome } from './job-outcome.ts';
import { purgeQueue } from './job-purge.ts';
import { jobTexts } from './job-rekey.ts';
import { applyReports, type Report } from './job-reports.ts';
import { type RunQuery, runsOf } from './job-runs.ts';
import { drainStream, followStream, type StreamPart, type StreamPlace, wakeReaders } from './job-stream.ts';
import { commitSubmissions, type Submission, type SubmitAnswer } from './job-submit.ts';
import { sweep } from './job-sweep.ts';
import { type JobRow, JobTable } from './job-table.ts';
import { type JobView, viewJob } from './job-view.ts';
import { settledWithin } from './settled-within.ts';
import { findLive, nextDueAt, type StoreParts, saveJob, transact } from './store-parts.ts';
import { type JobCounts, Tallies } from './tallies.ts';
import { TextKeys } from './text-keys.ts';
import { TextSeal } from './text-seal.ts';
import { TextTable } from './text-table.ts';
import { Waiters } from './waiters.ts';
import { readWebhookLog, replayWebhook, type WebhookLog } from './webhook-log.ts';
import { WebhookOutbox } from './webhook-outbox.ts';
import { type WebhookCounts, WebhookTable } from './webhook-table.ts';

/** What is kept of a webhook's host: enough to tell two apart. */
const HOST_TAG_BYTES = 8;

/** A job in a list, with the row number that pages it. */
export interface JobListing {
	readonly n: number;
	readonly job: Job;
}

/** Durable Object, one per endpoint and shard. */
export class JobStore extends DurableObject<Env> {
	readonly #parts: StoreParts;
	readonly #outbox: JobOutbox;
	readonly #webhooks: WebhookOutbox;
	readonly #submits: GroupCommit<Submission, SubmitAnswer>;
	#endpointId: string | null = null;
	/** Queued jobs are being moved; `again` when the regions changed meanwhile. */
	#moving: 'no' | 'yes' | 'again' = 'no';

	constructor(ctx: DurableObjectState, env: Env) {
		super(ctx, env);
		const { storage } = ctx;
		const settings = settingsOf(env);
		const timers = jobTimersOf(settings);
		const seal = new TextSeal();
		const jobs = new JobTable(storage.sql, seal);
		const keys = new TextKeys(() => env.KEY_RING.getByName(ctx.id.toString()), seal, { syncMs: timers.retentionSyncMs, asyncMs: timers.retentionAsyncMs });
		this.#outbox = new JobOutbox(() => this.#parts);
		this.#parts = {
			storage,
			jobs,
			texts: new TextTable(storage.sql, seal),
			keys,
			idempotency: new IdempotencyTable(storage.sql),
			gone: new GoneTable(storage.sql),
			webhooks: new WebhookTable(storage.sql, seal, (host) => Buffer.from(macOf(settings.LONGSHORE_ID_KEY, `webhook/${host}`, HOST_TAG_BYTES)).toString('hex')),
			tallies: new Tallies(storage.sql, jobs.countByPhase()),
			timers,
			clock: new AlarmClock(storage),
			waiters: new Waiters(),
			dispatcher: new JobDispatcher(env, timers, this.#outbox.listener),
		};
		this.#webhooks = new WebhookOutbox(env, this.#parts);
		storage.sql.exec('CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)');
		const [meta] = storage.sql.exec<{ value: string }>("SELECT value FROM meta WHERE name = 'endpoint'");
		if (meta !== undefined) this.#serve(meta.value);
		this.#submits = new GroupCommit((items) => this.#commitSubmits(items));
		if (meta !== undefined) void ctx.blockConcurrencyWhile(() => this.#wake());
	}

	/** Accepts a job. Its answer leaves after the commit. */
	submit(submission: Submission): Promise<SubmitAnswer> {
		const keyed = this.#parts.keys.ready(submission.job.sync, Date.now());
		if (keyed !== null) return keyed.then(() => this.submit(submission));
		const { inQueue, inProgress } = this.#parts.tallies.counts;
		return this.#submits.add(submission, Date.now(), inQueue + inProgress);
	}

	/** Accepts a job and waits up to `waitMs` for its end: its view then, whatever its state. */
	async submitAndWait(submission: Submission, waitMs: number): Promise<Exclude<SubmitAnswer, 'accepted'> | JobView> {
		const answer = await this.submit(submission);
		if (answer !== 'accepted') return answer;
		await this.#parts.waiters.wait(submission.job.id, waitMs);
		const view = this.view(submission.job.id);
		if (view === null) throw new Error('an accepted job has no row');
		return view;
	}

	/** The job as a status answer shows it; null when there is none or it has expired. */
	view(id: string): JobView | null {
		return viewJob(this.#parts, id, Date.now());
	}

	/** Why a job that this edge made is gone; null when it is there. A late sweep changes nothing about it. */
	goneCause(id: string): GoneCause | null {
		const now = Date.now();
		const row = this.#parts.jobs.find(id);
		if (row !== null) return isExpired(row.job, now) ? goneCause(row.job, this.#parts.timers) : null;
		return this.#parts.gone.causeOf(id, now);
	}

	/** As `view`, held until the job's end or `waitMs`. */
	async waitForEnd(id: string, waitMs: number): Promise<JobView | null> {
		const row = this.#parts.jobs.find(id);
		if (row !== null && !isTerminal(row.job.phase)) await this.#parts.waiters.wait(id, waitMs);
		return this.view(id);
	}

	/** A job's end without its status answer: waits for it up to `waitMs`. Null when there is no job. */
	async waitForOutcome(id: string, waitMs: number): Promise<JobOutcome | null> {
		const row = this.#parts.jobs.find(id);
		if (row !== null && !isTerminal(row.job.phase)) await this.#parts.waiters.wait(id, waitMs);
		return readOutcome(this.#parts, id, Date.now());
	}

	/**
	 * Cancels a job that has not ended; a terminal one stays as it is. Null when there is none. One that no worker has yet is taken back
	 * from its region before the answer, for at most `waitMs`: a caller who is told so may rely on it that it never runs.
	 */
	async cancel(id: string, waitMs = 0): Promise<JobView | null> {
		const now = Date.now();
		const row = findLive(this.#parts, id, now);
		if (row !== null && !isTerminal(row.job.phase)) {
			const cancelled = endJob(row.job, { phase: 'cancelled', error: null, executionMs: runMs(row.job, now) }, now, this.#parts.timers);
			saveJob(this.#parts, row, cancelled);
			const revoked = row.job.region === null ? Promise.resolve() : this.#parts.dispatcher.revoke([row.job]);
			this.ctx.waitUntil(revoked);
			wakeReaders(this.#parts.waiters, id);
			if (row.job.phase !== 'running') await settledWithin(revoked, waitMs);
		}
		return this.view(id);
	}

	/** Shortens what is left of a result's retention. */
	shorten(id: string, remainingMs: number): void {
		const now = Date.now();
		const row = findLive(this.#parts, id, now);
		const job = row === null ? null : shortenRetention(row.job, remainingMs, now);
		if (row !== null && job !== null) saveJob(this.#parts, row, job);
	}

	/** Starts a failed or timed-out job anew, without its old output. False when it is in any other state, null when there is none. */
	retry(id: string): boolean | null {
		const now = Date.now();
		const row = findLive(this.#parts, id, now);
		if (row === null) return null;
		const job = retryJob(row.job, now);
		if (job === null) return false;
		transact(this.#parts, () => {
			this.#parts.jobs.restart(row, job);
			this.#parts.texts.clearAttempt(row.n);
			this.#parts.webhooks.disarm(row.n);
			this.#parts.tallies.move(row.job.phase, job.phase);
		});
		this.#parts.clock.arm(dueAt(job));
		this.#dispatchWaiting();
		return true;
	}

	/** Cancels jobs that no worker has, all that were accepted before this call; how many. */
	purgeQueue(): Promise<number> {
		return purgeQueue(this.#parts);
	}

	/** The newest jobs below row `before`, for lists. */
	list(before: number, limit: number): JobListing[] {
		return this.#parts.jobs.newest(Date.now(), before, limit).map(({ n, job }) => ({ n, job: { ...job, token: null } }));
	}

	/** A job for lists; null when there is none or it has expired. */
	job(id: string): Job | null {
		const row = findLive(this.#parts, id, Date.now());
		return row === null ? null : { ...row.job, token: null };
	}

	/** Which jobs workers had in hand. */
	runs(query: RunQuery): JobRun[] {
		return runsOf(this.#parts.storage.sql, query, Date.now());
	}

	/** Takes the stream chunks that earlier calls left, waiting for the first. */
	drainStream(id: string, waitMs: number): Promise<StreamPart | null> {
		return drainStream(this.#parts, id, waitMs);
	}

	/** Stream chunks from a place on, waiting for the first. */
	followStream(id: string, place: StreamPlace, waitMs: number): Promise<StreamPart | null> {
		return followStream(this.#parts, id, place, waitMs);
	}

	/** Why a queued job waits, with `ahead` jobs of other shards before it; null when it is not queued. */
	async explain(id: string, ahead: number): Promise<WaitExplanation | null> {
		const row = findLive(this.#parts, id, Date.now());
		if (row === null || !isQueued(row.job.phase)) return null;
		const { dispatcher, jobs, tallies } = this.#parts;
		const routes = await dispatcher.routes();
		const obstacles = await dispatcher.obstacles(routes);
		const placeInLine = 1 + ahead + jobs.queuedBefore(row.job.createdAt);
		return explainWait({ phase: row.job.phase, region: row.job.region, placeInLine, paceMs: tallies.paceMs, silentMsMax: SILENT_MS_MAX, obstacles }, routes);
	}

	/** How many queued jobs of this shard were submitted before `createdAt`. */
	queuedBefore(createdAt: number): number {
		return this.#parts.jobs.queuedBefore(createdAt);
	}

	/** A job's webhook and how its tries went; null when there is no such job. */
	webhookLog(id: string): WebhookLog | 'no_webhook' | null {
		return readWebhookLog(this.#parts, id, Date.now());
	}

	/** Calls an ended job's webhook again. */
	replayWebhook(id: string): WebhookLog | 'no_webhook' | 'not_ended' | null {
		const log = replayWebhook(this.#parts, id, Date.now());
		this.#webhooks.kick();
		return log;
	}

	/** How this shard's webhooks went. */
	webhookCounts(): WebhookCounts {
		return this.#parts.webhooks.counts();
	}

	/** RunPod's job counts of this shard. */
	counts(): JobCounts {
		return { ...this.#parts.tallies.counts };
	}

	/** Applies a region's reports in order; one verdict each. */
	report(region: string, reports: readonly Report[]): Verdict[] {
		this.#submits.flush(Date.now());
		const { verdicts, waiting } = applyReports(this.#parts, region, reports, Date.now());
		for (const { event } of reports) {
			this.#outbox.heardOf(event.id);
			if (event.kind === 'result') this.#parts.dispatcher.ended(event.id, region);
		}
		this.#webhooks.kick();
		if (waiting) this.#dispatchWaiting();
		return verdicts;
	}

	/** Grants or refuses late and repeated starts. */
	claim(region: string, claims: readonly Claim[]): ('run' | 'drop')[] {
		const now = Date.now();
		return transact(this.#parts, () =>
			claims.map((claim) => {
				const row = findLive(this.#parts, claim.id, now);
				const granted = grantClaim(row?.job ?? null, claim, region, now, this.#parts.timers);
				if (row === null || granted === null) return 'drop';
				saveJob(this.#parts, row, granted);
				return 'run';
			}),
		);
	}

	/** The n-th part of a current attempt's payload, at most 1 MiB; null behind the last and when the attempt is over. */
	payloadPart(id: string, epoch: number, token: string, region: string, n: number): Uint8Array | null {
		const row = this.#currentAttempt(id, epoch, token, region);
		return row === null ? null : this.#parts.texts.payloadPart(row.n, n);
	}

	/** Stores a part of a current attempt's large output ahead of its result. False when the attempt is over. */
	upload(id: string, epoch: number, token: string, region: string, part: number, bytes: Uint8Array): boolean {
		const row = this.#currentAttempt(id, epoch, token, region);
		if (row === null) return false;
		transact(this.#parts, () => this.#parts.texts.addUpload(row.n, epoch, part, bytes));
		return true;
	}

	/** Host boots were given up: their jobs are looked at after `graceMs`, so that results which survived the host come first, or the host itself. */
	bootsLost(boots: readonly string[], graceMs: number): void {
		const now = Date.now();
		transact(this.#parts, () => {
			for (const boot of boots) {
				for (const row of this.#parts.jobs.runningOn(boot)) saveJob(this.#parts, row, { ...row.job, nextAt: Math.min(row.job.nextAt, now + graceMs) });
			}
		});
	}

	/** Something changed at the endpoint's regions: jobs without a region are tried again now, and those that would wait in vain where they are move. */
	regionsChanged(shards: number): void {
		if (this.#endpointId === null) return; // No job yet: a new endpoint's regions are told before its first one.
		this.#parts.dispatcher.forgetRoutes();
		this.#dispatchWaiting(Number.MAX_SAFE_INTEGER);
		this.ctx.waitUntil(this.#moveQueued(shards));
	}

	async #moveQueued(shards: number): Promise<void> {
		if (this.#moving !== 'no') {
			this.#moving = 'again';
			return;
		}
		try {
			do {
				this.#moving = 'yes';
				if (await moveQueued(this.#parts, shards)) this.#dispatchWaiting();
			} while (this.#movesAgain());
		} catch (error) {
			logError('queued jobs not moved', error);
		} finally {
			this.#moving = 'no';
		}
	}

	#movesAgain(): boolean {
		return this.#moving === 'again';
	}

	/** The endpoint was deleted: every job, payload, result and timer goes. What hosts still report finds no job and is stopped. */
	async destroy(): Promise<void> {
		await this.#parts.keys.remove();
		await this.ctx.storage.deleteAll();
		// The tables are gone; the next call starts a new object, which makes empty ones.
		setTimeout(() => this.ctx.abort('the endpoint was deleted'), 0);
	}

	/** Runs every timer that is due. Never throws: a thrown alarm is retried a few times and then forgotten by the platform. */
	override async alarm(): Promise<void> {
		this.#parts.clock.rang();
		try {
			await this.#parts.dispatcher.routes().catch((error: unknown) => logError('routes not fetched', error));
			const { waiting, calls } = sweep(this.#parts, Date.now());
			if (waiting) this.#dispatchWaiting();
			this.ctx.waitUntil(calls);
		} catch (error) {
			logError('sweep failed', error);
		}
		this.ctx.waitUntil(eraseKeys(this.#parts.keys, jobTexts(this.#parts), Date.now()));
		this.#webhooks.pump();
		const next = nextDueAt(this.#parts, Date.now());
		if (next !== null) this.#parts.clock.arm(Math.max(next, Date.now() + 50));
	}

	/** The texts of earlier jobs need their keys before anything is read, the timers their alarm. */
	async #wake(): Promise<void> {
		await this.#parts.keys.load();
		const next = nextDueAt(this.#parts, Date.now(), 0);
		if (next !== null) this.#parts.clock.arm(next);
	}

	#commitSubmits(items: readonly Submission[]): SubmitAnswer[] {
		const first = items[0];
		if (this.#endpointId === null && first !== undefined) this.#adopt(first.endpointId);
		const { answers, waiting } = commitSubmissions(this.#parts, items);
		if (waiting) this.#dispatchWaiting();
		return answers;
	}

	#dispatchWaiting(readyBy = Date.now()): void {
		this.ctx.waitUntil(this.#outbox.dispatchWaiting(readyBy));
	}

	#currentAttempt(id: string, epoch: number, token: string, region: string): JobRow | null {
		const row = findLive(this.#parts, id, Date.now());
		return row !== null && row.job.epoch === epoch && row.job.token === token && row.job.region === region ? row : null;
	}

	#adopt(endpointId: string): void {
		this.#parts.storage.sql.exec("INSERT INTO meta (name, value) VALUES ('endpoint', ?)", endpointId);
		this.#serve(endpointId);
	}

	#serve(endpointId: string): void {
		this.#endpointId = endpointId;
		this.#parts.dispatcher.serve(endpointId);
		this.#webhooks.serve(endpointId);
	}
}
