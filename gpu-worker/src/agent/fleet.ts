/** The workers of a host: started on free GPUs, drained, ended, and what follows when one exits. */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { chooseGpus } from '../core/slots.ts';
import { workerEnv } from '../core/worker-env.ts';
import { type Runtime, type WorkerExit, WorkerStartError } from '../runtime/runtime.ts';
import { createDeadlines } from './deadlines.ts';
import type { Host } from './host.ts';
import { type Attempt, occupancy, type Worker } from './worker.ts';

/** Live pings come every 4 s on RunPod; a bit less tells in time whether a job was stopped (`LONGSHORE_KILL_GRACE_MS`). */
const PING_INTERVAL_MS = 2_500;
/** Lines of a lost worker that go into the reason. Characters. */
const REASON_LOG_CHARS = 1_500;

export interface FleetParts {
	readonly host: Host;
	readonly runtime: Runtime;
	readonly bridgeUrl: string;
	newKey(): string;
	readonly agentEnv: Readonly<Record<string, string | undefined>>;
	lose(attempt: Attempt, worker: Worker, reason: string): void;
	exited(worker: Worker): void;
	changed(): void;
}

export interface Fleet {
	/** Idempotent by worker id. Throws `WorkerStartError`. */
	start(workerId: string, endpointId: string, version: number, spec: EndpointSpec): Promise<void>;
	/** No more jobs; ends when those in hand have. */
	drain(worker: Worker): void;
	/** Ends the worker now: SIGTERM, after `graceMs` SIGKILL. */
	end(worker: Worker, graceMs: number, reason: string): void;
	/** A drained worker may have become empty. */
	jobEnded(worker: Worker): void;
	freeGpus(): number;
	/** Ends all workers; resolves when they are gone. */
	endAll(graceMs: number): Promise<void>;
	killAll(): void;
}

/** The fleet of one host, empty at first. */
export function createFleet(parts: FleetParts): Fleet {
	const { host, runtime } = parts;
	const starting = new Map<string, Promise<void>>();
	const exits = new Map<string, Promise<void>>();
	const heldByStarting = new Map<string, readonly number[]>();
	const killTimes = createDeadlines(host.clock, (workerId) => host.workers.get(workerId)?.process.kill());

	const heldGpus = (): Set<number> => {
		const held = new Set<number>();
		for (const worker of host.workers.values()) for (const gpu of worker.gpus) held.add(gpu);
		for (const gpus of heldByStarting.values()) for (const gpu of gpus) held.add(gpu);
		return held;
	};
	const start = async (workerId: string, endpointId: string, version: number, spec: EndpointSpec): Promise<void> => {
		if (host.draining) throw new WorkerStartError('this host drains and starts no workers');
		if (spec.type !== 'QUEUE') throw new WorkerStartError(`this host runs workers of QUEUE endpoints only, not of ${spec.type}`);
		const gpus = chooseGpus(host.inventory.gpus, heldGpus(), spec.gpuCount);
		if (gpus === null) throw new WorkerStartError(`the worker needs ${spec.gpuCount} GPUs, ${host.inventory.gpus - heldGpus().size} of ${host.inventory.gpus} are free`);
		heldByStarting.set(workerId, gpus);
		const key = parts.newKey();
		const { id: hostId, dataCenterId, inventory } = host;
		const facts = {
			workerId,
			endpointId,
			key,
			bridgeUrl: parts.bridgeUrl,
			dataCenterId,
			hostId,
			gpuType: inventory.gpuType,
			gpus,
			spec,
			pingIntervalMs: PING_INTERVAL_MS,
			agentEnv: parts.agentEnv,
		};
		try {
			const startedAtMs = host.clock.nowMs();
			const process = await runtime.start({ workerId, spec, env: (tempDir) => workerEnv({ ...facts, tempDir }) });
			const worker = newWorker({ id: workerId, endpointId, version, spec, key, gpus, startedAtMs, process });
			host.workers.set(workerId, worker);
			exits.set(
				workerId,
				process.exited.then((exit) => onExit(worker, exit)),
			);
			host.log.info('worker started', { workerId, endpointId, version, pid: process.pid, gpus });
		} finally {
			heldByStarting.delete(workerId);
		}
		parts.changed();
	};
	const onExit = (worker: Worker, exit: WorkerExit): void => {
		worker.exit = exit;
		killTimes.clear(worker.id);
		const how = describeExit(exit);
		host.log[worker.terminating ? 'info' : 'warn']('worker exited', { workerId: worker.id, endpointId: worker.endpointId, how, asked: worker.terminating });
		for (const attempt of [...worker.jobs.values()]) {
			// A job whose answer is still being written comes back by way of its connection.
			if (attempt.state !== 'running') continue;
			const lastLog = worker.process.lastLog(REASON_LOG_CHARS);
			parts.lose(attempt, worker, `worker ${worker.id} ${how}${lastLog === '' ? '' : `; its last lines:\n${lastLog}`}`);
		}
		worker.stopping.clear();
		exits.delete(worker.id);
		parts.exited(worker);
		parts.changed();
	};
	const end = (worker: Worker, graceMs: number, reason: string): void => {
		if (worker.exit !== null || worker.terminating) return;
		host.log.info('ending worker', { workerId: worker.id, reason });
		worker.draining = true;
		worker.terminating = true;
		releasePolls(worker);
		worker.process.terminate();
		killTimes.start(worker.id, graceMs);
		parts.changed();
	};
	return {
		start(workerId, endpointId, version, spec) {
			if (host.workers.has(workerId)) return Promise.resolve();
			const already = starting.get(workerId);
			if (already !== undefined) return already;
			const promise = start(workerId, endpointId, version, spec).finally(() => starting.delete(workerId));
			starting.set(workerId, promise);
			return promise;
		},
		drain(worker) {
			if (worker.draining) return;
			worker.draining = true;
			releasePolls(worker);
			if (occupancy(worker) === 0) end(worker, host.timers.stopGraceMs, 'drained');
			parts.changed();
		},
		end,
		jobEnded(worker) {
			if (occupancy(worker) > 0) return;
			worker.idleSinceMs = host.clock.nowMs();
			if (worker.draining) end(worker, host.timers.stopGraceMs, 'drained');
		},
		freeGpus: () => host.inventory.gpus - heldGpus().size,
		async endAll(graceMs) {
			await Promise.allSettled(starting.values());
			for (const worker of host.workers.values()) end(worker, graceMs, 'the agent stops');
			await Promise.all(exits.values());
			killTimes.close();
		},
		killAll() {
			for (const worker of host.workers.values()) worker.process.kill();
		},
	};
}

/** Held polls would keep a worker that is asked to end from ending. */
function releasePolls(worker: Worker): void {
	for (const take of [...worker.takes]) take.release();
	for (const poll of [...worker.stopPolls]) poll.release();
}

function newWorker(given: Pick<Worker, 'id' | 'endpointId' | 'version' | 'spec' | 'key' | 'gpus' | 'startedAtMs' | 'process'>): Worker {
	return {
		...given,
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

/** `exited with code 1`, `was ended by SIGKILL`. */
export function describeExit(exit: WorkerExit): string {
	return exit.signal === null ? `exited with code ${exit.code}` : `was ended by ${exit.signal}`;
}
