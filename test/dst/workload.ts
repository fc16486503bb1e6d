/** What clients will do in a history, drawn from its seed before it begins, so that a part of it can be left out without changing the rest. */
import { createRandom, exponential } from '../sim/random.ts';
import type { WorldSettings } from './settings.ts';
import type { JobKind } from './worker.ts';

/** One job as its owner means it. */
export interface JobPlan {
	readonly n: number;
	/** After the beginning. Milliseconds. */
	readonly atMs: number;
	/** 0 and 1 are ordinary endpoints of two accounts, 2 is one that is purged now and then. */
	readonly endpoint: 0 | 1 | 2;
	readonly kind: JobKind;
	readonly ms: number;
	readonly sync: boolean;
	readonly webhook: boolean;
	readonly keyed: boolean;
	readonly ttlMs: number;
	readonly cancelAfterMs: number | null;
	/** Its owner starts it anew when it fails. */
	readonly retried: boolean;
}

export interface Workload {
	readonly jobs: readonly JobPlan[];
	readonly purgesAtMs: readonly number[];
}

const KINDS: readonly [JobKind, number][] = [
	['ok', 0.62],
	['fail', 0.08],
	['stream', 0.08],
	['late', 0.06],
	['crash', 0.06],
	['quit', 0.03],
	['mute', 0.03],
	['hang', 0.04],
];
const PURGE_EVERY_MS = 900_000;
const CROWD = 10;
const CROWD_MS = 4_000;

/** Jobs in bursts and trickles over the whole time. */
export function drawWorkload({ seed, hours, jobEveryMs }: WorldSettings): Workload {
	const random = createRandom(seed, 'workload');
	const untilMs = hours * 3_600_000;
	const jobs: JobPlan[] = [];
	for (let atMs = 60_000, n = 0; ; n++) {
		const isBurst = random() < 0.25;
		atMs += isBurst ? random() * 400 : exponential(random, jobEveryMs * 1.3);
		if (atMs >= untilMs) break;
		jobs.push(drawJob(random, n, Math.round(atMs)));
	}
	const purgesAtMs: number[] = [];
	for (let atMs = exponential(random, PURGE_EVERY_MS); atMs < untilMs; atMs += exponential(random, PURGE_EVERY_MS)) purgesAtMs.push(Math.round(atMs));
	// A crowd around each purge, before and after it: without one there would be nothing to take, and nothing to leave.
	for (const purgeAtMs of purgesAtMs) {
		for (let i = 0; i < CROWD; i++) {
			const atMs = Math.round(Math.max(60_000, purgeAtMs + CROWD_MS * (random() - 0.8)));
			jobs.push({ ...drawJob(random, jobs.length, atMs), endpoint: 2, cancelAfterMs: null });
		}
	}
	return { jobs, purgesAtMs };
}

function drawJob(random: () => number, n: number, atMs: number): JobPlan {
	const which = random();
	const kind = drawKind(random());
	const ms = Math.round(random() < 0.5 ? 5 + 500 * random() : exponential(random, 6_000));
	return {
		n,
		atMs,
		endpoint: which < 0.5 ? 0 : which < 0.8 ? 1 : 2,
		kind,
		ms,
		sync: random() < 0.2,
		webhook: random() < 0.2,
		keyed: random() < 0.2,
		ttlMs: random() < 0.06 ? 15_000 + 60_000 * random() : 3_600_000,
		cancelAfterMs: random() < 0.07 ? Math.round(exponential(random, 4_000)) : null,
		retried: random() < 0.3,
	};
}

function drawKind(at: number): JobKind {
	let sum = 0;
	for (const [kind, share] of KINDS) {
		sum += share;
		if (at < sum) return kind;
	}
	return 'ok';
}
