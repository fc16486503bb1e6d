/** Turns workers' rising counters into what is billed: the time since the last figures, at the flex or the active price of the worker's GPU type. Pure. */
import type { Catalog } from '@longshore/shared-schema/catalog/catalog';
import type { WorkerUsage } from '@longshore/shared-schema/wire/usage';

/** A worker's figures as last stored. */
export interface MeteredWorker {
	readonly id: string;
	readonly region: string;
	readonly startingMs: number;
	readonly runningMs: number;
	readonly idleMs: number;
	readonly ended: boolean;
	/** When it was first and last heard of, epoch milliseconds. */
	readonly firstAt: number;
	readonly seenAt: number;
}

/** Active: within the endpoint's minimum of workers. */
export type PriceKind = 'flex' | 'active';

/** Time of one worker that has not been billed yet. `amount` in US dollars. */
export interface Charge {
	readonly workerId: string;
	readonly kind: PriceKind;
	readonly startingMs: number;
	readonly runningMs: number;
	readonly idleMs: number;
	readonly amount: number;
}

export interface RateInput {
	readonly region: string;
	readonly workers: readonly WorkerUsage[];
	/** What is stored of the endpoint's workers of this region, ended ones included where `workers` names them. */
	readonly known: readonly MeteredWorker[];
	/** The region's share of the minimum. */
	readonly workersMin: number;
	/** US dollars per second and GPU. */
	readonly prices: Readonly<Record<PriceKind, number>>;
	readonly now: number;
}

/** A worker that was not heard of for this long is gone: its last figures stand, and it is nobody's active worker any more. */
export const METERED_SILENT_MS = 120_000;

/** The charges, and the figures to store. Figures that are not above the stored ones charge nothing: reports may come twice or late. */
export function rateUsage(input: RateInput): { charges: Charge[]; workers: MeteredWorker[] } {
	const known = new Map(input.known.map((worker) => [worker.id, worker]));
	const active = activeWorkers(input, known);
	const charges: Charge[] = [];
	const workers: MeteredWorker[] = [];
	for (const told of input.workers) {
		const before = known.get(told.id);
		const starting = Math.max(0, told.startingMs - (before?.startingMs ?? 0));
		const running = Math.max(0, told.runningMs - (before?.runningMs ?? 0));
		const idle = Math.max(0, told.idleMs - (before?.idleMs ?? 0));
		const kind = active.has(told.id) ? 'active' : 'flex';
		const perMs = (input.prices[kind] * told.gpus) / 1_000;
		if (starting + running + idle > 0) {
			charges.push({ workerId: told.id, kind, startingMs: starting, runningMs: running, idleMs: idle, amount: (starting + running + idle) * perMs });
		}
		workers.push({
			id: told.id,
			region: input.region,
			startingMs: Math.max(told.startingMs, before?.startingMs ?? 0),
			runningMs: Math.max(told.runningMs, before?.runningMs ?? 0),
			idleMs: Math.max(told.idleMs, before?.idleMs ?? 0),
			ended: hasEnded(told, before),
			firstAt: before?.firstAt ?? input.now,
			seenAt: input.now,
		});
	}
	return { charges, workers };
}

/** A worker that was frozen ends and, once thawed, goes on: what has counted on since is the latest word, what has not may be an old one. */
function hasEnded(told: WorkerUsage, before: MeteredWorker | undefined): boolean {
	if (before === undefined) return told.ended;
	const gained = told.startingMs + told.runningMs + told.idleMs - (before.startingMs + before.runningMs + before.idleMs);
	if (gained > 0) return told.ended;
	return before.ended || (gained === 0 && told.ended);
}

/** What a GPU of the type costs; 0 for a type or a pool without a published price. */
export function pricesOf(catalog: Pick<Catalog, 'gpus' | 'pools'>, gpuType: string): Readonly<Record<PriceKind, number>> {
	const pool = catalog.pools.find(({ id }) => id === catalog.gpus.find((gpu) => gpu.id === gpuType)?.pool);
	return { flex: pool?.flexPerSecond ?? 0, active: pool?.activePerSecond ?? 0 };
}

/** The oldest workers, as many as the minimum: those that were there first are those that stay. */
function activeWorkers({ workers, known: stored, workersMin, now }: RateInput, known: ReadonlyMap<string, MeteredWorker>): Set<string> {
	const alive = stored.filter((worker) => !worker.ended && now - worker.seenAt < METERED_SILENT_MS).map(({ id, firstAt }) => ({ id, firstAt }));
	const told = workers.filter(({ id }) => !known.has(id)).map(({ id }) => ({ id, firstAt: now }));
	const byAge = [...alive, ...told].sort((a, b) => a.firstAt - b.firstAt || (a.id < b.id ? -1 : 1));
	return new Set(byAge.slice(0, workersMin).map(({ id }) => id));
}
