/** Estimates how many jobs wait for each endpoint and how long: counted up at dispatch, down at start, set right by the stream now and then. */

export interface Depth {
	readonly normal: number;
	readonly low: number;
	/** Age of the longest waiting job of normal priority. */
	readonly oldestWaitMs: number;
}

interface Lane {
	/** Batches in order of arrival. */
	readonly batches: { atMs: number; jobs: number }[];
	jobs: number;
}

interface Queue {
	readonly normal: Lane;
	readonly low: Lane;
	/** Rises with every count up or down, so that a stream's answer that crossed one is recognised. */
	version: number;
	/** Corrections left out in a row because of that. */
	skipped: number;
	/** Starts that were heard of before the dispatch of their jobs: a host may be quicker than the server's acknowledgement. */
	early: { jobs: number; untilMs: number };
}

const EMPTY: Depth = { normal: 0, low: 0, oldestWaitMs: 0 };
/** After this many crossed corrections one is applied all the same. */
const SKIPS_MAX = 3;
/** A start may be heard of this much before its dispatch. */
const EARLY_MS = 1_000;

export class QueueDepths {
	readonly #now: () => number;
	readonly #queues = new Map<string, Queue>();

	constructor(now: () => number) {
		this.#now = now;
	}

	of(endpointId: string): Depth {
		const queue = this.#queues.get(endpointId);
		if (queue === undefined) return EMPTY;
		const oldest = queue.normal.batches[0];
		return { normal: queue.normal.jobs, low: queue.low.jobs, oldestWaitMs: oldest === undefined ? 0 : this.#now() - oldest.atMs };
	}

	isEmpty(): boolean {
		for (const queue of this.#queues.values()) if (queue.normal.jobs + queue.low.jobs > 0) return false;
		return true;
	}

	dispatched(endpointId: string, normal: number, low: number): void {
		const queue = this.#queue(endpointId);
		queue.version++;
		const early = this.#now() < queue.early.untilMs ? Math.min(queue.early.jobs, normal) : 0;
		queue.early.jobs -= early;
		push(queue.normal, normal - early, this.#now());
		push(queue.low, low, this.#now());
	}

	/** A start does not say from which lane it came: the stream is served in order, so it was the older one. */
	started(endpointId: string, jobs: number): void {
		const queue = this.#queue(endpointId);
		queue.version++;
		for (let i = 0; i < jobs; i++) {
			const normalAtMs = queue.normal.batches[0]?.atMs ?? Number.POSITIVE_INFINITY;
			const lowAtMs = queue.low.batches[0]?.atMs ?? Number.POSITIVE_INFINITY;
			if (normalAtMs === lowAtMs) this.#noteEarly(queue);
			take(normalAtMs <= lowAtMs ? queue.normal : queue.low, 1);
		}
	}

	forget(endpointId: string): void {
		this.#queues.delete(endpointId);
	}

	/** Versions before the stream is asked, to be handed to `correct` with its answer. */
	versions(): ReadonlyMap<string, number> {
		return new Map([...this.#queues].map(([endpointId, queue]) => [endpointId, queue.version]));
	}

	/** `counts`: messages by endpoint and lane as the stream has them. Returns the endpoints whose depth changed. */
	correct(counts: ReadonlyMap<string, { normal: number; low: number }>, versions: ReadonlyMap<string, number>): string[] {
		const changed: string[] = [];
		for (const endpointId of new Set([...counts.keys(), ...this.#queues.keys()])) {
			const queue = this.#queue(endpointId);
			if (queue.version !== (versions.get(endpointId) ?? 0) && ++queue.skipped <= SKIPS_MAX) continue;
			queue.skipped = 0;
			queue.early.jobs = 0;
			const { normal, low } = counts.get(endpointId) ?? { normal: 0, low: 0 };
			const moved = [setTo(queue.normal, normal, this.#now()), setTo(queue.low, low, this.#now())];
			if (moved.includes(true)) changed.push(endpointId);
		}
		return changed;
	}

	/** Only when nothing is known to wait. */
	#noteEarly(queue: Queue): void {
		const now = this.#now();
		if (queue.normal.jobs + queue.low.jobs > 0) return;
		queue.early = { jobs: (now < queue.early.untilMs ? queue.early.jobs : 0) + 1, untilMs: now + EARLY_MS };
	}

	#queue(endpointId: string): Queue {
		let queue = this.#queues.get(endpointId);
		if (queue === undefined) {
			queue = { normal: { batches: [], jobs: 0 }, low: { batches: [], jobs: 0 }, version: 0, skipped: 0, early: { jobs: 0, untilMs: 0 } };
			this.#queues.set(endpointId, queue);
		}
		return queue;
	}
}

function push(lane: Lane, jobs: number, atMs: number): void {
	if (jobs <= 0) return;
	lane.jobs += jobs;
	lane.batches.push({ atMs, jobs });
}

function take(lane: Lane, jobs: number): void {
	let left = jobs;
	while (left > 0) {
		const first = lane.batches[0];
		if (first === undefined) return;
		const taken = Math.min(left, first.jobs);
		first.jobs -= taken;
		lane.jobs -= taken;
		left -= taken;
		if (first.jobs === 0) lane.batches.shift();
	}
}

function setTo(lane: Lane, jobs: number, atMs: number): boolean {
	const by = jobs - lane.jobs;
	if (by < 0) take(lane, -by);
	else push(lane, by, atMs);
	return by !== 0;
}
