/** The workers and the queue of one endpoint in one region: starts and stops what its rule decides, hands jobs to workers. */
import type { SurplusWorker } from '../../regional-broker/src/core/choose-surplus.ts';
import { placeWorker } from '../../regional-broker/src/core/place-worker.ts';
import type { EndpointSpec } from '../../shared-schema/src/endpoint/endpoint.ts';
import type { RegionRoute } from '../../shared-schema/src/wire/route.ts';
import type { Fleet } from './fleet.ts';
import type { Calendar } from './heap.ts';
import type { Ledger, WorkerState } from './ledger.ts';
import type { Random } from './random.ts';
import type { Rule } from './rules/rule.ts';
import type { SimEndpoint } from './scenario.ts';

/** A job as it waits or runs. */
export interface SimJob {
	readonly index: number;
	readonly arrivedMs: number;
	readonly execMs: number;
	/** Time that it had spent in workers which were lost. */
	lostMs: number;
}

interface SimWorker {
	readonly id: string;
	readonly hostId: string;
	readonly startedMs: number;
	readonly jobs: Map<SimJob, number>;
	state: WorkerState;
	sinceMs: number;
	draining: boolean;
	gone: boolean;
}

type Mutable<T> = { -readonly [key in keyof T]: T[key] extends number | string | null ? T[key] : Mutable<T[key]> };

/** What pools share. */
export interface PoolParts {
	readonly calendar: Calendar;
	readonly fleet: Fleet;
	readonly ledger: Ledger;
	/** Draws of cold start times. */
	readonly random: Random;
	readonly newWorkerId: () => string;
	/** GPUs became free in the region. */
	readonly freed: (region: string) => void;
	/** No host had room for a worker that was wanted, or one has again. */
	readonly blocked: () => void;
}

export class Pool {
	readonly endpoint: SimEndpoint;
	readonly region: string;
	readonly route: Mutable<RegionRoute>;
	#spec: EndpointSpec;
	#workersMin = 0;
	readonly #parts: PoolParts;
	readonly #rule: Rule;
	readonly #workers = new Map<string, SimWorker>();
	#queue: SimJob[] = [];
	#head = 0;
	#running = 0;
	#wakeAtMs = Number.POSITIVE_INFINITY;
	#deciding = false;

	constructor(endpoint: SimEndpoint, region: string, rule: Rule, parts: PoolParts) {
		this.endpoint = endpoint;
		this.#spec = endpoint.spec;
		this.region = region;
		this.#rule = rule;
		this.#parts = parts;
		this.route = {
			region,
			url: '',
			silentMs: 0,
			workersMax: 0,
			workers: { initializing: 0, idle: 0, running: 0, throttled: 0, unhealthy: 0, outdated: 0 },
			queued: 0,
			slotsFree: 0,
			blocked: null,
		};
	}

	get queued(): number {
		return this.#queue.length - this.#head;
	}

	get running(): number {
		return this.#running;
	}

	get alive(): number {
		return this.#workers.size;
	}

	/** The region's share, and the specification as it narrows the GPUs. */
	grant(spec: EndpointSpec, workersMin: number, workersMax: number): void {
		this.#spec = spec;
		this.#workersMin = workersMin;
		this.route.workersMax = workersMax;
	}

	waiting(): readonly SimJob[] {
		return this.#queue.slice(this.#head);
	}

	/** Queues a job, unless a worker takes it at once. */
	arrive(job: SimJob): void {
		this.#queue.push(job);
		this.#handOut();
		this.decide('event');
	}

	/** Takes every waiting job out. */
	takeQueue(): SimJob[] {
		const jobs = this.#queue.slice(this.#head);
		this.#queue = [];
		this.#head = 0;
		this.#count();
		return jobs;
	}

