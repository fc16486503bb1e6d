/** What goes wrong in a history, drawn from its seed before it begins, so that any part of it can be left out. */
import { createRandom, exponential } from '../sim/random.ts';
import type { WorldSettings } from './settings.ts';

/** Every kind of fault, with its share and the mean of how long it lasts. */
export const FAULTS = {
	'edge killed': [3, 3_000],
	'edge frozen': [1, 8_000],
	'object evicted': [4, 0],
	'alarm lost': [1, 0],
	'broker killed': [3, 4_000],
	'broker frozen': [1, 12_000],
	'nats killed': [2, 5_000],
	'nats power cut': [2, 6_000],
	'nats wiped': [1, 4_000],
	'consumer deleted': [1, 0],
	'stream purged': [1, 0],
	'messages delivered again': [2, 0],
	'agent killed': [3, 3_000],
	'agent frozen': [2, 40_000],
	'machine off': [2, 30_000],
	'machine off for good': [1, 0],
	'machine frozen': [2, 40_000],
	'worker killed': [4, 0],
	'edge cut from region': [2, 40_000],
	'region cut from edge': [2, 40_000],
	'region cut off': [2, 90_000],
	'host cut from nats': [2, 40_000],
	'broker cut from nats': [2, 20_000],
	'clients cut from edge': [1, 10_000],
	'requests lost': [2, 30_000],
	'answers lost': [3, 40_000],
	'requests doubled': [2, 40_000],
	'network slow': [2, 40_000],
	'receivers broken': [2, 60_000],
	'receivers hang': [1, 60_000],
	'wall clock jumps': [2, 600_000],
} as const satisfies Record<string, readonly [number, number]>;
export type FaultKind = keyof typeof FAULTS;

export interface Fault {
	readonly n: number;
	/** After the beginning. Milliseconds. */
	readonly atMs: number;
	readonly kind: FaultKind;
	/** Chooses what it hits, in [0, 1). */
	readonly target: number;
	readonly lastsMs: number;
}

/** Parts of the time without any fault, as a quarter of an hour in each hour. */
const CALM_SHARE = 0.25;
const CALM_EVERY_MS = 600_000;

/** Faults overlap; now and then there is calm. */
export function drawFaults({ seed, hours, faultEveryMs }: WorldSettings): Fault[] {
	const random = createRandom(seed, 'faults');
	const kinds = Object.keys(FAULTS) as FaultKind[];
	const total = kinds.reduce((sum, kind) => sum + FAULTS[kind][0], 0);
	const faults: Fault[] = [];
	for (let atMs = 90_000, n = 0; ; ) {
		atMs += exponential(random, faultEveryMs * (1 - CALM_SHARE));
		if (atMs >= hours * 3_600_000) return faults;
		const at = random() * total;
		const target = random();
		const length = exponential(random, 1);
		if (atMs % CALM_EVERY_MS < CALM_EVERY_MS * CALM_SHARE) continue;
		const kind = kindAt(kinds, at);
		faults.push({ n: n++, atMs: Math.round(atMs), kind, target, lastsMs: Math.round(FAULTS[kind][1] * (0.2 + length)) });
	}
}

function kindAt(kinds: readonly FaultKind[], at: number): FaultKind {
	let sum = 0;
	for (const kind of kinds) {
		sum += FAULTS[kind][0];
		if (at < sum) return kind;
	}
	return 'worker killed';
}
