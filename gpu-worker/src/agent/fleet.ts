/** The workers of a host: started on free GPUs, drained, ended, and what follows when one exits. */
import { FROZEN_WORKERS_MAX } from '@longshore/shared-schema/limits';
import type { FrozenReport, HostCommand } from '@longshore/shared-schema/wire/bus';
import { canThaw, type FreezeBudget } from '../core/frozen.ts';
import { type Meter, resumeMeter, startMeter } from '../core/meter.ts';
import { chooseGpus } from '../core/slots.ts';
import { noteStart } from '../core/start-figures.ts';
import type { GpuMemory } from '../gpu/gpu-memory.ts';
import type { LogStore } from '../logs/log-store.ts';
import type { PortPool } from '../runtime/port-pool.ts';
import { type RunningWorker, type Runtime, type WorkerExit, WorkerStartError } from '../runtime/runtime.ts';
import { createDeadlines, type Deadlines } from './deadlines.ts';
import { describeExit } from './describe-exit.ts';
import { createFreezer, type Freezer } from './freezer.ts';
import { watchHealth } from './health-watch.ts';
import { gpusOut, type Host } from './host.ts';
import { httpPorts } from './http-ports.ts';
import { newWorker } from './new-worker.ts';
import { type Launch, runWorker } from './run-worker.ts';
import { startingProcess } from './starting-process.ts';
import { createWaking, type Waking } from './waking.ts';
import { type Attempt, meterWorker, noteReady, occupancy, onlyJob, releasePolls, type Worker } from './worker.ts';
import { type FileSources, gatherFiles } from './worker-files.ts';

/** A start that takes longer is answered for as begun: the region shall not wait for an image. */
const START_ANSWER_MS = 2_000;
/** Lines of a lost worker that go into the reason. Characters. */
const REASON_LOG_CHARS = 1_500;

export interface FleetParts {
	readonly host: Host;
	readonly runtime: Runtime;
	readonly files: FileSources;
	readonly logs: LogStore;
	readonly portPool: PortPool;
	readonly bridgeUrl: string;
	newKey(): string;
	readonly agentEnv: Readonly<Record<string, string | undefined>>;
	readonly gpuMemory: GpuMemory;
	readonly freezeBudget: FreezeBudget;
	hostMemory(): { readonly availableBytes: number; readonly totalBytes: number };
	/** The worker was frozen: its time counts no more; it does again. */
	frozen(worker: Worker): void;
	thawing(worker: Worker): void;
	lose(attempt: Attempt, worker: Worker, reason: string): void;
	/** `agoMs`: how long the process has been gone. */
	exited(worker: Worker, agoMs: number): void;
	changed(): void;
}

export type StartOrder = Extract<HostCommand, { readonly op: 'start-worker' }>;

export interface Fleet {
	/**
	 * Idempotent by worker id. Resolves when the worker runs, or is well on its way to: one that fails later is reported as exited.
	 * Throws `WorkerStartError`; of these, `NotFrozenError` when there is nobody to thaw.
	 */
	start(order: StartOrder): Promise<void>;
	/** No more jobs; ends when those in hand have, or is frozen then. */
	drain(worker: Worker, isToFreeze?: boolean): void;
	/** The worker has shown that it can be given work. */
	ready(worker: Worker): void;
	/** Ends frozen workers; left out: all. */
	evict(reason: string, ids?: readonly string[]): void;
	frozen(): FrozenReport[];
	/** Ends the worker now: SIGTERM, after `graceMs` SIGKILL. */
	end(worker: Worker, graceMs: number, reason: string): void;
	/** Like `end`, and shortens the time of a worker that is ending already. */
	hurry(worker: Worker, graceMs: number, reason: string): void;
	/** A drained worker may have become empty. */
	jobEnded(worker: Worker): void;
	freeGpus(): number;
	/** The operator's order: nobody gets the GPU, and who has it goes when its jobs have ended; without a reason it is as before. */
	quarantine(gpu: number, reason: string | null): void;
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

/** What a fresh start takes over from a worker of the same id that did not thaw. */
type Before = Pick<Worker, 'log' | 'meter' | 'key' | 'openPorts'>;

class HostFleet implements Fleet {
	readonly #parts: FleetParts;
	readonly #host: Host;
	readonly #starting = new Map<string, { readonly gpus: readonly number[]; readonly done: Promise<void> }>();
	readonly #exits = new Map<string, Promise<void>>();
	readonly #killTimes: Deadlines;
	readonly #freezer: Freezer;
	readonly #waking: Waking;

