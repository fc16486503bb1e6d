/** Races: the same moves at the same time, many times over, in an order that a seed decides; and what every reader may see of a job. */
import { randomInt } from 'node:crypto';
import type { Client } from './client.ts';

export const ROUNDS = 200;
/** Rounds under way at one time. */
const ABREAST = 20;
const TERMINAL: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED', 'TIMED_OUT']);

/** Numbers in [0, 1) that follow from a seed (mulberry32). */
export type Random = () => number;

export function randomOf(seed: number): Random {
	let state = seed | 0;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

/** Runs a race `ROUNDS` times. A failure names the seed: `LONGSHORE_TEST_SEED` repeats its order of moves. */
export async function race(round: (random: Random, n: number) => Promise<void>, abreast = ABREAST): Promise<void> {
	const seed = Number(process.env['LONGSHORE_TEST_SEED'] ?? randomInt(2 ** 31));
	let next = 0;
	const lane = async (): Promise<void> => {
		for (let n = next++; n < ROUNDS; n = next++) {
			try {
				await round(randomOf(seed + n), n);
			} catch (error) {
				throw new Error(`round ${n} of seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
			}
		}
	};
	await Promise.all(Array.from({ length: abreast }, lane));
}

/** A pause of 0 to `mostMs`, half of the time none at all. */
export function pause(random: Random, mostMs = 6): Promise<void> {
	const ms = random() < 0.5 ? 0 : random() * mostMs;
	return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
}

/** The moves in an order of the seed's, each after its pause; their results in the order of the list. */
export function atOnce<T extends readonly (() => Promise<unknown>)[]>(random: Random, moves: T, mostMs?: number): Promise<{ [K in keyof T]: Awaited<ReturnType<T[K]>> }> {
	const order = moves.map((move, at) => ({ move, at, rank: random() })).sort((a, b) => a.rank - b.rank);
	const results = new Array<Promise<unknown>>(moves.length);
	for (const { move, at } of order) results[at] = pause(random, mostMs).then(move);
	return Promise.all(results) as Promise<{ [K in keyof T]: Awaited<ReturnType<T[K]>> }>;
}

/** Reads a job's status over and over until told to stop; what it saw, in order (`404` when it was not there). */
export interface Watch {
	stop(): Promise<string[]>;
}

export function watch(client: Client, job: string): Watch {
	const seen: string[] = [];
	let isOver = false;
	const reading = (async () => {
		do {
			const answer = await client.status(job);
			seen.push(answer.status === 200 ? `${answer.body['status'] as string}` : String(answer.status));
		} while (!isOver);
	})();
	return {
		stop: async () => {
			isOver = true;
			await reading;
			return seen;
		},
	};
}

/** Throws when a reader saw a job go back, or end twice. */
export function expectOneEnd(seen: readonly string[]): void {
	const ends = new Set(seen.filter((status) => TERMINAL.has(status)));
	if (ends.size > 1) throw new Error(`more than one end: ${seen.join(' ')}`);
	const rank = (status: string): number => (status === 'IN_QUEUE' ? 0 : status === 'IN_PROGRESS' ? 1 : TERMINAL.has(status) ? 2 : 3);
	for (let i = 1; i < seen.length; i++) if (rank(seen[i] as string) < rank(seen[i - 1] as string)) throw new Error(`it went back: ${seen.join(' ')}`);
}
