/** The simulated world's only clock and only queue: every timer, message and disk write of every process is an event here, in one order. */
import { createHash, type Hash } from 'node:crypto';
import { createRandom, type Random } from '../sim/random.ts';

/** Simulated time begins here, epoch milliseconds: a Monday, so that no calendar arithmetic is special. */
export const BEGIN_MS = 1_750_000_000_000;
/** Events between two turns of the real event loop's outer phases. */
const BATCH = 64;
const HASH_EVERY_CHARS = 65_536;

const realImmediate = setImmediate;

/** A process, or a part of one that can die alone. What belongs to an earlier life of it never runs. */
export class Actor {
	readonly name: string;
	life = 0;
	up = true;
	/** It stands still until then, as under SIGSTOP. */
	pausedUntil = 0;
	/** What its wall clock is off by; its monotonic clock is right. */
	skewMs = 0;

	constructor(name: string) {
		this.name = name;
	}

	/** All its timers, and all messages to and from this life of it, are void. */
	die(): void {
		this.life++;
		this.up = false;
	}
}

interface Entry {
	at: number;
	readonly order: number;
	readonly actor: Actor;
	readonly life: number;
	run: (() => void) | null;
}

export interface Timer {
	cancel(): void;
}

export class Kernel {
	readonly seed: number;
	now = BEGIN_MS;
	current: Actor;
	readonly world = new Actor('world');
	events = 0;
	/** Set when an invariant is broken: the run ends. */
	stopped = false;
	readonly #heap: Entry[] = [];
	readonly #hash: Hash = createHash('sha256');
	readonly #streams = new Map<string, Random>();
	#order = 0;
	#trace = '';

	constructor(seed: number) {
		this.seed = seed;
		this.current = this.world;
	}

	/** A generator of its own for each name, so that one part's draws do not shift another's. */
	random(stream: string): Random {
		let random = this.#streams.get(stream);
		if (random === undefined) {
			random = createRandom(this.seed, stream);
			this.#streams.set(stream, random);
		}
		return random;
	}

	/** Plans `run` as an event of `actor`'s present life, or of the one that it belongs to. */
	plan(actor: Actor, delayMs: number, run: () => void, life: number = actor.life): Timer {
		if (Number.isNaN(delayMs)) throw new RangeError(`a delay that is no number, in ${this.current.name}`);
		const entry: Entry = { at: this.now + Math.max(0, delayMs), order: this.#order++, actor, life, run };
		this.#push(entry);
		return {
			cancel: () => {
				entry.run = null;
			},
		};
	}

	/** Notes something in the trace that two runs of a seed must share. */
	note(text: string): void {
		this.#trace += `${text}\n`;
		if (this.#trace.length > HASH_EVERY_CHARS) this.#flushTrace();
	}

	/** Runs events until simulated time `until`. */
	run(until: number): Promise<void> {
		return new Promise((resolve, reject) => {
			let failed = false;
			const step = (): void => {
				if (failed) return;
				try {
					if (!this.stopped) this.#step(until);
				} catch (error) {
					failed = true;
					reject(error as Error);
				}
			};
			const batch = (): void => {
				const next = this.#heap[0];
				if (failed) return;
				if (this.stopped || next === undefined || next.at > until) {
					this.now = Math.max(this.now, this.stopped ? this.now : until);
					resolve();
					return;
				}
				// Between two of these Node empties its queue of microtasks: each event runs to its last await before the next begins.
				for (let i = 0; i < BATCH; i++) realImmediate(step);
				realImmediate(batch);
			};
			batch();
		});
	}

	/** SHA-256 over all events and notes so far. */
	digest(): string {
		this.#flushTrace();
		return this.#hash.copy().digest('hex');
	}

	#step(until: number): void {
		for (;;) {
			const entry = this.#heap[0];
			if (entry === undefined || entry.at > until) return;
			this.#pop();
			if (entry.run === null || entry.life !== entry.actor.life) continue;
			if (entry.actor.pausedUntil > entry.at) {
				entry.at = entry.actor.pausedUntil;
				this.#push(entry);
				continue;
			}
			this.now = entry.at;
			this.current = entry.actor;
			this.events++;
			this.note(`${entry.at} ${entry.order} ${entry.actor.name}`);
			entry.run();
			return;
		}
	}

	#flushTrace(): void {
		this.#hash.update(this.#trace);
		this.#trace = '';
	}

	#push(entry: Entry): void {
		const heap = this.#heap;
		let at = heap.push(entry) - 1;
		while (at > 0) {
			const parent = (at - 1) >> 1;
			const above = heap[parent] as Entry;
			if (!isBefore(entry, above)) break;
			heap[at] = above;
			at = parent;
		}
		heap[at] = entry;
	}

	#pop(): void {
		const heap = this.#heap;
		const entry = heap.pop();
		if (entry === undefined || heap.length === 0) return;
		let at = 0;
		for (;;) {
			let child = 2 * at + 1;
			const left = heap[child];
			if (left === undefined) break;
			const right = heap[child + 1];
			if (right !== undefined && isBefore(right, left)) child++;
			const below = heap[child] as Entry;
			if (!isBefore(below, entry)) break;
			heap[at] = below;
			at = child;
		}
		heap[at] = entry;
	}
}

function isBefore(a: Entry, b: Entry): boolean {
	return a.at < b.at || (a.at === b.at && a.order < b.order);
}
