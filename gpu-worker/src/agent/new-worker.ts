/** The record of a worker that was just started. */
import type { Worker } from './worker.ts';

/** With nothing in hand, and not heard yet. */
export function newWorker(
	given: Pick<Worker, 'id' | 'endpointId' | 'version' | 'spec' | 'key' | 'gpus' | 'startedAtMs' | 'process' | 'http' | 'openPorts' | 'log' | 'meter' | 'preparing'>,
): Worker {
	return {
		...given,
		startKind: 'cold',
		readyMs: null,
		hasServed: false,
		stage: 'up',
		isToFreeze: false,
		requests: 0,
		contacted: false,
		unhealthyReason: null,
		draining: false,
		terminating: false,
		exit: null,
		jobs: new Map(),
		stopping: new Map(),
		stopOrders: new Set(),
		finished: new Set(),
		takes: new Set(),
		stopPolls: new Set(),
		tunnels: new Set(),
		idleSinceMs: given.startedAtMs,
	};
}
