/** What the parts of an agent share: who this host is, its settings, its workers and the attempts on it. */
import type { FrozenFacts } from '../core/frozen.ts';
import type { Starts } from '../core/start-figures.ts';
import type { GpuInventory } from '../gpu/declared.ts';
import type { Log } from '../log.ts';
import type { Clock } from './clock.ts';
import { type Attempt, acceptsJobs, type Worker } from './worker.ts';

/** Durations, named as the settings that they come from. */
export interface AgentTimers {
	readonly hostReportMs: number;
	readonly agentLeaseMs: number;
	readonly regionFenceMs: number;
	readonly killGraceMs: number;
	readonly stopGraceMs: number;
	readonly eventRetryMs: number;
	readonly usageReportMs: number;
	readonly pullExpiresMs: number;
	readonly pullHeartbeatMs: number;
	/** A job that finds no take any more is kept this long. */
	readonly keepMs: number;
	readonly claimTimeoutMs: number;
	/** A worker that says that it holds no job is asked again about one without a result after this. */
	readonly lostResultMs: number;
	readonly healthCheckMs: number;
	readonly healthStartMs: number;
	readonly healthLostMs: number;
	/** A thawed worker that has not spoken by then is started afresh. */
	readonly thawMs: number;
}

/** A worker that FlashBoot keeps: none of the host's workers until it is thawed. */
export interface FrozenWorker extends FrozenFacts {
	readonly worker: Worker;
	/** Its processes whose GPU memory was moved out. */
	readonly movedPids: readonly number[];
}

export interface Host {
	readonly id: string;
	/** Random per agent process. */
	readonly boot: string;
	readonly dataCenterId: string;
	readonly inventory: GpuInventory;
	/** `host:port` where brokers reach load-balanced workers; null: nowhere. */
	readonly tunnel: string | null;
	/** What opens the door there; made for this boot, told to the brokers only. */
	readonly tunnelToken: string;
	readonly timers: AgentTimers;
	readonly clock: Clock;
	readonly log: Log;
	readonly workers: Map<string, Worker>;
	readonly frozen: Map<string, FrozenWorker>;
	starts: Starts;
	/** Jobs that found their worker up, not just started for them. */
	warmJobs: number;
	/** By `<job>.<epoch>`. */
	readonly attempts: Map<string, Attempt>;
	/** What lets this host pull jobs, by endpoint: it came with the order to start a worker. */
	readonly permits: Map<string, string>;
	/** GPUs that no worker gets any more, by index, with the reason. */
	readonly gpuFaults: Map<number, string>;
	/** The same by the operator's order, who may let them back in. */
	readonly quarantined: Map<number, string>;
	/** The operator's order: no new jobs, no new workers. */
	draining: boolean;
	/** Why the host keeps its hands off jobs, or null. */
	fenced: string | null;
}

/** Every GPU that no worker gets, with the reason: a fault weighs more than an order. */
export function gpusOut({ gpuFaults, quarantined }: Pick<Host, 'gpuFaults' | 'quarantined'>): Map<number, string> {
	return new Map([...[...quarantined].map(([gpu, reason]) => [gpu, `quarantined by the operator: ${reason}`] as const), ...gpuFaults]);
}

/** True while the host as a whole may take jobs. */
export function hostAcceptsJobs(host: Host): boolean {
	return !host.draining && host.fenced === null;
}

/** True when some worker of the endpoint here may be given jobs. */
export function hasWorkerFor(host: Host, endpointId: string): boolean {
	for (const worker of host.workers.values()) if (worker.endpointId === endpointId && acceptsJobs(worker)) return true;
	return false;
}
