/** Submits jobs, follows each to its end by polling, and remembers what it saw: the witness of the kill tests. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type JobApi, TERMINAL_STATES } from '../support/job-api.ts';

interface Watched {
	readonly n: number;
	readonly id: string;
	/** Whole text of the first terminal answer. */
	end: string | undefined;
}

/** What the witness reports; every list names jobs that broke the promise, with what was seen. */
export interface WatchReport {
	readonly counts: { readonly acknowledged: number; readonly unknown: number; readonly refused: number; readonly retried: number };
	readonly missing: readonly string[];
	readonly wrongOutput: readonly string[];
	readonly notCompleted: readonly string[];
}

const POLLERS = 8;

export class JobWatch {
	readonly #api: JobApi;
	readonly #jobs: Watched[] = [];
	readonly #submits: Promise<void>[] = [];
	/** Ids that an answer below 500 said are unknown, although they were acknowledged. */
	readonly #missing: string[] = [];
	#unknown = 0;
	#refused = 0;
	#done = false;

	constructor(api: JobApi) {
		this.#api = api;
	}

	/** Submits once. No answer: unknown, it may or may not have been accepted. Another answer than 200: refused. */
	submit(n: number, input: unknown): Promise<void> {
		const submitted = this.#submitOnce(n, input);
		this.#submits.push(submitted);
		return submitted;
	}

	async untilSubmitted(): Promise<void> {
		await Promise.all(this.#submits);
	}

	/** Polls every job that has not ended until `untilAllEnded` is through. */
	async start(): Promise<void> {
		while (!this.#done) {
			await this.#each(this.#open(), (job) => this.#look(job));
			await sleep(200);
		}
	}

	/** Throws with the jobs that did not end in time. */
	async untilAllEnded(timeoutMs: number): Promise<void> {
		for (const deadline = performance.now() + timeoutMs; this.#open().length > 0; await sleep(200)) {
			if (performance.now() < deadline) continue;
			this.#done = true;
			const open = await Promise.all(
				this.#open()
					.slice(0, 5)
					.map(async ({ id, n }) => `${n}: ${(await this.#api.status(id)).text}`),
			);
			throw new Error(`${this.#open().length} of ${this.#jobs.length} acknowledged jobs did not end within ${timeoutMs} ms, among them ${open.join('; ')}`);
		}
		this.#done = true;
	}

	/** Reads every ended job again; those whose answer is no longer the one first seen. */
	async changedSinceEnd(): Promise<string[]> {
		const changed: string[] = [];
		await this.#each(
			this.#jobs.filter((job) => job.end !== undefined),
			async (job) => {
				const { text } = await this.#api.status(job.id);
				if (text !== job.end) changed.push(`${job.end} became ${text}`);
			},
		);
		return changed;
	}

	report(): WatchReport {
		const ends = this.#jobs.map((job) => ({ job, end: JSON.parse(job.end ?? '{}') as { status?: string; retries?: number; output?: { raw?: { n?: number } } } }));
		return {
			counts: { acknowledged: this.#jobs.length, unknown: this.#unknown, refused: this.#refused, retried: ends.filter(({ end }) => end.retries !== undefined).length },
			missing: this.#missing,
			wrongOutput: ends.filter(({ job, end }) => end.status === 'COMPLETED' && end.output?.raw?.n !== job.n).map(({ job }) => `${job.n}: ${job.end}`),
			notCompleted: ends.filter(({ end }) => end.status !== 'COMPLETED').map(({ job }) => `${job.n}: ${job.end}`),
		};
	}

	#open(): Watched[] {
		return this.#jobs.filter((job) => job.end === undefined);
	}

	async #submitOnce(n: number, input: unknown): Promise<void> {
		try {
			const answer = await this.#api.call('/run', { body: { input }, timeoutMs: 20_000 });
			if (answer.status === 200) this.#jobs.push({ n, id: String(answer.json['id']), end: undefined });
			else this.#refused++;
		} catch {
			this.#unknown++;
		}
	}

	/** A door that is down says nothing about the job; a 404 from one that is up says that it was lost. */
	async #look(job: Watched): Promise<void> {
		const answer = await this.#api.status(job.id).catch(() => undefined);
		if (answer === undefined || answer.status === 429 || answer.status >= 500) return;
		if (answer.status !== 200) {
			this.#missing.push(`${job.n} ${job.id}: ${answer.status} ${answer.text}`);
			job.end = answer.text;
			return;
		}
		if (TERMINAL_STATES.includes(answer.json['status'])) job.end = answer.text;
	}

	async #each(jobs: readonly Watched[], work: (job: Watched) => Promise<void>): Promise<void> {
		const queue = [...jobs];
		const poller = async (): Promise<void> => {
			for (let job = queue.shift(); job !== undefined; job = queue.shift()) await work(job);
		};
		await Promise.all(Array.from({ length: POLLERS }, poller));
	}
}
