/** A plain client of RunPod's job API for tests: every answer whole, nothing retried, nothing interpreted. */
import { until } from './wait.ts';

/** An HTTP answer; `json` is undefined when the body is not JSON. */
export interface Answer {
	readonly status: number;
	readonly text: string;
	readonly json: Readonly<Record<string, unknown>>;
	readonly headers: Headers;
}

/** `/health` as RunPod answers it. */
export interface Health {
	readonly jobs: Readonly<Record<'completed' | 'failed' | 'inProgress' | 'inQueue' | 'retried', number>>;
	readonly workers: Readonly<Record<'idle' | 'initializing' | 'ready' | 'running' | 'throttled' | 'unhealthy', number>>;
}

export interface CallOptions {
	readonly method?: string;
	/** Sent as it is when a string, else as JSON. */
	readonly body?: unknown;
	readonly headers?: Readonly<Record<string, string>>;
	readonly timeoutMs?: number;
}

export const TERMINAL_STATES: readonly unknown[] = ['COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT'];

/** Calls one endpoint with one key. */
export class JobApi {
	readonly base: string;
	readonly key: string;

	constructor(url: string, endpointId: string, key: string) {
		this.base = `${url}/v2/${endpointId}`;
		this.key = key;
	}

	/** One request; throws only when no answer came. */
	async call(path: string, options: CallOptions = {}): Promise<Answer> {
		const body = options.body === undefined || typeof options.body === 'string' ? options.body : JSON.stringify(options.body);
		const response = await fetch(`${this.base}${path}`, {
			method: options.method ?? (body === undefined ? 'GET' : 'POST'),
			headers: { authorization: `Bearer ${this.key}`, 'content-type': 'application/json', ...options.headers },
			...(body === undefined ? {} : { body: body as string }),
			signal: AbortSignal.timeout(options.timeoutMs ?? 30_000),
		});
		const text = await response.text();
		return { status: response.status, text, json: parseObject(text), headers: response.headers };
	}

	/** `POST /run`, expected to be accepted; the job's id. */
	async run(input: unknown, more: Readonly<Record<string, unknown>> = {}, timeoutMs = 30_000): Promise<string> {
		const answer = await this.call('/run', { body: { input, ...more }, timeoutMs });
		if (answer.status !== 200 || typeof answer.json['id'] !== 'string') throw new Error(`/run answered ${answer.status}: ${answer.text}`);
		return answer.json['id'];
	}

	/** `POST /runsync`, expected to be answered with 200. */
	async runSync(input: unknown, more: Readonly<Record<string, unknown>> = {}, waitMs = 60_000): Promise<Answer['json']> {
		const answer = await this.call(`/runsync?wait=${waitMs}`, { body: { input, ...more }, timeoutMs: waitMs + 10_000 });
		if (answer.status !== 200) throw new Error(`/runsync answered ${answer.status}: ${answer.text}`);
		return answer.json;
	}

	status(jobId: string): Promise<Answer> {
		return this.call(`/status/${jobId}`);
	}

	cancel(jobId: string): Promise<Answer> {
		return this.call(`/cancel/${jobId}`, { method: 'POST' });
	}

	async health(): Promise<Health> {
		const answer = await this.call('/health');
		if (answer.status !== 200) throw new Error(`/health answered ${answer.status}: ${answer.text}`);
		return JSON.parse(answer.text) as Health;
	}

	/** The status object once the job is in `state` (or one of several). */
	untilState(jobId: string, states: readonly unknown[] = TERMINAL_STATES, timeoutMs = 30_000): Promise<Answer['json']> {
		return until(
			async (note) => {
				const { json, status, text } = await this.status(jobId);
				note(status === 200 ? json : `${status} ${text}`);
				return states.includes(json['status']) ? json : undefined;
			},
			{ what: `job ${jobId} ${states.join(' or ')}`, timeoutMs },
		);
	}

	/** Resolves when at least `count` workers are ready. */
	async untilReady(count = 1, timeoutMs = 60_000): Promise<void> {
		await until(
			async (note) => {
				const health = await this.health();
				note(health);
				return health.workers.ready >= count;
			},
			{ what: `${count} ready workers of ${this.base}`, timeoutMs, everyMs: 100 },
		);
	}
}

function parseObject(text: string): Answer['json'] {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === 'object' && value !== null ? (value as Answer['json']) : {};
	} catch {
		return {}; // Seen by the test in `text`.
	}
}
