/** Webhooks of a shard's jobs: what to call (sealed), when it is due, how its tries ended. A job without a webhook has no row here and costs nothing. */
import type { TryOutcome } from '../webhooks/deliver.ts';
import type { TextSeal } from './text-seal.ts';

const SCHEMA = `
CREATE TABLE IF NOT EXISTS webhooks (
	job INTEGER PRIMARY KEY, url TEXT NOT NULL, host TEXT NOT NULL, input_bytes INTEGER NOT NULL,
	state TEXT NOT NULL, generation INTEGER NOT NULL, round INTEGER NOT NULL, tries INTEGER NOT NULL, since INTEGER NOT NULL, next_at INTEGER
);
CREATE INDEX IF NOT EXISTS webhooks_due ON webhooks (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS webhook_tries (
	job INTEGER NOT NULL, n INTEGER NOT NULL, generation INTEGER NOT NULL, at INTEGER NOT NULL, took_ms INTEGER NOT NULL, status INTEGER, error TEXT,
	PRIMARY KEY (job, n)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS webhook_counts (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
`;
/** A webhook's text is sealed with the key of its job. */
const SELECT = 'SELECT webhooks.*, jobs.key_gen FROM webhooks JOIN jobs ON jobs.n = webhooks.job';
/** Tries kept for a job's delivery log: the newest ones. */
const TRIES_KEPT = 50;

/** The alarm looks this much later after a webhook that is due: only a crash or a fault leaves one behind. */
export const UNSENT_MS = 5_000;

/** `waiting`: the job has not ended, or ended in a way that calls nobody. `pending`: a try is due or under way. */
export type WebhookState = 'waiting' | 'pending' | 'delivered' | 'failed';

/** What a submit says about its job's webhook. */
export interface NewWebhook {
	readonly url: string;
	/** Size of `input` in UTF-8. */
	readonly inputBytes: number;
}

/** A job's webhook. */
export interface Webhook {
	/** The job's row number. */
	readonly n: number;
	readonly url: string;
	/** Stands for the URL's host: the same for the same one. */
	readonly host: string;
	readonly inputBytes: number;
	readonly state: WebhookState;
	/** How often the job has ended: part of the `webhook-id`. */
	readonly generation: number;
	/** Rises with every end and replay: a try of an earlier round decides nothing. */
	readonly round: number;
	/** Tries of this round. */
	readonly tries: number;
	/** When this round began. */
	readonly since: number;
	readonly nextAt: number | null;
}

/** One try in the delivery log. */
export interface WebhookTry {
	readonly n: number;
	readonly generation: number;
	readonly at: number;
	readonly tookMs: number;
	readonly status: number | null;
	readonly error: string | null;
}

/** Ends of deliveries since the endpoint exists, and how many are open. */
export interface WebhookCounts {
	pending: number;
	delivered: number;
	failed: number;
	/** Still open when their job's retention ended. */
	dropped: number;
}

type Row = {
	job: number;
	url: string | ArrayBuffer;
	key_gen: number;
	host: string;
	input_bytes: number;
	state: string;
	generation: number;
	round: number;
	tries: number;
	since: number;
	next_at: number | null;
};

/** Reads and writes webhooks by their job's row number. Synchronous, so that it joins the transactions that move jobs. */
export class WebhookTable {
	readonly #sql: SqlStorage;
	readonly #seal: TextSeal;
	readonly #tagOf: (host: string) => string;
	/** Rows of jobs that have one: what tells all other jobs apart without a query. */
	readonly #jobs = new Set<number>();
	#armed = false;

	/** `tagOf` gives what is kept in place of a host. */
	constructor(sql: SqlStorage, seal: TextSeal, tagOf: (host: string) => string) {
		this.#sql = sql;
		this.#seal = seal;
		this.#tagOf = tagOf;
		sql.exec(SCHEMA);
		this.reload();
	}

	/** Reads anew which jobs have a webhook, after a transaction that was undone. */
	reload(): void {
		this.#jobs.clear();
		for (const { job } of this.#sql.exec<{ job: number }>('SELECT job FROM webhooks')) this.#jobs.add(job);
	}

	/** Remembers a new job's webhook. */
	add(job: number, keyGen: number, { url, inputBytes }: NewWebhook): void {
		this.#sql.exec(
			"INSERT INTO webhooks (job, url, host, input_bytes, state, generation, round, tries, since) VALUES (?, ?, ?, ?, 'waiting', 0, 0, 0, 0)",
			job,
			this.#seal.seal(keyGen, new TextEncoder().encode(url)),
			this.#tagOf(new URL(url).host),
			inputBytes,
		);
		this.#jobs.add(job);
	}

