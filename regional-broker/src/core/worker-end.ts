/** What a worker's report says of how it does: whether it has made up for failed starts before it, and how it ended. */
import type { WorkerReport } from '@longshore/shared-schema/wire/bus';

/** A worker that has run this long makes up for failed starts before it. */
const PROVEN_MS = 30_000;

/** It has lived for a while, or ended as it should: a worker that only comes up and dies of its first job is no better than one that does not come up. */
export function hasProvenItself(worker: WorkerReport): boolean {
	if (worker.phase === 'idle' || worker.phase === 'running') return worker.startedAgoMs >= PROVEN_MS;
	return worker.phase === 'exited' && worker.exitCode === 0;
}

/** In its host's words where it has any: out of memory, or what kept it from starting. */
export function howItEnded({ exitCause, exitCode = null }: Pick<WorkerReport, 'exitCause' | 'exitCode'>): string {
	if (exitCause === undefined) return `worker ended with exit code ${exitCode ?? 'unknown'}`;
	return exitCode === null ? `worker ${exitCause}` : `worker ended with exit code ${exitCode}: ${exitCause}`;
}
