/** Tells the edge what the region has, at an interval and soon after changes, takes grants from its answers, and knows how long the edge has been silent. */
import { EDGE_PATHS, type HeartbeatAnswer, heartbeatAnswer, type RegionHeartbeat } from '@longshore/shared-schema/wire/region';
import { errorText, type Log } from '../log.ts';
import type { EdgeClient } from './edge-client.ts';

/** Changes are gathered this long, and beats are at least `SPACING_MS` apart. */
const GATHER_MS = 25;
/** Changes after a quiet time are told at once, those of a busy region this far apart: each costs the edge as much as a batch of jobs. */
const SPACING_MS = 500;
/** How soon it is looked again whether there is anything to tell yet. */
const RETRY_MS = 100;
const TIMEOUT_MS = 10_000;

export interface HeartbeatOptions {
	readonly edge: EdgeClient;
	readonly intervalMs: number;
	/** Null while the region cannot speak for its hosts yet. */
	readonly compose: () => RegionHeartbeat | null;
	readonly onAnswer: (answer: HeartbeatAnswer, told: RegionHeartbeat) => void;
	readonly wallClock: () => number;
	/** Monotonic: silence is counted by it, so that a jump of the wall clock neither hides nor makes any. */
	readonly now: () => number;
	readonly log: Log;
}

export class Heartbeat {
	readonly #options: HeartbeatOptions;
	#timer: NodeJS.Timeout | null = null;
	#dueAtMs = Number.POSITIVE_INFINITY;
	#sentAtMs = 0;
	#inFlight = false;
	#changed = false;
	#stopped = false;
	/** When the last beat that was answered was sent, by `now`: the edge counts from its arrival, so ours runs out first. */
	#heardAtMs: number | null = null;
	#problem = '';

	constructor(options: HeartbeatOptions) {
		this.#options = options;
	}

	start(): void {
		this.#schedule(0);
	}

	/** Something that the edge should know soon. */
	changed(): void {
		this.#changed = true;
		if (!this.#inFlight) this.#schedule(Math.max(GATHER_MS, this.#sentAtMs + SPACING_MS - performance.now()));
	}

	/** When the edge was heard last, epoch milliseconds; null: never by any broker that we know of. */
	heardAtMs(): number | null {
		const silentMs = this.edgeSilentMs();
		return silentMs === null ? null : this.#options.wallClock() - silentMs;
	}

	/** Takes over what an earlier leader knew, unless we know better. */
	inherit(heardAtMs: number | null): void {
		if (heardAtMs === null) return;
		const { now, wallClock } = this.#options;
		this.#heard(now() - Math.max(0, wallClock() - heardAtMs));
	}

	/** Null while no broker of the region has ever been answered. */
	edgeSilentMs(): number | null {
		return this.#heardAtMs === null ? null : Math.max(0, this.#options.now() - this.#heardAtMs);
	}

	stop(): void {
		this.#stopped = true;
		if (this.#timer !== null) clearTimeout(this.#timer);
	}

	#heard(atMs: number): void {
		this.#heardAtMs = Math.max(this.#heardAtMs ?? Number.NEGATIVE_INFINITY, atMs);
	}

	#schedule(inMs: number): void {
		const dueAtMs = performance.now() + inMs;
		if (this.#stopped || (this.#timer !== null && this.#dueAtMs <= dueAtMs)) return;
		if (this.#timer !== null) clearTimeout(this.#timer);
		this.#dueAtMs = dueAtMs;
		this.#timer = setTimeout(() => {
			this.#timer = null;
			void this.#beat();
		}, inMs);
	}

	async #beat(): Promise<void> {
		const heartbeat = this.#options.compose();
		if (heartbeat !== null) {
			this.#inFlight = true;
			this.#changed = false;
			this.#sentAtMs = performance.now();
			await this.#send(heartbeat);
			this.#inFlight = false;
		}
		if (this.#changed && this.#problem === '') this.#schedule(Math.max(0, this.#sentAtMs + SPACING_MS - performance.now()));
		else this.#schedule(heartbeat === null ? Math.min(RETRY_MS, this.#options.intervalMs) : this.#options.intervalMs);
	}

	async #send(heartbeat: RegionHeartbeat): Promise<void> {
		const sentAtMs = this.#options.now();
		try {
			const answer = await this.#options.edge.send({
				method: 'POST',
				path: EDGE_PATHS.heartbeat,
				body: Buffer.from(JSON.stringify(heartbeat)),
				headers: { 'content-type': 'application/json' },
				timeoutMs: TIMEOUT_MS,
			});
			if (answer.status !== 200) throw new Error(`the edge answers the heartbeat with ${answer.status}: ${answer.body.toString('utf8', 0, 200)}`);
			const parsed = heartbeatAnswer.parse(JSON.parse(answer.body.toString()));
			this.#heard(sentAtMs);
			if (this.#problem !== '') this.#options.log.info('the edge answers again');
			this.#problem = '';
			this.#options.onAnswer(parsed, heartbeat);
		} catch (error) {
			const text = errorText(error);
			if (text !== this.#problem) this.#options.log.warn('heartbeat failed, trying on', { error: text });
			this.#problem = text;
		}
	}
}
