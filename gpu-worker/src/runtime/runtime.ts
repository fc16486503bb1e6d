/** The port through which the agent runs workers, whatever a worker is on this host. */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import type { HttpPorts } from '../core/http-ports.ts';
import type { WorkerLog } from '../logs/worker-log.ts';

export interface WorkerStart {
	readonly workerId: string;
	readonly spec: EndpointSpec;
	/** The worker's variables, given the directory for its temporary files. */
	env(tempDir: string): Record<string, string>;
	/** Ports of this host under which a load-balanced worker must be reachable on the loopback; null or left out: none. */
	readonly http?: HttpPorts | null;
	/** Takes all that the worker writes; whoever made it closes it. */
	readonly log: WorkerLog;
}

/** How a worker ended: by itself with a code, or by a signal. */
export interface WorkerExit {
	readonly code: number | null;
	readonly signal: string | null;
	/** How long its process had been gone when this was told; left out: not at all. */
	readonly agoMs?: number;
}

/** A worker that runs. */
export interface RunningWorker {
	readonly pid: number;
	/** Settles when the worker and everything that it started are gone. */
	readonly exited: Promise<WorkerExit>;
	/** Asks the worker to end (SIGTERM to all of it). */
	terminate(): void;
	/** Ends it (SIGKILL to all of it). */
	kill(): void;
}

/** Thrown by `Runtime.start`; the message goes to the operator. */
export class WorkerStartError extends Error {
	override readonly name: string = 'WorkerStartError';
}

export interface Runtime {
	/** Ends and removes what an earlier agent on this state directory left behind. Before anything else. */
	cleanUp(): Promise<void>;
	/** Throws `WorkerStartError`. */
	start(start: WorkerStart): Promise<RunningWorker>;
}
