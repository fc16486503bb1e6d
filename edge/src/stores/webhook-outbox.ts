/** Sends a JobStore's due webhooks: who goes next, how many at once, and what becomes of a try. Nothing here changes a job. */
import { isExpired, isTerminal } from '@longshore/shared-schema/job/job';
import { problemOfUrl } from '../core/address-guard.ts';
import { type NextStep, nextStep } from '../core/webhook-schedule.ts';
import { type Env, settingsOf } from '../env.ts';
import { guardRulesOf } from '../gate/webhook.ts';
import { logError } from '../log.ts';
import { deliver, type TryOutcome } from '../webhooks/deliver.ts';
import { webhookHeaders } from '../webhooks/signature.ts';
import type { WebhookPlan } from './endpoint-store.ts';
import type { JobRow } from './job-table.ts';
import type { StoreParts } from './store-parts.ts';
import { toRequestBody, webhookBody } from './webhook-body.ts';
import { webhookIdOf } from './webhook-log.ts';
import type { Webhook } from './webhook-table.ts';

/** Deliveries of one store at one time to one host, and to all. */
const HOST_TRIES_MAX = 4;
const STORE_TRIES_MAX = 32;
/** A changed profile or secret is used within this time. */
const PLAN_CACHE_MS = 1_000;
const BLOCKED: TryOutcome = { status: null, error: 'address', retryAfterMs: null };

/** The webhooks of one JobStore on their way. What is under way is memory only: after a restart it is due again. */
export class WebhookOutbox {
	readonly #env: Env;
	readonly #parts: StoreParts;
	/** Row number → host. */
	readonly #underWay = new Map<number, string>();
	#endpointId: string | null = null;
	#plan: { until: number; value: Promise<WebhookPlan | null> } | null = null;

	constructor(env: Env, parts: StoreParts) {
		this.#env = env;
		this.#parts = parts;
	}

	/** The endpoint whose webhooks these are. */
	serve(endpointId: string): void {
		this.#endpointId = endpointId;
	}

	/** Starts what has become due since the last call; nothing when no job with a webhook has ended. */
	kick(): void {
		if (this.#parts.webhooks.takeArmed()) this.pump();
	}

	/** Starts every due try for which there is room. */
	pump(): void {
		while (this.#startSome() > 0);
	}

	/** One batch; how many webhooks it looked at. One whose try could not begin is left to the alarm. */
	#startSome(): number {
		const room = STORE_TRIES_MAX - this.#underWay.size;
		if (room <= 0) return 0;
		const due = this.#parts.webhooks.due(Date.now(), [...this.#underWay.keys()], this.#busyHosts(), room);
		for (const hook of due) {
			if (this.#triesTo(hook.host) >= HOST_TRIES_MAX) continue;
			this.#underWay.set(hook.n, hook.host);
			void this.#try(hook)
				.catch((error: unknown) => logError('webhook not tried', error))
				.finally(() => this.#underWay.delete(hook.n))
				.then((tried) => {
					if (tried === true) this.pump();
				});
		}
		return due.length;
	}

	/** One try with everything around it. False when the job is not there to be told about. */
	async #try(hook: Webhook): Promise<boolean> {
		const plan = await this.#readPlan();
		const row = this.#parts.jobs.at(hook.n);
		const now = Date.now();
		if (row === null || !isTerminal(row.job.phase) || isExpired(row.job, now)) return false;
		if (plan === null) {
			this.#settle(row, hook, 'failed');
			return true;
		}
		const outcome = await this.#send(plan, row, hook, now);
		this.#record(plan, row, hook, outcome, now);
		return true;
	}

	async #send(plan: WebhookPlan, row: JobRow, hook: Webhook, now: number): Promise<TryOutcome> {
		if (problemOfUrl(hook.url, guardRulesOf(this.#env)) !== null) return BLOCKED;
		const body = webhookBody(this.#parts, row, hook);
		const headers = {
			'content-type': 'application/json',
			'user-agent': 'Longshore-Webhook/1',
			...webhookHeaders(webhookIdOf(row.job.id, hook.generation), Math.floor(now / 1_000), body.parts(), plan.secrets),
		};
		return deliver(hook.url, headers, toRequestBody(body), settingsOf(this.#env).LONGSHORE_WEBHOOK_TIMEOUT_MS);
	}

	/** Writes a try's outcome, unless its job is gone; a job that started anew or was replayed meanwhile keeps its new schedule. */
	#record({ profile }: WebhookPlan, row: JobRow, hook: Webhook, outcome: TryOutcome, startedAt: number): void {
		const { webhooks, storage } = this.#parts;
		const now = Date.now();
		if (!this.#isThere(row)) return;
		const tries = hook.tries + 1;
		const retentionMs = (row.job.expiresAt ?? now) - (row.job.endedAt ?? now);
		const step = nextStep(profile, outcome, { tries, since: hook.since, retentionMs }, now, settingsOf(this.#env).LONGSHORE_WEBHOOK_RETRY_MS, Math.random());
		storage.transactionSync(() => {
			webhooks.logTry(hook.n, hook.generation, startedAt, now - startedAt, outcome);
			this.#settle(row, { ...hook, tries }, step);
		});
	}

	#settle(row: JobRow, hook: Webhook, step: NextStep): void {
		const { webhooks, clock } = this.#parts;
		if (webhooks.find(row.n)?.round !== hook.round) return;
		if (typeof step === 'string') {
			webhooks.settle(hook.n, step, hook.tries, null);
			return;
		}
		webhooks.settle(hook.n, 'pending', hook.tries, step.at);
		clock.arm(step.at);
	}

	/** Row numbers are used again: the same job is the one with the same id. */
	#isThere({ n, job }: JobRow): boolean {
		return this.#parts.jobs.find(job.id)?.n === n;
	}

	#readPlan(): Promise<WebhookPlan | null> {
		if (this.#endpointId === null) return Promise.resolve(null);
		const now = Date.now();
		if (this.#plan !== null && now < this.#plan.until) return this.#plan.value;
		const value = this.#env.ENDPOINT_STORE.getByName(this.#endpointId).webhookPlan();
		this.#plan = { until: now + PLAN_CACHE_MS, value };
		// A failed read is not kept: who waits for it sees the error, the next try reads again.
		value.catch(() => {
			this.#plan = null;
		});
		return value;
	}

	#busyHosts(): string[] {
		return [...new Set(this.#underWay.values())].filter((host) => this.#triesTo(host) >= HOST_TRIES_MAX);
	}

	#triesTo(host: string): number {
		let tries = 0;
		for (const other of this.#underWay.values()) if (other === host) tries++;
		return tries;
	}
}
