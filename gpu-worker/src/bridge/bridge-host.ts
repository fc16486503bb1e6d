/** What the bridge needs of the agent behind it. The bridge knows HTTP and the worker protocol; this side knows jobs. */
import type { Attempt, StopPoll, Take, Worker } from '../agent/worker.ts';

/** Where a job stands for the worker that names it. `ended` includes jobs that it was told to stop. */
export type JobStanding = { readonly kind: 'running'; readonly attempt: Attempt } | { readonly kind: 'ended' } | { readonly kind: 'unknown' };

export interface BridgeHost {
	worker(workerId: string): Worker | undefined;
	nowMs(): number;
	/** In [0, 1). */
	random(): number;
	openTake(take: Take): void;
	closeTake(take: Take): void;
	openStopPoll(poll: StopPoll): void;
	closeStopPoll(poll: StopPoll): void;
	/** The worker speaks: its first word makes it idle. `holdsNoJob`: it says so; `countsRunningJobs`: its SDK means those that run, too. */
	heard(worker: Worker, holdsNoJob: boolean, countsRunningJobs: boolean): void;
	standing(worker: Worker, jobId: string): JobStanding;
	/** The worker itself says that it does not run the job any more. */
	stopped(worker: Worker, jobId: string): void;
	finish(worker: Worker, attempt: Attempt, ending: { readonly output: Uint8Array | null; readonly error: string | null; readonly cause?: 'output_too_large' }): void;
	progress(attempt: Attempt, output: Uint8Array): void;
	chunk(attempt: Attempt, output: Uint8Array): void;
	/** Resolves when there is room for more chunks: what is not yet with the edge is in this process's memory. */
	roomForChunks(): Promise<void>;
	/** `stopPod`: no more jobs for this worker, and it ends after those in hand. */
	retire(worker: Worker): void;
	ping(worker: Worker, jobIds: ReadonlySet<string>): void;
	unhealthy(worker: Worker, reason: string): void;
}
