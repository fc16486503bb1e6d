/** The phase of a worker as its host reports it, from what is known of it. */
import type { WorkerPhase } from '@longshore/shared-schema/wire/bus';

/** The facts that make up a phase. */
export interface WorkerFacts {
	readonly exited: boolean;
	readonly unhealthy: boolean;
	readonly draining: boolean;
	/** It has taken or pinged at least once. */
	readonly contacted: boolean;
	/** Jobs in hand, those told to stop included. */
	readonly jobs: number;
}

/** The first of: exited, unhealthy, draining, running, idle, initializing. */
export function workerPhase(facts: WorkerFacts): WorkerPhase {
	if (facts.exited) return 'exited';
	if (facts.unhealthy) return 'unhealthy';
	if (facts.draining) return 'draining';
	if (facts.jobs > 0) return 'running';
	return facts.contacted ? 'idle' : 'initializing';
}
