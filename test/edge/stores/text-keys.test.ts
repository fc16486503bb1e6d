/** When keys are made, change and end, on a clock of the test's and a ring in memory. */
import { beforeEach, describe, expect, test } from 'vitest';
import { TextKeys } from '../../../edge/src/stores/text-keys.ts';
import { TextSeal } from '../../../edge/src/stores/text-seal.ts';

const MINUTE_MS = 60_000;
const KEEP = { syncMs: MINUTE_MS, asyncMs: 30 * MINUTE_MS };
const START = 1_800_000_000_000;

/** The ring's contract: what was added is there until it is destroyed. */
class Ring {
	readonly keys = new Map<number, Uint8Array>();
	failures = 0;
	list(): { gen: number; key: Uint8Array }[] {
		return [...this.keys].map(([gen, key]) => ({ gen, key }));
	}
	async add(gen: number): Promise<{ gen: number; key: Uint8Array }> {
		if (this.failures-- > 0) throw new Error('the ring has just closed');
		const key = this.keys.get(gen) ?? new Uint8Array(32);
		this.keys.set(gen, key);
		return { gen, key };
	}
	async destroy(gens: readonly number[]): Promise<void> {
		for (const gen of gens) this.keys.delete(gen);
	}
}

let ring: Ring;
let keys: TextKeys;
beforeEach(() => {
	ring = new Ring();
	keys = newKeys(KEEP);
});
const newKeys = (keep: typeof KEEP): TextKeys => new TextKeys((() => ring) as unknown as ConstructorParameters<typeof TextKeys>[0], new TextSeal(), keep);
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the key of new texts', () => {
	test('has to be waited for once, then is there, and its successor is made ahead of time', async () => {
		const first = keys.ready(false, START);
		expect(first).not.toBeNull();
		await first;
		const gen = keys.current(false);
		expect(keys.ready(false, START + 2 * MINUTE_MS)).toBeNull();
		expect(ring.keys.size).toBe(1);
		expect(keys.ready(false, START + 4 * MINUTE_MS)).toBeNull();
		await settle();
		expect(keys.current(false)).toBeGreaterThan(gen);
	});

	test('is one for all who wait for it, and survives a ring that closes under the call', async () => {
		ring.failures = 2;
		await Promise.all([keys.ready(true, START), keys.ready(true, START), keys.ready(true, START)]);
		expect(ring.keys.size).toBe(1);
	});

	test('is never the same for runsync and run: their texts live for different times', async () => {
		await Promise.all([keys.ready(true, START), keys.ready(false, START)]);
		expect(keys.current(true)).not.toBe(keys.current(false));
	});

	test('says so when the ring does not answer', async () => {
		ring.failures = 100;
		await expect(keys.ready(false, START)).rejects.toThrow('closed');
		expect(() => keys.current(false)).toThrow('no key');
	});
});

describe('the end of a key', () => {
	test('comes after the retention of every text that it may have taken, and soon after that', async () => {
		await keys.ready(false, START);
		const end = keys.nextEndAt() as number;
		expect(end).toBeGreaterThanOrEqual(START + 35 * MINUTE_MS);
		expect(end).toBeLessThanOrEqual(START + 40 * MINUTE_MS);
		expect(keys.over(end - 1)).toEqual([]);
		expect(keys.over(end)).toEqual([keys.current(false)]);
		await keys.destroy(keys.over(end));
		expect([ring.keys.size, keys.nextEndAt()]).toEqual([0, null]);
	});

	test('is known to a new object from the ring alone', async () => {
		await keys.ready(true, START);
		const again = newKeys(KEEP);
		await again.load();
		expect(again.nextEndAt()).toBe(keys.nextEndAt());
		expect(again.ready(true, START + 1)).toBeNull();
	});

	test.each([1_000, MINUTE_MS, 30 * MINUTE_MS, 24 * 60 * MINUTE_MS, 31 * 24 * 60 * MINUTE_MS])('leaves a retention of %i ms with few keys at a time', async (keepMs) => {
		keys = newKeys({ syncMs: keepMs, asyncMs: keepMs });
		let most = 0;
		for (let now = START; now < START + 4 * keepMs; now += keepMs / 100) {
			await keys.ready(false, now);
			await keys.ready(true, now);
			await settle();
			await keys.destroy(keys.over(now));
			most = Math.max(most, ring.keys.size);
		}
		expect(most).toBeGreaterThan(2);
		expect(most).toBeLessThanOrEqual(64);
	});

	test('is begun once at a time, and not again without a pause', async () => {
		await keys.ready(false, START);
		const end = keys.nextEndAt() as number;
		expect(keys.begin(end - 1)).toBe(false);
		expect(keys.begin(end)).toBe(true);
		expect(keys.begin(end + 5_000)).toBe(false);
		keys.finish();
		expect(keys.begin(end + 1)).toBe(false);
		expect(keys.begin(end + 5_000)).toBe(true);
	});
});
