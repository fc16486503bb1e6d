/** Which key a store seals new texts with, and when each key's time is over. The keys themselves are the key ring's. */
import { logError } from '../log.ts';
import type { KeyRing } from './key-ring.ts';
import type { TextSeal } from './text-seal.ts';

/** A key takes new texts for half their retention, at most this long, */
const FILL_MS_MAX = 300_000;
/** but not for less than this part of it: the ring has places for all keys that a long retention needs. */
const FILL_PARTS_MAX = 12;
const RING_TRIES = 4;
/** Pause between two destructions, that a failure must not make a busy loop of. */
const PAUSE_MS = 1_000;

/** How long texts of each kind are kept after their job's end. A kind has keys of its own, or the short-lived would leave gaps in the long-lived. */
export interface KeepTimes {
	readonly syncMs: number;
	readonly asyncMs: number;
}

/**
 * A key takes the texts of new jobs for a while, lives through their retention and twice that while more. Then it is destroyed, and
 * whatever still lives under it moves to a newer key first. A number says when its key was made, and for which kind.
 */
export class TextKeys {
	readonly #ring: () => DurableObjectStub<KeyRing>;
	readonly #seal: TextSeal;
	readonly #keep: KeepTimes;
	readonly #gens = new Set<number>();
	#notBefore = 0;
	#isEnding = false;
	readonly #renewing = new Map<boolean, Promise<void>>();

	constructor(ring: () => DurableObjectStub<KeyRing>, seal: TextSeal, keep: KeepTimes) {
		this.#ring = ring;
		this.#seal = seal;
		this.#keep = keep;
	}

	/** Fetches the keys that there are. */
	async load(): Promise<void> {
		for (const key of await this.#ask((ring) => ring.list())) this.#take(key);
	}

	/** The key for a new job's texts. Throws when `ready` was not waited for. */
	current(sync: boolean): number {
		const gen = this.#newest(sync);
		if (gen === null) throw new Error('no key for new texts');
		return gen;
	}

	/** Null when there is a key that takes new texts at `now`; else a promise of one. Makes the next one ahead of time. */
	ready(sync: boolean, now: number): Promise<void> | null {
		const gen = this.#newest(sync);
		const ageMs = gen === null ? Number.POSITIVE_INFINITY : now - madeAt(gen);
		if (ageMs < this.#fillMs(sync) / 2) return null;
		const renewing = this.#renewing.get(sync) ?? this.#renew(sync, now);
		if (ageMs >= this.#fillMs(sync)) return renewing;
		renewing.catch((error: unknown) => logError('no new key yet', error));
		return null;
	}

	/** Keys whose time is over at `now`. */
	over(now: number): number[] {
		return [...this.#gens].filter((gen) => this.#endsAt(gen) <= now);
	}

	/** When the next key's time is over; null when there is none. */
	nextEndAt(): number | null {
		return this.#gens.size === 0 ? null : Math.max(this.#notBefore, Math.min(...[...this.#gens].map((gen) => this.#endsAt(gen))));
	}

	/** Destroying begins: false when none is due or it is under way. The next one comes after a pause. */
	begin(now: number): boolean {
		const endAt = this.nextEndAt();
		if (this.#isEnding || endAt === null || endAt > now) return false;
		this.#isEnding = true;
		this.#notBefore = now + PAUSE_MS;
		return true;
	}

	/** Destroying is over. */
	finish(): void {
		this.#isEnding = false;
	}

	/** Destroys keys that no text needs any more. */
	async destroy(gens: readonly number[]): Promise<void> {
		if (gens.length === 0) return;
		await this.#ask((ring) => ring.destroy(gens));
		for (const gen of gens) {
			this.#gens.delete(gen);
			this.#seal.forget(gen);
		}
	}

	/** The store is gone: so are its keys. */
	async remove(): Promise<void> {
		await this.#ask((ring) => ring.remove());
	}

	#renew(sync: boolean, now: number): Promise<void> {
		const gen = Math.max(toGen(now, sync), (this.#newest(sync) ?? 0) + 2);
		const renewing = this.#ask((ring) => ring.add(gen))
			.then((key) => this.#take(key))
			.finally(() => this.#renewing.delete(sync));
		this.#renewing.set(sync, renewing);
		return renewing;
	}

	/** A ring that has just closed breaks calls that come at that moment; every call of it may be made again. */
	async #ask<T>(call: (ring: DurableObjectStub<KeyRing>) => Promise<T>): Promise<T> {
		for (let tries = 1; ; tries++) {
			try {
				return await call(this.#ring());
			} catch (error) {
				if (tries === RING_TRIES) throw error;
			}
		}
	}

	#take(key: { gen: number; key: Uint8Array }): void {
		this.#gens.add(key.gen);
		this.#seal.add(key);
	}

	#newest(sync: boolean): number | null {
		let newest: number | null = null;
		for (const gen of this.#gens) if (isSyncKey(gen) === sync && gen > (newest ?? 0)) newest = gen;
		return newest;
	}

	#endsAt(gen: number): number {
		const sync = isSyncKey(gen);
		return madeAt(gen) + this.#keepMs(sync) + 2 * this.#fillMs(sync);
	}

	#keepMs(sync: boolean): number {
		return sync ? this.#keep.syncMs : this.#keep.asyncMs;
	}

	#fillMs(sync: boolean): number {
		const keepMs = this.#keepMs(sync);
		return Math.max(Math.min(keepMs / 2, FILL_MS_MAX), keepMs / FILL_PARTS_MAX);
	}
}

function toGen(now: number, sync: boolean): number {
	return now * 2 + (sync ? 1 : 0);
}

function madeAt(gen: number): number {
	return Math.floor(gen / 2);
}

/** Whether a key is for the jobs of `/runsync`. */
export function isSyncKey(gen: number): boolean {
	return gen % 2 === 1;
}