	/** The job has ended: its webhook is due now. True when it has one. Belongs into the transaction that ends the job. */
	arm(job: number, now: number): boolean {
		if (!this.#jobs.has(job)) return false;
		this.#sql.exec("UPDATE webhooks SET state = 'pending', generation = generation + 1, round = round + 1, tries = 0, since = ?, next_at = ? WHERE job = ?", now, now, job);
		this.#armed = true;
		return true;
	}

	/** The same call again, under the same id. */
	replay(job: number, now: number): void {
		this.#sql.exec("UPDATE webhooks SET state = 'pending', round = round + 1, tries = 0, since = ?, next_at = ? WHERE job = ?", now, now, job);
		this.#armed = true;
	}

	/** The job starts anew: what its last end announced no longer holds. */
	disarm(job: number): void {
		if (this.#jobs.has(job)) this.#sql.exec("UPDATE webhooks SET state = 'waiting', round = round + 1, next_at = NULL WHERE job = ?", job);
	}

	/** Whether a webhook has become due since the last call. */
	takeArmed(): boolean {
		const armed = this.#armed;
		this.#armed = false;
		return armed;
	}

	find(job: number): Webhook | null {
		if (!this.#jobs.has(job)) return null;
		const [row] = this.#sql.exec<Row>(`${SELECT} WHERE job = ?`, job);
		return row === undefined ? null : this.#toWebhook(row);
	}

	/** Due webhooks, the longest due first, without those of `busyJobs` and `busyHosts`. */
	due(now: number, busyJobs: readonly number[], busyHosts: readonly string[], limit: number): Webhook[] {
		if (this.#jobs.size === 0) return [];
		return this.#sql
			.exec<Row>(
				`${SELECT} WHERE webhooks.next_at <= ? AND job NOT IN (SELECT value FROM json_each(?)) AND host NOT IN (SELECT value FROM json_each(?))
				ORDER BY webhooks.next_at LIMIT ?`,
				now,
				JSON.stringify(busyJobs),
				JSON.stringify(busyHosts),
				limit,
			)
			.toArray()
			.map((row) => this.#toWebhook(row));
	}

	/** When the alarm has to ring for webhooks, for what is due already in `unsentMs`; null for never. */
	nextDueAt(now: number, unsentMs: number): number | null {
		if (this.#jobs.size === 0) return null;
		const { at, overdue } = this.#sql
			.exec<{ at: number | null; overdue: number }>(
				'SELECT (SELECT MIN(next_at) FROM webhooks WHERE next_at > ?) AS at, EXISTS (SELECT 1 FROM webhooks WHERE next_at <= ?) AS overdue',
				now,
				now,
			)
			.one();
		return overdue === 0 ? at : Math.min(at ?? Number.POSITIVE_INFINITY, now + unsentMs);
	}

	/** Writes a try into the log. */
	logTry(job: number, generation: number, at: number, tookMs: number, { status, error }: TryOutcome): void {
		const { n } = this.#sql.exec<{ n: number }>('SELECT COALESCE(MAX(n), 0) + 1 AS n FROM webhook_tries WHERE job = ?', job).one();
		this.#sql.exec('INSERT INTO webhook_tries (job, n, generation, at, took_ms, status, error) VALUES (?, ?, ?, ?, ?, ?, ?)', job, n, generation, at, tookMs, status, error);
		if (n > TRIES_KEPT) this.#sql.exec('DELETE FROM webhook_tries WHERE job = ? AND n <= ?', job, n - TRIES_KEPT);
	}

	/** What the webhook's last try made of it. */
	settle(job: number, state: Exclude<WebhookState, 'waiting'>, tries: number, nextAt: number | null): void {
		this.#sql.exec('UPDATE webhooks SET state = ?, tries = ?, next_at = ? WHERE job = ?', state, tries, nextAt, job);
		if (state !== 'pending') this.#count(state);
	}

	/** The job's tries, oldest first. */
	tries(job: number): WebhookTry[] {
		return this.#sql
			.exec<{ n: number; generation: number; at: number; took_ms: number; status: number | null; error: string | null }>(
				'SELECT * FROM webhook_tries WHERE job = ? ORDER BY n',
				job,
			)
			.toArray()
			.map(({ n, generation, at, took_ms, status, error }) => ({ n, generation, at, tookMs: took_ms, status, error }));
	}

	/** Deletes a job's webhook and its log, with the job. One that is still pending is dropped and counted. */
	remove(job: number): void {
		if (!this.#jobs.delete(job)) return;
		const [row] = this.#sql.exec<{ state: string }>('DELETE FROM webhooks WHERE job = ? RETURNING state', job);
		this.#sql.exec('DELETE FROM webhook_tries WHERE job = ?', job);
		if (row?.state === 'pending') this.#count('dropped');
	}

	counts(): WebhookCounts {
		const counts: WebhookCounts = { pending: 0, delivered: 0, failed: 0, dropped: 0 };
		for (const { name, count } of this.#sql.exec<{ name: keyof WebhookCounts; count: number }>('SELECT name, count FROM webhook_counts')) counts[name] = count;
		counts.pending = this.#sql.exec<{ count: number }>('SELECT COUNT(*) AS count FROM webhooks WHERE next_at IS NOT NULL').one().count;
		return counts;
	}

	/** Seals a job's webhook with another key. */
	moveToKey(job: number, from: number, to: number): void {
		if (!this.#jobs.has(job)) return;
		const { url } = this.#sql.exec<Pick<Row, 'url'>>('SELECT url FROM webhooks WHERE job = ?', job).one();
		this.#sql.exec('UPDATE webhooks SET url = ? WHERE job = ?', this.#seal.seal(to, this.#seal.open(from, url)), job);
	}

	#toWebhook({ job, url, key_gen, host, input_bytes, state, generation, round, tries, since, next_at }: Row): Webhook {
		const text = new TextDecoder().decode(this.#seal.open(key_gen, url));
		return { n: job, url: text, host, inputBytes: input_bytes, state: state as WebhookState, generation, round, tries, since, nextAt: next_at };
	}

	#count(name: Exclude<keyof WebhookCounts, 'pending'>): void {
		this.#sql.exec('INSERT INTO webhook_counts (name, count) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1', name);
	}
}
