/** The calls of a run's clients: each is sent once, and what came of it is put down. */
import type { Outcome } from '../history/event.ts';
import type { History } from '../history/write-history.ts';
import type { ChaosEndpoint } from './endpoints.ts';

/** What came of a call. `status` is null when no head came, `text` when the body broke off. */
export interface Answer {
	readonly at: number;
	readonly doneAt: number;
	readonly outcome: Outcome;
	readonly status: number | null;
	/** From the head: known even when the body breaks off. */
	readonly jobId: string | null;
	readonly text: string | null;
	/** Why there is none. */
	readonly problem: string | null;
}

const TIMEOUT_MS = 20_000;
const TENANTS = { main: 'tenant-of-main', other: 'tenant-of-other' } as const;

export class Caller {
	readonly #url: string;
	readonly #history: History;

	constructor(url: string, history: History) {
		this.#url = url;
		this.#history = history;
	}

	async call(
		endpoint: ChaosEndpoint,
		path: string,
		options: { readonly method?: string; readonly body?: string; readonly headers?: Record<string, string> } = {},
	): Promise<Answer> {
		const at = Date.now();
		let status: number | null = null;
		let jobId: string | null = null;
		let text: string | null = null;
		let problem: string | null = null;
		try {
			const response = await fetch(`${this.#url}/v2/${endpoint.id}${path}`, {
				method: options.method ?? 'GET',
				headers: { authorization: `Bearer ${endpoint.key}`, 'content-type': 'application/json', ...options.headers },
				...(options.body === undefined ? {} : { body: options.body }),
				signal: AbortSignal.timeout(TIMEOUT_MS),
			});
			status = response.status;
			jobId = response.headers.get('x-longshore-job-id');
			text = await response.text();
			if (text.includes(endpoint.name === 'other' ? TENANTS.main : TENANTS.other)) this.#history.add({ is: 'foreign', at: Date.now(), path });
		} catch (error) {
			const { message, cause } = error as Error;
			problem = `${message}: ${cause instanceof Error ? cause.message : ''}`;
		}
		// A 5xx comes from a door that may have done it or not.
		const outcome = text === null || status === null || status >= 500 ? 'unknown' : status === 200 ? 'ok' : 'refused';
		return { at, doneAt: Date.now(), outcome, status, jobId, text, problem };
	}

	/** Looks at a job and puts down what was seen. */
	async read(endpoint: ChaosEndpoint, id: string): Promise<{ readonly state: string | null; readonly gone: boolean; readonly doneAt: number }> {
		return this.saw(id, await this.call(endpoint, `/status/${id}`));
	}

	/** Puts down what an answer with a job's status shows. */
	saw(id: string, answer: Answer): { readonly state: string | null; readonly gone: boolean; readonly doneAt: number } {
		const gone = answer.status === 404;
		const body = answer.outcome === 'ok' ? parse(answer.text) : {};
		const { at, doneAt } = answer;
		const state = body.status ?? null;
		this.#history.add({
			is: 'read',
			at,
			doneAt,
			id,
			outcome: gone ? 'gone' : state === null ? 'unknown' : 'seen',
			state,
			retries: body.retries ?? 0,
			by: body.output?.by ?? null,
			n: body.output?.n ?? null,
			error: body.error?.slice(0, 200) ?? null,
		});
		return { state, gone, doneAt };
	}
}

interface StatusBody {
	readonly status?: string;
	readonly retries?: number;
	readonly error?: string;
	readonly output?: { readonly by?: string; readonly n?: number };
}

function parse(text: string | null): StatusBody {
	try {
		return JSON.parse(text ?? '{}') as StatusBody;
	} catch {
		return {}; // A held answer that says that its job is gone is no status.
	}
}
