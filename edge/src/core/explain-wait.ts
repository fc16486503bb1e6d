/** Why a job waits, in a sentence and in machine-readable form. Pure. */
import type { JobPhase } from '@longshore/shared-schema/job/job';
import type { PlacementObstacle } from '@longshore/shared-schema/wire/rest-v2/decisions-answer';
import type { EndpointRoutes, RegionRoute } from '@longshore/shared-schema/wire/route';

import { describeObstacles } from './placement-obstacles.ts';

/** What keeps a queued job from starting. */
export type WaitReason = 'no_region' | 'region_silent' | 'no_capacity' | 'worker_starting' | 'workers_failing' | 'workers_busy' | 'no_workers_allowed' | 'dispatching';

/** The `why` member of a status answer. Times in milliseconds. */
export interface WaitExplanation {
	readonly reason: WaitReason;
	readonly text: string;
	/** 1 is next. */
	readonly placeInLine: number;
	/** The one that `text` speaks of: where the job is, or where it would go now. */
	readonly region: string | null;
	readonly workers: { readonly running: number; readonly idle: number; readonly initializing: number; readonly max: number };
	/** With `no_region`: what keeps the endpoint off every host that there is. */
	readonly obstacles?: readonly PlacementObstacle[];
	/** When it should start, as far as the pace of the last jobs tells; absent when nothing is known. */
	readonly expectedStartInMs?: number;
}

/** What is known of a waiting job. `paceMs` is the usual run time of the endpoint's jobs, null when none has ended yet. */
export interface WaitFacts {
	readonly phase: JobPhase;
	readonly region: string | null;
	readonly placeInLine: number;
	readonly paceMs: number | null;
	readonly silentMsMax: number;
	/** What keeps the endpoint off every host; empty when some host may run it, or nobody has looked. */
	readonly obstacles?: readonly PlacementObstacle[];
}

/** Explains a queued job's wait from the regions' figures. */
export function explainWait(facts: WaitFacts, routes: EndpointRoutes | null): WaitExplanation {
	const granted = (routes?.regions ?? []).filter(({ workersMax }) => workersMax > 0);
	const here = granted.find(({ region }) => region === facts.region) ?? granted[0] ?? null;
	const workers = sumWorkers(granted, routes?.workersMax ?? 0);
	const { reason, text } = reasonOf(facts, routes, here, workers);
	const expected = expectedStart(facts, workers, reason);
	return {
		reason,
		text: `${ordinal(facts.placeInLine)} in line; ${text}`,
		placeInLine: facts.placeInLine,
		region: here?.region ?? null,
		workers,
		...(reason === 'no_region' && facts.obstacles !== undefined && facts.obstacles.length > 0 ? { obstacles: facts.obstacles } : {}),
		...(expected === null ? {} : { expectedStartInMs: expected }),
	};
}

type Workers = WaitExplanation['workers'];

function reasonOf(facts: WaitFacts, routes: EndpointRoutes | null, here: RegionRoute | null, workers: Workers): { reason: WaitReason; text: string } {
	if (routes !== null && routes.workersMax === 0) return { reason: 'no_workers_allowed', text: 'the endpoint allows no workers: raise workers max above 0' };
	if (here === null)
		return {
			reason: 'no_region',
			text:
				describeObstacles(facts.obstacles ?? []) ??
				'no region has a host that may run this endpoint: check its GPU pools, data centres and CUDA versions against the hosts; those that drain do not count',
		};
	if (here.silentMs > facts.silentMsMax) return { reason: 'region_silent', text: `region ${here.region} has not been heard for ${Math.round(here.silentMs / 1_000)} s` };
	if (workers.initializing > 0 && workers.idle === 0) return { reason: 'worker_starting', text: `${count(workers.initializing, 'worker')} starting in ${here.region}` };
	const failing = (routes?.regions ?? []).some(({ workersMax, workers: { unhealthy } }) => workersMax > 0 && unhealthy > 0);
	if (failing && workers.running + workers.idle === 0) {
		return { reason: 'workers_failing', text: `workers fail to start and are tried again with growing pauses${here.blocked === null ? '' : `: ${here.blocked}`}` };
	}
	if (workers.running + workers.idle === 0) {
		return here.blocked === null ? { reason: 'dispatching', text: `on its way to ${here.region}` } : { reason: 'no_capacity', text: here.blocked };
	}
	if (workers.idle > 0) return { reason: 'dispatching', text: `on its way to a worker in ${here.region}` };
	const full = here.blocked === null ? '' : `; no further worker: ${here.blocked}`;
	return { reason: 'workers_busy', text: `all ${count(workers.running, 'worker')} of at most ${workers.max} busy${full}` };
}

/** Rounds of the usual run time until the job's turn, when workers run and the pace is known. */
function expectedStart(facts: WaitFacts, workers: Workers, reason: WaitReason): number | null {
	const serving = workers.running + workers.idle;
	if (facts.paceMs === null || serving === 0 || reason === 'region_silent') return null;
	return Math.round((Math.ceil(facts.placeInLine / serving) * facts.paceMs) / (reason === 'dispatching' ? 2 : 1));
}

function sumWorkers(routes: readonly RegionRoute[], max: number): Workers {
	const sum = (name: 'running' | 'idle' | 'initializing'): number => routes.reduce((total, { workers }) => total + workers[name], 0);
	return { running: sum('running'), idle: sum('idle'), initializing: sum('initializing'), max };
}

function count(n: number, noun: string): string {
	return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function ordinal(n: number): string {
	const tens = n % 100;
	const suffix = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');
	return `${n}${suffix}`;
}
