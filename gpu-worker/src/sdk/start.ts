/**
 * The worker SDK for handlers in TypeScript and JavaScript: speaks the RunPod worker protocol from the environment that the
 * platform injects, so that such a worker runs on Longshore as on any platform with that protocol. No dependencies.
 */
import { createPlatform, type Platform, type TakenJob } from './platform.ts';

/** What a handler gets. `signal` aborts when the job was cancelled or timed out. */
export interface JobContext {
	/** Shows `value` as the job's output while it runs. */
	progress(value: unknown): Promise<void>;
	readonly signal: AbortSignal;
}

/** One job as the client sent it. */
export interface Job<Input = unknown> {
	readonly id: string;
	readonly input: Input;
}

/** Returns the output, or yields it in chunks that clients can read while the job runs. */
export type Handler<Input = unknown> = (job: Job<Input>, context: JobContext) => unknown;

export interface WorkerOptions<Input = unknown> {
	readonly handler: Handler<Input>;
	/** Jobs at one time. Default 1. */
	readonly concurrency?: number;
}

/** A worker that runs. */
export interface RunningSdkWorker {
	/** Takes no more jobs; resolves when those in hand are done and their results are posted. */
	stop(): Promise<void>;
}

/** Takes open at one time: while one is held with little room, freed slots ask with another. */
const TAKES_MAX = 2;
/** A worker that stops waits this long for its open takes to be released. */
const RELEASE_MS = 3_000;

/** Starts taking jobs. SIGTERM and SIGINT let the jobs in hand finish, then end the process. */
export function startWorker<Input = unknown>(options: WorkerOptions<Input>): RunningSdkWorker {
	const platform = createPlatform(process.env);
	const concurrency = options.concurrency ?? 1;
	if (!Number.isInteger(concurrency) || concurrency < 1) throw new RangeError(`concurrency is ${concurrency}: it must be a whole number from 1`);
	const running = new Map<string, AbortController>();
	const ended = new AbortController();
	/** Breaks takes off that the platform does not release by itself. */
	const takesEnded = new AbortController();
	let asked = 0;
	let takes = 0;
	let posting = 0;
	let stopping = false;
	let allDone: () => void = () => {};
	const done = new Promise<void>((resolve) => {
		allDone = resolve;
	});

	const settle = (): void => {
		if (stopping && running.size === 0 && takes === 0 && posting === 0) allDone();
	};
	const look = (): void => {
		const room = concurrency - running.size - asked;
		if (stopping || room <= 0 || takes >= TAKES_MAX) {
			settle();
			return;
		}
		asked += room;
		takes++;
		void platform.take(room, running.size > 0, takesEnded.signal).then((jobs) => {
			asked -= room;
			takes--;
			for (const job of jobs) void run(job);
			look();
		});
	};
	const run = async (job: TakenJob): Promise<void> => {
		const abort = new AbortController();
		running.set(job.id, abort);
		const result = await runHandler(options.handler as Handler, job, abort.signal, platform);
		running.delete(job.id);
		posting++;
		// Slots that become free in one turn ask for jobs together.
		setImmediate(look);
		await platform.done(job.id, result, result.isStream);
		posting--;
		settle();
	};
	const stop = (): Promise<void> => {
		stopping = true;
		ended.abort();
		// A job may be on its way down an open take; a platform that ends its worker releases the take at once.
		setTimeout(() => takesEnded.abort(), RELEASE_MS).unref();
		settle();
		return done;
	};
	platform.ping(() => [...running.keys()], ended.signal);
	void platform.watchStops((jobId) => running.get(jobId)?.abort(new Error(`job ${jobId} was stopped`)), ended.signal);
	for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop().then(() => process.exit(0)));
	look();
	return { stop };
}

/** A job's end on its way to the platform. */
export interface HandlerResult {
	readonly body: Readonly<Record<string, unknown>>;
	readonly isStream: boolean;
}

async function runHandler(handler: Handler, job: TakenJob, signal: AbortSignal, platform: Platform): Promise<HandlerResult> {
	let isStream = false;
	try {
		const returned = await handler(job, { signal, progress: (value) => platform.progress(job.id, value) });
		if (!isAsyncIterable(returned)) return { body: returned === undefined ? {} : { output: returned }, isStream };
		isStream = true;
		const chunks: unknown[] = [];
		for await (const chunk of returned) {
			await platform.chunk(job.id, chunk);
			chunks.push(chunk);
			if (signal.aborted) throw signal.reason;
		}
		return { body: { output: chunks }, isStream };
	} catch (error) {
		return { body: { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, isStream };
	}
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
	return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
