/** The workers of a host: started on free GPUs, drained, ended, and what follows when one exits. */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import type { HostCommand } from '@longshore/shared-schema/wire/bus';
import { type HttpPorts, healthPathOf, wantsHealthPort } from '../core/http-ports.ts';
import { startMeter } from '../core/meter.ts';
import { chooseGpus } from '../core/slots.ts';
import { workerEnv } from '../core/worker-env.ts';
import type { LogStore } from '../logs/log-store.ts';
import type { WorkerLog } from '../logs/worker-log.ts';
import { freePorts } from '../runtime/free-ports.ts';
import { type RunningWorker, type Runtime, type WorkerExit, WorkerStartError } from '../runtime/runtime.ts';
import { createDeadlines, type Deadlines } from './deadlines.ts';
import { watchHealth } from './health-watch.ts';
import type { Host } from './host.ts';
import { startingProcess } from './starting-process.ts';
import { type Attempt, meterWorker, occupancy, onlyJob, type Worker } from './worker.ts';
import { type FileSources, gatherFiles, type WorkerFiles } from './worker-files.ts';

/** Time between pings. The SDK counts in whole seconds and its ping process dies of 0; several must fit `LONGSHORE_KILL_GRACE_MS`, because they tell whether a job was stopped. */
const PING_INTERVAL_MS = 1_000;
/** A start that takes longer is answered for as begun: the region shall not wait for an image. */
const START_ANSWER_MS = 2_000;
/** Lines of a lost worker that go into the reason. Characters. */
const REASON_LOG_CHARS = 1_500;

export interface FleetParts {
	readonly host: Host;
	readonly runtime: Runtime;
	readonly files: FileSources;
	readonly logs: LogStore;
	readonly bridgeUrl: string;
	newKey(): string;
	readonly agentEnv: Readonly<Record<string, string | undefined>>;
	lose(attempt: Attempt, worker: Worker, reason: string): void;
	/** `agoMs`: how long the process has been gone. */
	exited(worker: Worker, agoMs: number): void;
	changed(): void;
}

export type StartOrder = Extract<HostCommand, { readonly op: 'start-worker' }>;

export interface Fleet {
	/**
	 * Idempotent by worker id. Resolves when the worker runs, or is well on its way to: one that fails later is reported as exited.
	 * Throws `WorkerStartError`.
	 */
	start(order: StartOrder): Promise<void>;
	/** No more jobs; ends when those in hand have. */
	drain(worker: Worker): void;
	/** Ends the worker now: SIGTERM, after `graceMs` SIGKILL. */
	end(worker: Worker, graceMs: number, reason: string): void;
	/** Like `end`, and shortens the time of a worker that is ending already. */
	hurry(worker: Worker, graceMs: number, reason: string): void;
	/** A drained worker may have become empty. */
	jobEnded(worker: Worker): void;
	freeGpus(): number;
	/** The GPU is faulty: nobody gets it any more, and who has it ends. */
	gpuFailed(gpu: number, reason: string): void;
	/** Ends all workers; resolves when they are gone. */
	endAll(graceMs: number): Promise<void>;
	killAll(): void;
}

/** The fleet of one host, empty at first. */
export function createFleet(parts: FleetParts): Fleet {
	return new HostFleet(parts);
}

/** What a start is given on this host. */
interface Launch {
	readonly gpus: readonly number[];
	readonly key: string;
	readonly http: HttpPorts | null;
	readonly log: WorkerLog;
	readonly signal: AbortSignal;
}

class HostFleet implements Fleet {
	readonly #parts: FleetParts;
	readonly #host: Host;
	readonly #starting = new Map<string, { readonly gpus: readonly number[]; readonly done: Promise<void> }>();
	readonly #exits = new Map<string, Promise<void>>();
	readonly #killTimes: Deadlines;

