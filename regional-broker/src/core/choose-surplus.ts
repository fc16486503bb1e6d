/** Decides which workers of an endpoint to stop: above the grant, of an outdated release, or idle for too long. */

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
	readonly idleTimeoutMs: number;
}

export interface Stop {
	readonly workerId: string;
	/** A busy worker is only ever drained: it ends its jobs first. */
	readonly reason: 'outdated' | 'over the grant' | 'idle timeout';
}

export interface Surplus {
	readonly stops: readonly Stop[];
	/** When time alone will make another worker surplus. */
	readonly recheckInMs: number | null;
}

/** Stops in the order in which they should be sent. */
export function chooseSurplus(input: SurplusInput): Surplus {
	const stops: Stop[] = input.workers.filter((worker) => worker.outdated).map((worker) => ({ workerId: worker.id, reason: 'outdated' }));
	const current = input.workers.filter((worker) => !worker.outdated).sort(leastUsefulFirst);
	const over = Math.max(0, current.length - input.workersMax);
	for (const worker of current.slice(0, over)) stops.push({ workerId: worker.id, reason: 'over the grant' });

	const left = current.slice(over);
	const spare = Math.max(0, left.length - input.keep);
	let recheckInMs: number | null = null;
	for (const worker of left.filter(({ state }) => state === 'idle').slice(0, spare)) {
		if (worker.idleMs >= input.idleTimeoutMs) stops.push({ workerId: worker.id, reason: 'idle timeout' });
		else recheckInMs = Math.min(recheckInMs ?? Number.POSITIVE_INFINITY, input.idleTimeoutMs - worker.idleMs);
	}
	return { stops, recheckInMs };
}

const USE = { starting: 0, idle: 1, busy: 2 } as const;

/** Starting ones serve nobody yet, then the longest idle, busy ones last; ids break ties so that the answer is stable. */
function leastUsefulFirst(a: SurplusWorker, b: SurplusWorker): number {
	return USE[a.state] - USE[b.state] || b.idleMs - a.idleMs || (a.id < b.id ? -1 : 1);
}
