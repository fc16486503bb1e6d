/** The two ways to put load on: closed loop (each client waits for its answer) and open loop (arrivals do not care how the system feels). */
import { setTimeout as sleep } from 'node:timers/promises';
import { Histogram, type Latency } from './histogram.ts';
import { type LeanAnswer, LeanConnection } from './lean-client.ts';

/** What came of one load. */
export interface LoadResult {
	readonly perS: number;
	readonly latency: Latency;
	readonly seconds: number;
	/** Answers with another status than 200, by status; `0` is a broken connection. */
	readonly refused: Readonly<Record<string, number>>;
}

export interface ClosedLoop {
	readonly url: URL;
	readonly clients: number;
	readonly seconds: number;
	/** Not measured at the start. */
	readonly warmUpS?: number;
	readonly request: Buffer;
	/** Sees each good answer, with the times (ms, monotonic) around it. */
	readonly onAnswer?: (answer: LeanAnswer, sentAtMs: number, answeredAtMs: number) => void;
}

/** `clients` connections that each send the next request when the last is answered. */
export async function closedLoop(load: ClosedLoop): Promise<LoadResult> {
	const tally = new Tally();
	const measureFromMs = performance.now() + (load.warmUpS ?? 0.5) * 1_000;
	const endMs = measureFromMs + load.seconds * 1_000;
	const client = async (): Promise<void> => {
		const connection = new LeanConnection(load.url);
		for (let sentAtMs = performance.now(); sentAtMs < endMs; sentAtMs = performance.now()) {
			const answer = await tally.attempt(connection, load.request);
			const answeredAtMs = performance.now();
			if (sentAtMs >= measureFromMs) tally.count(answer, answeredAtMs - sentAtMs);
			if (answer.status === 200) load.onAnswer?.(answer, sentAtMs, answeredAtMs);
			else await sleep(20);
		}
		connection.close();
	};
	await Promise.all(Array.from({ length: load.clients }, client));
	return tally.result((performance.now() - measureFromMs) / 1_000);
}

export interface OpenLoop {
	readonly url: URL;
	readonly ratePerS: number;
	readonly seconds: number;
	readonly request: Buffer;
}

/** Result of an open loop; `lateness` is the generator's own: from the intended time to the moment the request was handed to the socket. */
export interface OpenLoopResult extends LoadResult {
	readonly lateness: Latency;
}

/** Poisson arrivals at a fixed rate; every latency counts from the time at which the request should have been sent. */
export async function openLoop(load: OpenLoop): Promise<OpenLoopResult> {
	const tally = new Tally();
	const lateness = new Histogram();
	const idle: LeanConnection[] = [];
	const flying = new Set<Promise<void>>();
	const startMs = performance.now();
	const fire = async (intendedMs: number): Promise<void> => {
		const connection = idle.pop() ?? new LeanConnection(load.url);
		lateness.record(performance.now() - intendedMs);
		const answer = await tally.attempt(connection, load.request);
		tally.count(answer, performance.now() - intendedMs);
		idle.push(connection);
	};
	for (let nextMs = startMs; nextMs < startMs + load.seconds * 1_000; nextMs += (-Math.log(1 - Math.random()) / load.ratePerS) * 1_000) {
		const waitMs = nextMs - performance.now();
		if (waitMs > 0) await sleep(waitMs);
		const flight = fire(nextMs).finally(() => flying.delete(flight));
		flying.add(flight);
	}
	await Promise.all(flying);
	for (const connection of idle) connection.close();
	return { ...tally.result((performance.now() - startMs) / 1_000), lateness: lateness.summary() };
}

class Tally {
	readonly #histogram = new Histogram();
	readonly #refused: Record<string, number> = {};

	/** A broken connection counts as an answer with status 0: a load must not end because one request failed. */
	async attempt(connection: LeanConnection, request: Buffer): Promise<LeanAnswer> {
		try {
			return await connection.send(request);
		} catch (error) {
			return { status: 0, body: String(error) };
		}
	}

	count(answer: LeanAnswer, durationMs: number): void {
		if (answer.status === 200) this.#histogram.record(durationMs);
		else this.#refused[answer.status] = (this.#refused[answer.status] ?? 0) + 1;
	}

	result(seconds: number): LoadResult {
		const latency = this.#histogram.summary();
		return { perS: latency.count / seconds, latency, seconds, refused: this.#refused };
	}
}