	constructor(parts: FleetParts) {
		this.#parts = parts;
		this.#host = parts.host;
		const { freezeBudget: budget } = parts;
		this.#freezer = createFreezer({ ...parts, budget, hostMemory: () => parts.hostMemory(), end: (worker, reason) => this.end(worker, parts.host.timers.stopGraceMs, reason) });
		this.#waking = createWaking({
			host: parts.host,
			freezer: this.#freezer,
			fleet: this,
			launch: (order, worker) => this.#launch(order, worker.gpus, worker),
			gone: (worker, exit) => this.#onExit(worker, exit),
			thawing: (worker) => {
				this.#watch(worker);
				parts.changed();
			},
		});
		this.#killTimes = createDeadlines(parts.host.clock, (workerId) => this.#host.workers.get(workerId)?.process.kill());
	}

	async start(order: StartOrder): Promise<void> {
		const { workerId, spec } = order;
		if (order.permit !== undefined) this.#host.permits.set(order.endpointId, order.permit);
		if (this.#host.workers.has(workerId)) return;
		const already = this.#starting.get(workerId);
		if (already !== undefined) return already.done;
		if (this.#host.draining) throw new WorkerStartError('this host drains and starts no workers');
		if (this.#host.fenced !== null) throw new WorkerStartError(`this host is fenced off: ${this.#host.fenced}`);
		if (order.thaw === true) {
			await Promise.race([this.#waking.wake(order, this.#heldGpus()), later(START_ANSWER_MS)]);
			return;
		}
		const total = this.#host.inventory.gpus - gpusOut(this.#host).size;
		const chosen = chooseGpus(this.#host.inventory.gpus, this.#heldGpus(), spec.gpuCount, [...this.#host.frozen.values()]);
		if (chosen === null) throw new WorkerStartError(`the worker needs ${spec.gpuCount} GPUs, ${this.freeGpus()} of ${total} are free`);
		const { gpus, evict } = chosen;
		const room = this.#freezer.evict(evict, 'its GPUs are needed');
		const done = room.then(() => this.#launch(order, gpus)).finally(() => this.#starting.delete(workerId));
		this.#starting.set(workerId, { gpus, done });
		await done;
		this.#parts.changed();
	}

	drain(worker: Worker, isToFreeze = false): void {
		if (worker.draining && (isToFreeze || !worker.isToFreeze)) return;
		worker.draining = true;
		worker.isToFreeze = isToFreeze;
		// One that is to be frozen keeps its polls: it would ask again, and again.
		if (!isToFreeze) releasePolls(worker);
		if (occupancy(worker) === 0) this.#emptied(worker);
		this.#parts.changed();
	}

	ready(worker: Worker): void {
		if (!noteReady(worker, this.#host.clock.nowMs())) return;
		this.#host.starts = noteStart(this.#host.starts, worker.startKind, worker.readyMs ?? 0);
		this.#freezer.spoke(worker);
		this.#parts.changed();
	}

	evict(reason: string, ids: readonly string[] = [...this.#host.frozen.keys()]): void {
		void this.#freezer.evict(ids, reason);
	}

	frozen(): FrozenReport[] {
		const held = this.#heldGpus();
		const nowMs = this.#host.clock.nowMs();
		return [...this.#host.frozen.values()].slice(0, FROZEN_WORKERS_MAX).map((kept) => ({
			id: kept.id,
			endpointId: kept.worker.endpointId,
			version: kept.worker.version,
			ready: canThaw(kept, held),
			frozenAgoMs: Math.max(0, Math.round(nowMs - kept.frozenAtMs)),
			memoryBytes: kept.memoryBytes,
			gpuMemoryBytes: kept.gpuMemoryBytes,
		}));
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
		if (worker.draining) this.#emptied(worker);
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
		this.#evictFrom(gpu, `GPU ${gpu} failed: ${reason}`);
		this.#parts.changed();
	}

	quarantine(gpu: number, reason: string | null): void {
		const { quarantined, log, workers } = this.#host;
		if (reason === null) quarantined.delete(gpu);
		else quarantined.set(gpu, reason);
		log.info(reason === null ? 'a GPU is let back in' : 'a GPU is taken out by the operator', { gpu, reason });
		if (reason !== null) {
			for (const worker of workers.values()) if (worker.gpus.includes(gpu)) this.drain(worker);
			this.#evictFrom(gpu, `GPU ${gpu} is quarantined: ${reason}`);
		}
		this.#parts.changed();
	}

	/** What was frozen with the GPU. */
	#evictFrom(gpu: number, reason: string): void {
		const frozen = [...this.#host.frozen.values()].filter(({ gpus }) => gpus.includes(gpu));
		this.evict(
			reason,
			frozen.map(({ id }) => id),
		);
	}

	async endAll(graceMs: number): Promise<void> {
		this.#freezer.close();
		this.evict('the agent stops');
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

	#emptied(worker: Worker): void {
		if (worker.stage === 'freezing' && worker.isToFreeze) return;
		const { draining, fenced, timers } = this.#host;
		const isKept = worker.isToFreeze && !draining && fenced === null && worker.exit === null && worker.unhealthyReason === null && worker.readyMs !== null;
		if (isKept && !worker.terminating) void this.#freezer.freeze(worker);
		else this.end(worker, timers.stopGraceMs, 'drained');
	}

	killAll(): void {
		for (const worker of this.#host.workers.values()) worker.process.kill();
	}

	#heldGpus(): Set<number> {
		// Those that are out: nobody gets one.
		const held = new Set<number>(gpusOut(this.#host).keys());
		for (const worker of this.#host.workers.values()) if (worker.exit === null) for (const gpu of worker.gpus) held.add(gpu);
		for (const { gpus } of this.#starting.values()) for (const gpu of gpus) held.add(gpu);
		return held;
	}

	async #launch(order: StartOrder, gpus: readonly number[], before: Before | null = null): Promise<void> {
		const { workerId, endpointId, version, spec } = order;
		const { logs, newKey, portPool } = this.#parts;
		const { id: hostId, clock, timers, workers, log } = this.#host;
		const key = before?.key ?? newKey();
		const startedAtMs = clock.nowMs();
		const http = spec.type === 'LOAD_BALANCER' ? await httpPorts(spec) : null;
		const openPorts = before?.openPorts ?? (await portPool.take(spec.ports));
		const workerLog = before?.log ?? logs.open(endpointId, workerId, key, () => onlyJob(workers.get(workerId)));
		workerLog.note(`starting version ${version} on ${hostId}${gpus.length === 0 ? '' : `, GPU ${gpus.join(', ')}`}`);
		const given = { id: workerId, endpointId, version, spec, key, gpus, startedAtMs, http, openPorts, log: workerLog };
		const meterFrom = (state: 'waiting' | 'starting'): Meter => (before === null ? startMeter(clock.nowMs(), state) : resumeMeter(before.meter, clock.nowMs(), state));
		const abort = new AbortController();
		const running = this.#run(order, { gpus, key, http, openPorts, log: workerLog, signal: abort.signal }).catch((error: Error) => {
			workerLog.note(`cannot start: ${error.message}`);
			throw error;
		});
		const process = await Promise.race([running, later(START_ANSWER_MS)]).catch((error: Error) => {
			workerLog.close();
			portPool.giveBack(openPorts);
			throw error;
		});
		if (process !== null) return this.#enlist(newWorker({ ...given, meter: meterFrom('starting'), preparing: null, process }));
		// What it waits for is the host's: its time counts from when it runs.
		const waiting = { meter: meterFrom('waiting'), preparing: 'its image or model is on the way to the host' };
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
		const preparing = (text: string): void => {
			const worker = this.#host.workers.get(order.workerId);
			if (worker === undefined || worker.preparing === null) return;
			worker.preparing = text;
			this.#parts.changed();
		};
		const note = (text: string): void => {
			log.note(text);
			preparing(text);
		};
		const files = await gatherFiles(this.#host, this.#parts.files, order, note, signal);
		try {
			const running = await runWorker({ ...this.#parts, host: this.#host, preparing }, files, order, launch);
			void running.exited.then(files.release);
			return running;
		} catch (error) {
			files.release();
			throw error;
		}
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
		if (worker.contacted && worker.unhealthyReason === null) this.ready(worker);
		this.#parts.changed();
	}

	#onExit(worker: Worker, exit: WorkerExit): void {
		// Whoever is waking it sees that too, and starts it afresh.
		if (worker.stage === 'thawing' && !worker.terminating) return;
		const how = describeExit(exit);
		this.#parts.portPool.giveBack(worker.openPorts);
		if (worker.stage === 'frozen') {
			this.#exits.delete(worker.id);
			this.#freezer.exited(worker, exit, how);
			worker.log.close();
			this.#parts.logs.tidy();
			return;
		}
		worker.exit = exit;
		this.#killTimes.clear(worker.id);
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

/** Null after `ms`. */
function later(ms: number): Promise<null> {
	return new Promise((resolve) => setTimeout(() => resolve(null), ms).unref());
}