	constructor(parts: FleetParts) {
		this.#parts = parts;
		this.#host = parts.host;
		this.#killTimes = createDeadlines(parts.host.clock, (workerId) => this.#host.workers.get(workerId)?.process.kill());
	}

	async start(order: StartOrder): Promise<void> {
		const { workerId, spec } = order;
		if (this.#host.workers.has(workerId)) return;
		const already = this.#starting.get(workerId);
		if (already !== undefined) return already.done;
		if (this.#host.draining) throw new WorkerStartError('this host drains and starts no workers');
		if (this.#host.fenced !== null) throw new WorkerStartError(`this host is fenced off: ${this.#host.fenced}`);
		const total = this.#host.inventory.gpus - this.#host.gpuFaults.size;
		const gpus = chooseGpus(this.#host.inventory.gpus, this.#heldGpus(), spec.gpuCount);
		if (gpus === null) throw new WorkerStartError(`the worker needs ${spec.gpuCount} GPUs, ${this.freeGpus()} of ${total} are free`);
		const done = this.#launch(order, gpus).finally(() => this.#starting.delete(workerId));
		this.#starting.set(workerId, { gpus, done });
		await done;
		this.#parts.changed();
	}

	drain(worker: Worker): void {
		if (worker.draining) return;
		worker.draining = true;
		releasePolls(worker);
		if (occupancy(worker) === 0) this.end(worker, this.#host.timers.stopGraceMs, 'drained');
		this.#parts.changed();
	}

	end(worker: Worker, graceMs: number, reason: string): void {
		if (worker.exit !== null || worker.terminating) return;
		this.#host.log.info('ending worker', { workerId: worker.id, reason });
		worker.log.note(`ending: ${reason}`);
		worker.draining = true;
		worker.terminating = true;
		releasePolls(worker);
		worker.process.terminate();
		this.#killTimes.start(worker.id, graceMs);
		this.#parts.changed();
	}

	hurry(worker: Worker, graceMs: number, reason: string): void {
		if (!worker.terminating) this.end(worker, graceMs, reason);
		else if (worker.exit === null) this.#killTimes.start(worker.id, graceMs);
	}

	jobEnded(worker: Worker): void {
		meterWorker(worker, this.#host.clock.nowMs());
		if (occupancy(worker) > 0) return;
		worker.idleSinceMs = this.#host.clock.nowMs();
		if (worker.draining) this.end(worker, this.#host.timers.stopGraceMs, 'drained');
	}

	freeGpus(): number {
		return this.#host.inventory.gpus - this.#heldGpus().size;
	}

	gpuFailed(gpu: number, reason: string): void {
		const { gpuFaults, log, workers, timers } = this.#host;
		if (gpuFaults.has(gpu)) return;
		gpuFaults.set(gpu, reason);
		log.error('a GPU is taken out', { gpu, reason });
		for (const worker of workers.values()) if (worker.gpus.includes(gpu)) this.hurry(worker, timers.killGraceMs, `GPU ${gpu} failed: ${reason}`);
		this.#parts.changed();
	}

	async endAll(graceMs: number): Promise<void> {
		await Promise.allSettled([...this.#starting.values()].map((entry) => entry.done));
		for (const worker of this.#host.workers.values()) {
			// A worker of jobs ends what it has in hand when it is asked to end; an app that takes requests may not.
			if (worker.requests > 0) this.#endWithin(worker, graceMs);
			else this.end(worker, graceMs, 'the agent stops');
		}
		await Promise.all(this.#exits.values());
		this.#killTimes.close();
	}

	#endWithin(worker: Worker, graceMs: number): void {
		this.drain(worker);
		setTimeout(() => this.end(worker, this.#host.timers.killGraceMs, 'the agent stops'), graceMs).unref();
	}

	killAll(): void {
		for (const worker of this.#host.workers.values()) worker.process.kill();
	}

	#heldGpus(): Set<number> {
		// Nobody holds a faulty one, and nobody gets it.
		const held = new Set<number>(this.#host.gpuFaults.keys());
		for (const worker of this.#host.workers.values()) if (worker.exit === null) for (const gpu of worker.gpus) held.add(gpu);
		for (const { gpus } of this.#starting.values()) for (const gpu of gpus) held.add(gpu);
		return held;
	}

	async #launch(order: StartOrder, gpus: readonly number[]): Promise<void> {
		const { workerId, endpointId, version, spec } = order;
		const { logs, newKey } = this.#parts;
		const { id: hostId, clock, timers, workers, log } = this.#host;
		const key = newKey();
		const startedAtMs = clock.nowMs();
		const http = spec.type === 'LOAD_BALANCER' ? await httpPorts(spec) : null;
		const workerLog = logs.open(endpointId, workerId, key, () => onlyJob(workers.get(workerId)));
		workerLog.note(`starting version ${version} on ${hostId}${gpus.length === 0 ? '' : `, GPU ${gpus.join(', ')}`}`);
		const given = { id: workerId, endpointId, version, spec, key, gpus, startedAtMs, http, log: workerLog };
		const abort = new AbortController();
		const running = this.#run(order, { gpus, key, http, log: workerLog, signal: abort.signal }).catch((error: Error) => {
			workerLog.note(`cannot start: ${error.message}`);
			throw error;
		});
		const process = await Promise.race([running, later(START_ANSWER_MS)]).catch((error: Error) => {
			workerLog.close();
			throw error;
		});
		if (process !== null) return this.#enlist(newWorker({ ...given, meter: startMeter(clock.nowMs()), preparing: null, process }));
		// What it waits for is the host's: its time counts from when it runs.
		const waiting = { meter: startMeter(clock.nowMs(), 'waiting'), preparing: 'its image or model is on the way to the host' };
		const worker = newWorker({ ...given, ...waiting, process: startingProcess(running, abort) });
		running.then(
			(started) => {
				worker.process = started;
				worker.preparing = null;
				meterWorker(worker, clock.nowMs());
				this.#watch(worker);
				this.#parts.changed();
				log.info('worker runs', { workerId, endpointId, pid: started.pid });
				if (worker.terminating) this.#killTimes.start(workerId, timers.killGraceMs);
			},
			(error: Error) => log.warn('worker cannot start', { workerId, endpointId, error: error.message }),
		);
		this.#enlist(worker);
	}

	async #run(order: StartOrder, launch: Launch): Promise<RunningWorker> {
		const { log, signal } = launch;
		const note = (text: string): void => {
			log.note(text);
			const worker = this.#host.workers.get(order.workerId);
			if (worker !== undefined && worker.preparing !== null) worker.preparing = text;
		};
		const files = await gatherFiles(this.#host, this.#parts.files, order, note, signal);
		try {
			const running = await this.#runWith(files, order, launch);
			void running.exited.then(files.release);
			return running;
		} catch (error) {
			files.release();
			throw error;
		}
	}

	#runWith({ model, volume }: WorkerFiles, order: StartOrder, { gpus, key, http, log, signal }: Launch): Promise<RunningWorker> {
		const { workerId, endpointId, spec, registryAuth } = order;
		const { runtime, bridgeUrl, agentEnv } = this.#parts;
		const { id: hostId, dataCenterId, inventory } = this.#host;
		const gpuUuids = gpus.flatMap((index) => inventory.uuids?.[index] ?? []);
		const facts = { workerId, endpointId, key, http, dataCenterId, hostId, gpuType: inventory.gpuType, gpus, gpuUuids, spec, pingIntervalMs: PING_INTERVAL_MS, agentEnv };
		return runtime.start({
			workerId,
			endpointId,
			spec,
			gpuUuids,
			...(registryAuth === undefined ? {} : { registryAuth }),
			...(volume === undefined ? {} : { volume }),
			...(model === undefined ? {} : { model }),
			env: ({ volumePath, hubPath, ...place }) =>
				workerEnv({
					...facts,
					...place,
					bridgeUrl: place.bridgeUrl ?? bridgeUrl,
					...(volume === undefined || volumePath === undefined ? {} : { volume: { id: volume.id, path: volumePath } }),
					...(model === undefined || hubPath === undefined ? {} : { model: { ...model, hubPath } }),
				}),
			http,
			log,
			signal,
		});
	}

	#enlist(worker: Worker): void {
		const { workers, log, fenced, timers } = this.#host;
		const { id: workerId, endpointId, version, gpus, process } = worker;
		workers.set(workerId, worker);
		this.#exits.set(
			workerId,
			process.exited.then((exit) => this.#onExit(worker, exit)),
		);
		log.info('worker started', { workerId, endpointId, version, pid: process.pid, gpus });
		if (worker.preparing === null) this.#watch(worker);
		if (fenced !== null) this.hurry(worker, timers.killGraceMs, fenced);
	}

	/** From when it runs: what its host brings before takes as long as it takes. */
	#watch(worker: Worker): void {
		if (worker.http === null) return;
		const end = (sick: Worker, reason: string): void => this.end(sick, this.#host.timers.killGraceMs, reason);
		watchHealth({ host: this.#host, changed: () => this.#healthChanged(worker), end }, worker, worker.http);
	}

	#healthChanged(worker: Worker): void {
		meterWorker(worker, this.#host.clock.nowMs());
		this.#parts.changed();
	}

	#onExit(worker: Worker, exit: WorkerExit): void {
		worker.exit = exit;
		this.#killTimes.clear(worker.id);
		const how = describeExit(exit);
		this.#host.log[worker.terminating ? 'info' : 'warn']('worker exited', { workerId: worker.id, endpointId: worker.endpointId, how, asked: worker.terminating });
		worker.log.note(how);
		worker.log.close();
		this.#parts.logs.tidy();
		const lastLog = worker.log.tail(REASON_LOG_CHARS);
		for (const attempt of [...worker.jobs.values()]) {
			// A job whose answer is still being written comes back by way of its connection.
			if (attempt.state === 'running') this.#parts.lose(attempt, worker, `worker ${worker.id} ${how}${lastLog === '' ? '' : `; its last lines:\n${lastLog}`}`);
		}
		worker.stopping.clear();
		this.#exits.delete(worker.id);
		this.#parts.exited(worker, exit.agoMs ?? 0);
	}
}

async function httpPorts({ env }: EndpointSpec): Promise<HttpPorts> {
	const [port = 0, healthPort = port] = await freePorts(wantsHealthPort(env) ? 2 : 1);
	return { port, healthPort, healthPath: healthPathOf(env) };
}

/** Held polls would keep a worker that is asked to end from ending. */
function releasePolls(worker: Worker): void {
	for (const take of [...worker.takes]) take.release();
	for (const poll of [...worker.stopPolls]) poll.release();
}

type NewWorker = Pick<Worker, 'id' | 'endpointId' | 'version' | 'spec' | 'key' | 'gpus' | 'startedAtMs' | 'process' | 'http' | 'log' | 'meter' | 'preparing'>;

function newWorker(given: NewWorker): Worker {
	return {
		...given,
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
		idleSinceMs: given.startedAtMs,
	};
}

/** `exited with code 1`, `was ended by SIGKILL (out of memory)`. */
export function describeExit(exit: WorkerExit): string {
	if (exit.code === null && exit.signal === null) return `ended: ${exit.cause ?? 'nobody knows how'}`;
	const how = exit.signal === null ? `exited with code ${exit.code}` : `was ended by ${exit.signal}`;
	return exit.cause === undefined ? how : `${how} (${exit.cause})`;
}

/** Null after `ms`. */
function later(ms: number): Promise<null> {
	return new Promise((resolve) => setTimeout(() => resolve(null), ms).unref());
}