	/** Ends the workers of a host that went; returns their jobs. */
	loseHost(hostId: string): SimJob[] {
		const jobs: SimJob[] = [];
		for (const worker of [...this.#workers.values()]) {
			if (worker.hostId !== hostId) continue;
			for (const [job, startedMs] of worker.jobs) {
				job.lostMs += this.#parts.calendar.nowMs - startedMs;
				this.#running--;
				this.#parts.ledger.interrupted();
				jobs.push(job);
			}
			worker.jobs.clear();
			this.#end(worker);
		}
		return jobs;
	}

	/** Asks the rule and does what it says. */
	decide(cause: 'event' | 'timer'): void {
		if (this.#deciding) return;
		this.#deciding = true;
		const nowMs = this.#parts.calendar.nowMs;
		const wasBlocked = this.route.blocked !== null;
		const decision = this.#rule.decide(this.#input(nowMs), cause);
		for (const id of decision.stops) this.#stop(id);
		this.#startUpTo(decision.workers);
		if ((this.route.blocked !== null) !== wasBlocked) this.#parts.blocked();
		this.#deciding = false;
		// A millisecond at least, as a timer has it: fractions could otherwise leave time standing still.
		if (decision.wakeAtMs !== null && decision.wakeAtMs < this.#wakeAtMs) this.#wakeAt(Math.max(decision.wakeAtMs, nowMs + 1));
		this.#count();
	}

	/** Closes the accounts of what is still there. */
	close(): void {
		for (const worker of this.#workers.values()) this.#enter(worker, worker.state);
	}

	#wakeAt(atMs: number): void {
		this.#wakeAtMs = atMs;
		this.#parts.calendar.plan(atMs, () => {
			if (this.#wakeAtMs !== atMs) return;
			this.#wakeAtMs = Number.POSITIVE_INFINITY;
			this.decide('timer');
		});
	}

	#input(nowMs: number): Parameters<Rule['decide']>[0] {
		const workers: SurplusWorker[] = [];
		let starting = 0;
		for (const worker of this.#workers.values()) {
			if (worker.draining) continue;
			if (worker.state === 'starting') starting++;
			workers.push({ id: worker.id, state: worker.state, outdated: false, idleMs: worker.state === 'idle' ? nowMs - worker.sinceMs : 0 });
		}
		const waitingOver = (waitMs: number): number => {
			let count = 0;
			for (let at = this.#head; at < this.#queue.length && nowMs - (this.#queue[at] as SimJob).arrivedMs >= waitMs; at++) count++;
			return count;
		};
		const oldest = this.#queue[this.#head];
		return {
			nowMs,
			workersMin: this.#workersMin,
			workersMax: this.route.workersMax,
			queued: this.queued,
			running: this.#running,
			oldestWaitMs: oldest === undefined ? 0 : nowMs - oldest.arrivedMs,
			waitingOver,
			workers,
			serving: workers.length,
			starting,
			slotsFree: this.#slotsFree(),
		};
	}

	#slotsFree(): number {
		let slots = 0;
		for (const worker of this.#workers.values()) if (!worker.draining && worker.state !== 'starting') slots += this.endpoint.concurrency - worker.jobs.size;
		return slots;
	}

	#startUpTo(wanted: number): void {
		let serving = 0;
		for (const worker of this.#workers.values()) if (!worker.draining) serving++;
		const count = Math.min(wanted - serving, this.route.workersMax - this.#workers.size);
		this.route.blocked = null;
		for (let started = 0; started < count; started++) {
			const placement = placeWorker(this.#spec, this.#parts.fleet.placeHosts(this.region, this.endpoint.id));
			if ('blocked' in placement) {
				this.route.blocked = placement.blocked;
				return;
			}
			this.#start(placement.hostId);
		}
	}

	#start(hostId: string): void {
		const { calendar, fleet, ledger, random, newWorkerId } = this.#parts;
		const { spec, coldStartMs, downloadMs } = this.endpoint;
		const held = fleet.take(hostId, this.endpoint.id, spec.gpuCount, spec.model);
		const worker: SimWorker = { id: newWorkerId(), hostId, startedMs: calendar.nowMs, jobs: new Map(), state: 'starting', sinceMs: calendar.nowMs, draining: false, gone: false };
		this.#workers.set(worker.id, worker);
		ledger.workerStarted();
		calendar.plan(calendar.nowMs + coldStartMs(random) + (held ? 0 : downloadMs), () => {
			if (worker.gone) return;
			this.#rule.readyAfter?.(calendar.nowMs - worker.startedMs);
			this.#enter(worker, 'idle');
			this.#handOut();
			this.decide('event');
		});
	}

	#stop(id: string): void {
		const worker = this.#workers.get(id);
		if (worker === undefined) return;
		worker.draining = true;
		if (worker.jobs.size === 0) this.#end(worker);
	}

	#end(worker: SimWorker): void {
		this.#enter(worker, worker.state);
		worker.gone = true;
		this.#workers.delete(worker.id);
		this.#parts.ledger.workerStopped();
		this.#parts.fleet.giveBack(worker.hostId, this.endpoint.id, this.endpoint.spec.gpuCount);
		this.#parts.freed(this.region);
	}

	/** Gives waiting jobs to workers with room, the one that has waited longest first, as a queue serves its pullers. */
	#handOut(): void {
		while (this.#head < this.#queue.length) {
			const worker = this.#nextTaker();
			if (worker === null) break;
			this.#run(this.#queue[this.#head++] as SimJob, worker);
		}
		if (this.#head > 1_000 && this.#head * 2 > this.#queue.length) {
			this.#queue = this.#queue.slice(this.#head);
			this.#head = 0;
		}
	}

	#nextTaker(): SimWorker | null {
		let best: SimWorker | null = null;
		for (const worker of this.#workers.values()) {
			if (worker.draining || worker.state === 'starting' || worker.jobs.size >= this.endpoint.concurrency) continue;
			if (best === null || worker.jobs.size < best.jobs.size || (worker.jobs.size === best.jobs.size && worker.sinceMs < best.sinceMs)) best = worker;
		}
		return best;
	}

	#run(job: SimJob, worker: SimWorker): void {
		const { calendar, ledger } = this.#parts;
		const startedMs = calendar.nowMs;
		ledger.waited(job.index, startedMs - job.arrivedMs - job.lostMs, startedMs);
		worker.jobs.set(job, startedMs);
		this.#running++;
		if (worker.state !== 'busy') this.#enter(worker, 'busy');
		calendar.plan(startedMs + job.execMs, () => {
			if (worker.gone) return;
			worker.jobs.delete(job);
			this.#running--;
			ledger.ended();
			this.#rule.ranFor?.(job.execMs);
			if (worker.jobs.size === 0) this.#enter(worker, 'idle');
			if (worker.draining && worker.jobs.size === 0) this.#end(worker);
			this.#handOut();
			this.decide('event');
		});
	}

	/** Books the time since the last change of state. */
	#enter(worker: SimWorker, state: WorkerState): void {
		const { calendar, ledger } = this.#parts;
		ledger.spent(worker.state, (calendar.nowMs - worker.sinceMs) * Math.max(1, this.endpoint.spec.gpuCount));
		worker.state = state;
		worker.sinceMs = calendar.nowMs;
	}

	#count(): void {
		const counts = { starting: 0, idle: 0, busy: 0 };
		for (const worker of this.#workers.values()) counts[worker.state]++;
		this.route.workers.initializing = counts.starting;
		this.route.workers.idle = counts.idle;
		this.route.workers.running = counts.busy;
		this.route.queued = this.queued;
		this.route.slotsFree = this.#slotsFree();
	}
}
