/** Decides which workers of an endpoint to stop: of an outdated release, above the grant, or idle for too long. */

export interface SurplusWorker {
	readonly id: string;
	readonly state: 'starting' | 'idle' | 'busy';
	readonly outdated: boolean;
	/** Time without a job; 0 unless idle. */
	readonly idleMs: number;
}

export interface SurplusInput {
	/** Workers that do not drain yet. */
	readonly workers: readonly SurplusWorker[];
	readonly workersMax: number;
	/** Workers that stay even when idle: the larger of the minimum and what the scaler wants. */
	readonly keep: number;
	/** Workers that jobs or the minimum ask for, whatever a roll wants to replace. */
	readonly demand: number;
	readonly idleTimeoutMs: number;
	/** Nothing of the current release can be placed beside the old worker: it has to go first. */
	readonly mustGiveWay: boolean;
}

export interface Stop {
	readonly workerId: string;
	/** A busy worker is only ever drained: it ends its jobs first. */
	readonly reason: 'outdated' | 'over the grant' | 'idle timeout';
}

export interface Surplus {
	readonly stops: readonly Stop[];
	/** The outdated worker that goes on taking jobs until one of the current release can. */
	readonly keeper: string | null;
	/** When time alone will make another worker surplus. */
	readonly recheckInMs: number | null;
}

/** Stops in the order in which they should be sent. */
export function chooseSurplus(input: SurplusInput): Surplus {
	const current = input.workers.filter((worker) => !worker.outdated).sort(leastUsefulFirst);
	const keeper = input.mustGiveWay ? null : chooseKeeper(input, current);
	const stops: Stop[] = input.workers.filter((worker) => worker.outdated && worker.id !== keeper).map((worker) => ({ workerId: worker.id, reason: 'outdated' }));
	const over = Math.max(0, current.length - input.workersMax);
	for (const worker of current.slice(0, over)) stops.push({ workerId: worker.id, reason: 'over the grant' });

	const left = current.slice(over);
	const spare = Math.max(0, left.length - input.keep);
	const idleKeeper = input.workers.find(({ id, state }) => id === keeper && state === 'idle');
	let recheckInMs: number | null = idleKeeper === undefined || input.demand > 0 ? null : input.idleTimeoutMs - idleKeeper.idleMs;
	for (const worker of left.filter(({ state }) => state === 'idle').slice(0, spare)) {
		if (worker.idleMs >= input.idleTimeoutMs) stops.push({ workerId: worker.id, reason: 'idle timeout' });
		else recheckInMs = Math.min(recheckInMs ?? Number.POSITIVE_INFINITY, input.idleTimeoutMs - worker.idleMs);
	}
	return { stops, keeper, recheckInMs };
}

/**
 * While no worker of the current release is ready, one of the old ones stays: there is never a moment without a worker. A busy one, because
 * an idle one makes room for its successor at once. One that nobody needs still ends at its idle timeout, should its successor never come.
 */
function chooseKeeper({ workers, workersMax, demand, idleTimeoutMs }: SurplusInput, current: readonly SurplusWorker[]): string | null {
	if (workersMax === 0 || current.some(({ state }) => state !== 'starting')) return null;
	const isNeeded = ({ state, idleMs }: SurplusWorker): boolean => state === 'busy' || demand > 0 || idleMs < idleTimeoutMs;
	const ready = workers.filter((worker) => worker.outdated && worker.state !== 'starting' && isNeeded(worker));
	return ready.sort(leastUsefulFirst).at(-1)?.id ?? null;
}

const USE = { starting: 0, idle: 1, busy: 2 } as const;

/** Starting ones serve nobody yet, then the longest idle, busy ones last; ids break ties so that the answer is stable. */
function leastUsefulFirst(a: SurplusWorker, b: SurplusWorker): number {
	return USE[a.state] - USE[b.state] || b.idleMs - a.idleMs || (a.id < b.id ? -1 : 1);
}
