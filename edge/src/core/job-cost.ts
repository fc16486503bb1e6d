/** What a job cost: its part of the booked time of the worker that ran it. Pure. */

/** A job's time in a worker's hands, epoch milliseconds. */
export interface JobRun {
	readonly id: string;
	readonly worker: string;
	readonly fromMs: number;
	readonly runMs: number;
}

/** All that was booked of one worker since its start. `amount` in US dollars; `kind` is `mixed` when it moved into or out of the minimum. */
export interface BookedWorker {
	readonly worker: string;
	readonly gpuType: string;
	readonly dataCenter: string;
	readonly gpus: number;
	readonly kind: 'flex' | 'active' | 'mixed';
	readonly startingMs: number;
	readonly runningMs: number;
	readonly idleMs: number;
	readonly amount: number;
	/** It is gone: nothing will be added. */
	readonly ended: boolean;
}

/** A job's part of its worker. The three times add up to what `amount` pays for; `amount` in US dollars. */
export interface JobCost {
	readonly startingMs: number;
	readonly runningMs: number;
	readonly idleMs: number;
	readonly gpuSeconds: number;
	readonly amount: number;
}

/** Milliseconds of its worker that fall to each job: while a worker has several in hand, each counts for its part of that time. */
export function runShares(runs: readonly JobRun[]): Map<string, number> {
	const shares = new Map<string, number>();
	for (const [, own] of Map.groupBy(runs, ({ worker }) => worker)) for (const [id, ms] of sharesOfWorker(own)) shares.set(id, ms);
	return shares;
}

/** `sharedMs`: what `runShares` gives the job. Starting and idle time are spread over what the worker ran so far. */
export function costOfJob(sharedMs: number, booked: BookedWorker): JobCost {
	const { startingMs, runningMs, idleMs, gpus, amount } = booked;
	const wholeMs = startingMs + runningMs + idleMs;
	const part = sharedMs / Math.max(1, runningMs, sharedMs);
	const own = { startingMs: startingMs * part, runningMs: sharedMs, idleMs: idleMs * part };
	const ownMs = own.startingMs + own.runningMs + own.idleMs;
	return { ...own, gpuSeconds: (ownMs * gpus) / 1_000, amount: wholeMs === 0 ? 0 : (ownMs * amount) / wholeMs };
}

/** A clock that runs as fast as one of the jobs in hand is served: the difference between a job's end and its start is its share. */
function sharesOfWorker(runs: readonly JobRun[]): Map<string, number> {
	const edges = runs.flatMap(({ id, fromMs, runMs }) => [
		{ atMs: fromMs, id, begins: true },
		{ atMs: fromMs + runMs, id, begins: false },
	]);
	edges.sort((a, b) => a.atMs - b.atMs || Number(b.begins) - Number(a.begins));
	const begun = new Map<string, number>();
	const shares = new Map<string, number>();
	let [servedMs, lastMs, inHand] = [0, 0, 0];
	for (const { atMs, id, begins } of edges) {
		if (inHand > 0) servedMs += (atMs - lastMs) / inHand;
		lastMs = atMs;
		inHand += begins ? 1 : -1;
		if (begins) begun.set(id, servedMs);
		else shares.set(id, servedMs - (begun.get(id) ?? servedMs));
	}
	return shares;
}
