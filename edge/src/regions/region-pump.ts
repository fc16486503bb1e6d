/** Sends one JobStore's dispatches to one region in batches: while a batch is under way, the next one gathers. */
import { DISPATCH_BATCH_BYTES_MAX, DISPATCH_BATCH_JOBS_MAX } from '@longshore/shared-schema/limits';
import { encodeFramed } from '@longshore/shared-schema/wire/framing';
import { type DispatchedJob, type DispatchResult, dispatchAnswer, REGION_PATHS } from '@longshore/shared-schema/wire/region';
import type { Env } from '../env.ts';
import { postToRegion } from './region-client.ts';

const IN_FLIGHT_MAX = 3;
/** While a batch is under way the next one gathers, until it has this many jobs … */
const GATHER_JOBS = 64;
/** … or the batch before it is this old: a region close by is asked in turn, one far away several times at once. */
const GATHER_MS = 20;
/** After a batch of several jobs the next one gathers at least this long: a crowd pays by the batch, a lone job waits for nothing. */
const SPACING_MS = 5;
const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 3_000;
/** A region without anything left to send again counts as failing this long beyond the time-out of a dispatch. */
const FAILING_MS = 5_000;
const encoder = new TextEncoder();

/** A dispatch with the payload bytes that go with it (null: the region fetches them). */
export interface Dispatch {
	readonly head: Omit<DispatchedJob, 'startWithinMs'>;
	/** When the start window of the attempt ends: a repeat of the dispatch has less of it left. */
	readonly startBy: number;
	readonly payload: Uint8Array | null;
}

/** What the pump tells its store. */
export interface PumpListener {
	/** The region answered. */
	answered(results: readonly DispatchResult[]): void;
	/** Whether an attempt is still worth sending after a failure. */
	wanted(dispatch: Dispatch): boolean;
	/** A batch failed without an answer; it is sent again under the same message ids. */
	failed(region: string, error: unknown): void;
}

/** The outbox of one region. */
export class RegionPump {
	readonly #env: Env;
	readonly #region: string;
	readonly #listener: PumpListener;
	readonly #timeoutMs: number;
	#queue: Dispatch[] = [];
	/** Attempts that are queued or under way. */
	readonly #held = new Set<string>();
	#inFlight = 0;
	#failures = 0;
	#failedAt = 0;
	#pausedUntil = 0;
	#startedAt = 0;
	#spacingMs = 0;
	#later: ReturnType<typeof setTimeout> | null = null;
	#url = '';

	constructor(env: Env, region: string, timeoutMs: number, listener: PumpListener) {
		this.#env = env;
		this.#region = region;
		this.#timeoutMs = timeoutMs;
		this.#listener = listener;
	}

	/** The last batch found no answer, and there is something to send again or it was a short while ago: after that the region gets another chance. */
	get failing(): boolean {
		return this.#failures > 0 && (this.#held.size > 0 || Date.now() < this.#failedAt + this.#timeoutMs + FAILING_MS);
	}

	/** Sends the dispatches as soon as the region can take them. */
	push(url: string, dispatches: readonly Dispatch[]): void {
		this.#url = url;
		for (const dispatch of dispatches) {
			if (this.#held.has(keyOf(dispatch))) continue;
			this.#held.add(keyOf(dispatch));
			this.#queue.push(dispatch);
		}
		this.#pump();
	}

	#pump(): void {
		while (this.#queue.length > 0 && this.#mayStart(Date.now())) {
			const batch = this.#takeBatch();
			this.#startedAt = Date.now();
			this.#spacingMs = batch.length > 1 ? SPACING_MS : 0;
			void this.#send(batch);
		}
		if (this.#queue.length > 0 && this.#later === null && this.#gathers(Date.now())) {
			const later = (): void => {
				this.#later = null;
				this.#pump();
			};
			this.#later = setTimeout(later, this.#inFlight === 0 ? this.#spacingMs : GATHER_MS);
		}
	}

	/** Whether time alone will start the next batch; after a failure the pause does, and with enough under way its end. */
	#gathers(now: number): boolean {
		return now >= this.#pausedUntil && (this.#inFlight === 0 || (!this.failing && this.#inFlight < IN_FLIGHT_MAX));
	}

	#mayStart(now: number): boolean {
		if (now < this.#pausedUntil) return false;
		if (this.#inFlight === 0) return this.#queue.length >= GATHER_JOBS || now - this.#startedAt >= this.#spacingMs;
		return !this.failing && this.#inFlight < IN_FLIGHT_MAX && (this.#queue.length >= GATHER_JOBS || now - this.#startedAt >= GATHER_MS);
	}

	async #send(batch: Dispatch[]): Promise<void> {
		this.#inFlight++;
		try {
			const frames = batch.flatMap(({ payload }) => (payload === null ? [] : [payload]));
			const now = Date.now();
			const jobs = batch.map(({ head, startBy }) => ({ ...head, startWithinMs: Math.max(0, startBy - now) }));
			const body = encodeFramed({ jobs }, frames, (text) => encoder.encode(text));
			const answer = dispatchAnswer.parse(await postToRegion(this.#env, this.#url, REGION_PATHS.dispatch, body, this.#timeoutMs));
			this.#failures = 0;
			for (const dispatch of batch) this.#held.delete(keyOf(dispatch));
			this.#listener.answered(answer.results);
		} catch (error) {
			this.#backOff(batch);
			this.#listener.failed(this.#region, error);
		}
		this.#inFlight--;
		this.#pump();
	}

	#backOff(batch: Dispatch[]): void {
		const delayMs = Math.min(BACKOFF_MS_MIN * 2 ** this.#failures++, BACKOFF_MS_MAX) * (0.75 + Math.random() / 2);
		this.#failedAt = Date.now();
		this.#pausedUntil = this.#failedAt + delayMs;
		this.#queue.unshift(...batch);
		setTimeout(() => {
			this.#pausedUntil = 0;
			// A job may have moved on in the meantime: its old attempt must not reach a region any more.
			this.#queue = this.#queue.filter((dispatch) => this.#listener.wanted(dispatch) || !this.#held.delete(keyOf(dispatch)));
			this.#pump();
		}, delayMs);
	}

	#takeBatch(): Dispatch[] {
		let bytes = 0;
		let count = 0;
		for (const { payload } of this.#queue) {
			bytes += payload?.length ?? 0;
			if (count > 0 && (count === DISPATCH_BATCH_JOBS_MAX || bytes > DISPATCH_BATCH_BYTES_MAX)) break;
			count++;
		}
		return this.#queue.splice(0, count);
	}
}

function keyOf({ head }: Dispatch): string {
	return `${head.id}.${head.epoch}`;
}
