/** Which fault begins when, from a seed: every kind comes before any comes again, and a quarter of the time nothing new goes wrong. Pure. */
import { createRandom, type Random } from '../../sim/random.ts';
import type { FaultKind } from './fault-kinds.ts';

/** One fault to come. Times are milliseconds from the beginning of the faults. `pick` in [0, 1) chooses among its possible targets. */
export interface PlannedFault {
	readonly kind: FaultKind;
	readonly atMs: number;
	readonly forMs: number;
	readonly region: string;
	readonly pick: number;
}

/** Of every such stretch the last quarter begins no fault. */
const WINDOW_MS = 20_000;
const CALM = 0.25;
/** A region that was down gets this long before the next one may go. */
const REGION_PAUSE_MS = 6_000;

/** A webhook is tried three times: its receiver has to be there for one of them. */
const HOOKS_PAUSE_MS = 10_000;

export interface ScheduleOptions {
	readonly seed: number;
	readonly forMs: number;
	readonly everyMs: number;
	readonly regions: readonly string[];
	readonly kinds: readonly FaultKind[];
}

/** In the order of their times. Faults that put the edge or a whole region out of order never overlap one another; all others may. */
export function planFaults({ seed, forMs, everyMs, regions, kinds }: ScheduleOptions): PlannedFault[] {
	const random = createRandom(seed, 'faults');
	const planned: PlannedFault[] = [];
	let deck: FaultKind[] = [];
	let heavyUntilMs = 0;
	let hooksUntilMs = 0;
	// Calm windows take their share of the faults' beginnings, so that the rest come closer.
	const pauseMs = (): number => everyMs * (1 - CALM) * 2 * random();
	for (let atMs = pauseMs(); atMs < forMs; atMs += pauseMs()) {
		atMs = skipCalm(atMs);
		if (deck.length === 0) deck = shuffle(random, kinds);
		const mayBegin = (kind: FaultKind): boolean => (!isHeavy(kind) || atMs >= heavyUntilMs) && (kind.scope !== 'hooks' || atMs >= hooksUntilMs);
		const at = deck.findIndex(mayBegin);
		const kind = deck[at];
		if (kind === undefined) {
			deck.push(...shuffle(random, kinds).filter(({ scope }) => scope === 'part' || scope === 'worker'));
			continue;
		}
		deck.splice(at, 1);
		const [least, most] = kind.forMs;
		const lastsMs = Math.round(least + random() * (most - least));
		if (atMs + lastsMs > forMs) continue;
		if (isHeavy(kind)) heavyUntilMs = atMs + lastsMs + REGION_PAUSE_MS;
		if (kind.scope === 'hooks') hooksUntilMs = atMs + lastsMs + HOOKS_PAUSE_MS;
		planned.push({ kind, atMs: Math.round(atMs), forMs: lastsMs, region: regions[Math.floor(random() * regions.length)] ?? '', pick: random() });
	}
	return planned;
}

const isHeavy = ({ scope }: FaultKind): boolean => scope === 'edge' || scope === 'region';

function skipCalm(atMs: number): number {
	const within = atMs % WINDOW_MS;
	return within < WINDOW_MS * (1 - CALM) ? atMs : atMs - within + WINDOW_MS;
}

function shuffle(random: Random, kinds: readonly FaultKind[]): FaultKind[] {
	const deck = [...kinds];
	for (let at = deck.length - 1; at > 0; at--) {
		const other = Math.floor(random() * (at + 1));
		[deck[at], deck[other]] = [deck[other] as FaultKind, deck[at] as FaultKind];
	}
	return deck;
}
