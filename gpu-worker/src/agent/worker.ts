/** A worker and the attempts in its hand, as the agent's parts share them. */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import type { StartKind } from '@longshore/shared-schema/wire/bus';
import type { OpenPort } from '@longshore/shared-schema/wire/open-port';
import type { DispatchedJob } from '@longshore/shared-schema/wire/region';
import type { HttpPorts } from '../core/http-ports.ts';
import { advanceMeter, type Meter } from '../core/meter.ts';
import type { WorkerLog } from '../logs/worker-log.ts';
import type { RunningWorker, WorkerExit } from '../runtime/runtime.ts';

/** One attempt on this host, from its arrival to the edge's verdict on its end. */
export interface Attempt {
	readonly job: DispatchedJob;
	/** `<job>.<epoch>`. */
	readonly key: string;
	/** The host boot that runs it. */
	readonly hostBoot: string;
	/** `waiting` for a worker, `handing` while the answer to a take is being written, `running`, or `ended` with its result on the way to the edge. */
	state: 'waiting' | 'handing' | 'running' | 'ended';
	workerId: string;
	startedAtMs: number;
	chunks: number;
	progresses: number;
}

/** An open long poll of a worker for jobs. */
export interface Take {
	readonly worker: Worker;
	readonly room: number;
	readonly openedAtMs: number;
	/** Answers with jobs. `done(true)` once the answer is with the system's network, `done(false)` when the worker had gone. */
	deliver(payloads: readonly Uint8Array[], done: (delivered: boolean) => void): void;
	/** Answers that there are none. */
	release(): void;
}

/** An open long poll of a worker for jobs to stop. */
export interface StopPoll {
	readonly worker: Worker;
	deliver(jobIds: readonly string[], done: (delivered: boolean) => void): void;
	release(): void;
}

/** An order to stop a job: when it was given, and whether a poll has brought it to the worker. */
export interface StopOrder {
	readonly atMs: number;
	carried: boolean;
}

export interface Worker {
	readonly id: string;
	readonly endpointId: string;
	readonly version: number;
	readonly spec: EndpointSpec;
	/** What it must present at the bridge. */
	readonly key: string;
	readonly gpus: readonly number[];
	/** Of its process, or of its last thaw. */
	startedAtMs: number;
	/** How it came to life, and how long that took until it could be given work; null: it cannot yet. */
	startKind: StartKind;
	readyMs: number | null;
	/** It was given a job since its start: the next one finds it warm. */
	hasServed: boolean;
	/** FlashBoot: held still on its way to the frozen ones, one of them, or on its way back and not yet heard. `up`: none of it. */
	stage: 'up' | 'freezing' | 'frozen' | 'thawing';
	/** Frozen rather than ended when its jobs have. */
	isToFreeze: boolean;
	process: RunningWorker;
	/** Where a load-balanced worker listens; null: it takes jobs. */
	readonly http: HttpPorts | null;
	/** Where its exposed ports are reached. */
	readonly openPorts: readonly OpenPort[];
	/** Load-balanced requests in hand, and sockets through which something passes. */
	requests: number;
	/** What it prints, and what its host says of it. */
	readonly log: WorkerLog;
	/** What the host still has to bring before it can run, in words; null: it runs, or has ended. */
	preparing: string | null;
	/** It has taken or pinged; a load-balanced one is past its initialization. */
	contacted: boolean;
	/** Its own report, or null. */
	unhealthyReason: string | null;
	/** Gets no more jobs. */
	draining: boolean;
	/** SIGTERM is out. */
	terminating: boolean;
	exit: WorkerExit | null;
	/** By job id. */
	readonly jobs: Map<string, Attempt>;
	/** Jobs that it is to stop and may still be running. */
	readonly stopping: Map<string, StopOrder>;
	/** Those of `stopping` that the next stop poll carries. */
	readonly stopOrders: Set<string>;
	/** Ids of jobs that ended here, newest last, so that a repeated result is recognised. */
	readonly finished: Set<string>;
	readonly takes: Set<Take>;
	readonly stopPolls: Set<StopPoll>;
	/** Cut open tunnels to it: sockets through which nothing passes outlast its requests. */
	readonly tunnels: Set<() => void>;
	idleSinceMs: number;
	/** What its time went into. */
	meter: Meter;
}

/** Ended jobs that a worker's record keeps. */
const FINISHED_MAX = 1_000;

/** `<job>.<epoch>`, the name of an attempt. */
export function attemptKey(id: string, epoch: number): string {
	return `${id}.${epoch}`;
}

/** Notes that job `jobId` has ended on `worker`. */
export function noteFinished(worker: Worker, jobId: string): void {
	worker.finished.delete(jobId);
	worker.finished.add(jobId);
	if (worker.finished.size <= FINISHED_MAX) return;
	for (const oldest of worker.finished) {
		worker.finished.delete(oldest);
		break;
	}
}

/** Jobs and requests that occupy the worker. */
export function occupancy(worker: Worker): number {
	return worker.jobs.size + worker.stopping.size + worker.requests;
}

/** The only job that the worker has in hand; null when it has none or several. */
export function onlyJob(worker: Worker | undefined): string | null {
	if (worker === undefined || worker.jobs.size + worker.stopping.size !== 1) return null;
	for (const jobId of [...worker.jobs.keys(), ...worker.stopping.keys()]) return jobId;
	return null;
}

/** Held polls would keep a worker that is asked to end from ending. */
export function releasePolls(worker: Worker): void {
	for (const take of [...worker.takes]) take.release();
	for (const poll of [...worker.stopPolls]) poll.release();
}

/** True while the worker may be given jobs. */
export function acceptsJobs(worker: Worker): boolean {
	return !worker.draining && worker.exit === null && worker.unhealthyReason === null;
}

/** The worker has shown that it can be given work. True when that is news. */
export function noteReady(worker: Worker, nowMs: number): boolean {
	if (worker.readyMs !== null) return false;
	worker.readyMs = Math.max(0, nowMs - worker.startedAtMs);
	return true;
}

/** Books the worker's time so far, and what it is at from now on. To be called whenever that changes. */
export function meterWorker(worker: Worker, nowMs: number): void {
	const state = worker.preparing !== null ? 'waiting' : occupancy(worker) > 0 ? 'running' : worker.contacted ? 'idle' : 'starting';
	worker.meter = advanceMeter(worker.meter, state, nowMs);
}

/** The port of a load-balanced worker that may be given requests, or null. */
export function requestPort(worker: Worker | undefined): number | null {
	if (worker === undefined || worker.http === null || !worker.contacted || !acceptsJobs(worker)) return null;
	return worker.http.port;
}
