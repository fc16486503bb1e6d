/** What a simulation adds up: waits, worker starts, GPU-seconds by what the worker did, and a hash over every job's start. */
import { createHash, type Hash } from 'node:crypto';

export type WorkerState = 'starting' | 'idle' | 'busy';

/** Figures of one run of one rule. Times in seconds where the name says so, else milliseconds. */
export interface Outcome {
	readonly jobs: number;
	readonly ended: number;
	readonly running: number;
	readonly waiting: number;
	/** Runs cut short by a host that went; each began again. */
	readonly interrupted: number;
	readonly waitP50Ms: number;
	readonly waitP99Ms: number;
	readonly waitMeanMs: number;
	/** Workers started. */
	readonly coldStarts: number;
	readonly gpuSeconds: number;
	readonly gpuSecondsStarting: number;
	readonly gpuSecondsIdle: number;
	readonly gpuSecondsBusy: number;
	/** Most workers at a time, over all endpoints. */
	readonly workersPeak: number;
	/** SHA-256 over all jobs' starts: equal exactly when two runs were. */
	readonly hash: string;
}

export interface Ledger {
	waited(job: number, waitMs: number, atMs: number): void;
	ended(): void;
	interrupted(): void;
	workerStarted(): void;
	workerStopped(): void;
	spent(state: WorkerState, gpuMs: number): void;
	/** `waitsLeftMs`: how long those have waited that still wait. */
	close(left: { readonly running: number; readonly waitsLeftMs: readonly number[] }): Outcome;
}

export function createLedger(): Ledger {
	const waitsMs: number[] = [];
	const hash: Hash = createHash('sha256');
	const gpuMs: Record<WorkerState, number> = { starting: 0, idle: 0, busy: 0 };
	const count = { ended: 0, interrupted: 0, starts: 0, alive: 0, peak: 0 };
	return {
		waited: (job, waitMs, atMs) => {
			waitsMs.push(waitMs);
			hash.update(`${job} ${waitMs} ${atMs}\n`);
		},
		ended: () => void count.ended++,
		interrupted: () => {
			count.interrupted++;
			// Its wait is counted again, in full, when it starts anew.
			waitsMs.pop();
		},
		workerStarted: () => {
			count.starts++;
			count.peak = Math.max(count.peak, ++count.alive);
		},
		workerStopped: () => void count.alive--,
		spent: (state, ms) => {
			gpuMs[state] += ms;
		},
		close: ({ running, waitsLeftMs }) => {
			const all = Float64Array.from([...waitsMs, ...waitsLeftMs]).sort();
			const [starting, idle, busy] = [gpuMs.starting / 1_000, gpuMs.idle / 1_000, gpuMs.busy / 1_000];
			return {
				jobs: count.ended + running + waitsLeftMs.length,
				ended: count.ended,
				running,
				waiting: waitsLeftMs.length,
				interrupted: count.interrupted,
				waitP50Ms: quantile(all, 0.5),
				waitP99Ms: quantile(all, 0.99),
				waitMeanMs: all.length === 0 ? 0 : all.reduce((sum, wait) => sum + wait, 0) / all.length,
				coldStarts: count.starts,
				gpuSeconds: starting + idle + busy,
				gpuSecondsStarting: starting,
				gpuSecondsIdle: idle,
				gpuSecondsBusy: busy,
				workersPeak: count.peak,
				hash: hash.digest('hex'),
			};
		},
	};
}

/** The smallest value that at least `share` of all do not exceed (nearest rank). 0 when there is none. */
export function quantile(sorted: Float64Array, share: number): number {
	return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
