/** The port through which the agent runs workers, whatever a worker is on this host. */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import type { OpenPort } from '@longshore/shared-schema/wire/open-port';
import type { HttpPorts } from '../core/http-ports.ts';
import type { WorkerLog } from '../logs/worker-log.ts';

/** What a runtime tells of the place in which a worker will run, for its variables. */
export interface WorkerPlace {
	/** The worker's own directory for temporary files; null: the place has its own. */
	readonly tempDir: string | null;
	/** Base URL of the bridge as the worker reaches it; null: as the agent itself does. */
	readonly bridgeUrl: string | null;
	/** It is this machine, seen as the agent sees it: paths, locale and proxies of the agent apply. */
	readonly isHost: boolean;
	/** Every port is free there, and mapped to this host's where one must be reachable. */
	readonly ownPorts: boolean;
	/** Where the worker finds its network volume; left out: it has none. */
	readonly volumePath?: string;
	/** Where it finds its model, in a directory of the hub's cache layout; left out: it has none. */
	readonly hubPath?: string;
}

/** A network volume on this host. */
export interface HostVolume {
	readonly id: string;
	readonly path: string;
}

/** A model on this host: its folder in the hub's cache layout. Nobody but the agent writes there. */
export interface HostModel {
	/** Its name in the layout. */
	readonly folder: string;
	readonly path: string;
	readonly commit: string;
}

export interface WorkerStart {
	readonly workerId: string;
	readonly endpointId: string;
	readonly spec: EndpointSpec;
	/** Ports of this host under which a load-balanced worker must be reachable on the loopback; null or left out: none. */
	readonly http?: HttpPorts | null;
	/** Exposed ports, under which the worker must be reachable from outside. */
	readonly openPorts?: readonly OpenPort[];
	/** UUIDs of the GPUs that it gets; empty: none, or declared ones. */
	readonly gpuUuids: readonly string[];
	/** For the image's registry. Never to be written anywhere. */
	readonly registryAuth?: { readonly username: string; readonly password: string };
	/** The network volume of this data centre, to read and write. */
	readonly volume?: HostVolume;
	/** To read. */
	readonly model?: HostModel;
	/** The worker's variables in its place. */
	env(place: WorkerPlace): Record<string, string>;
	/** Takes all that the worker writes; whoever made it closes it. */
	readonly log: WorkerLog;
	/** Hears what the start waits for, in words. */
	preparing(text: string): void;
	/** Nobody wants it any more. */
	readonly signal: AbortSignal;
}

/** How a worker ended: by itself with a code, or by a signal. */
export interface WorkerExit {
	readonly code: number | null;
	readonly signal: string | null;
	/** How long its process had been gone when this was told; left out: not at all. */
	readonly agoMs?: number;
	/** What the host knows of the reason beyond code and signal. */
	readonly cause?: string;
}

/** Holds a worker still, with its memory, and lets it go on. All throw an `Error` for the operator when the system or the engine refuses. */
export interface Stillness {
	/** Its processes as this machine numbers them. */
	pids(): Promise<readonly number[]>;
	/** Resolves when no process of the worker does anything any more. */
	hold(): Promise<void>;
	/** They go on where they stood. */
	release(): Promise<void>;
	/** Memory of this machine that it takes. Bytes. */
	memoryBytes(): Promise<number>;
}

/** A worker that runs. */
export interface RunningWorker {
	/** Its first process as this machine numbers it; 0 when that is not known. */
	readonly pid: number;
	/** Settles when the worker and everything that it started are gone. */
	readonly exited: Promise<WorkerExit>;
	/** Asks the worker to end (SIGTERM: to every process of a local one, to the first process of a container). */
	terminate(): void;
	/** Ends it (SIGKILL to all of it), held still or not. */
	kill(): void;
	/** Left out: it cannot be held still. */
	readonly stillness?: Stillness;
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
