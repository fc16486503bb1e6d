/** Knows which load-balanced workers may be given requests, gives each request one, and lets those wait that find none. It may not touch what passes. */
import { BALANCER_WAITING_MAX } from '@longshore/shared-schema/limits';
import type { Affinity, BalancerRefusal } from '@longshore/shared-schema/wire/load-balancer';
import { type Candidate, chooseWorker } from '../core/choose-worker.ts';
import type { Grants } from '../fleet/grants.ts';
import type { HostedWorker, Registry } from '../fleet/registry.ts';
import type { Demand } from './demand.ts';

/** A worker that could not be reached is left alone for this long: the next report of its host says what is with it. */
const AVOID_MS = 300;
/** A wish for a worker that nobody knows is refused only after this: a host may report it in a moment. */
const UNKNOWN_MS = 1_000;
/** Who waited in vain for a while comes back at once (the edge asks in turns): its demand lasts that long. */
const LINGER_MS = 500;

export interface BalancerOptions {
	readonly registry: Registry;
	readonly grants: Pick<Grants, 'get' | 'areKnown'>;
	/** Requests that wait and that a new worker would serve. */
	readonly demand: Pick<Demand, 'add' | 'of'>;
	/** Whether the operator lets the host take requests. */
	readonly isOpen: (hostId: string) => boolean;
	readonly now: () => number;
}

export interface Wish {
	readonly affinity: Affinity | null;
	readonly waitMs: number;
	/** The asker is gone. */
	readonly signal: AbortSignal;
}

/** A worker for one request. */
export interface Lease {
	readonly workerId: string;
	/** `host:port` of its host's tunnels. */
	readonly tunnel: string;
	/** What opens them. */
	readonly tunnelToken: string;
	/** The request has ended. */
	release(): void;
	/** The worker could not be reached, and has seen nothing of the request. */
	fail(): void;
}

interface BalancedWorker extends Candidate {
	readonly tunnel: string;
	readonly tunnelToken: string;
}

interface Waiter {
	readonly affinity: Affinity | null;
	wake(worker: BalancedWorker): void;
}

export class Balancer {
	readonly #options: BalancerOptions;
	readonly #inFlight = new Map<string, { count: number; usedAtMs: number }>();
	readonly #avoidUntilMs = new Map<string, number>();
	readonly #waiters = new Map<string, Set<Waiter>>();
	/** By endpoint, made of the registry when first asked for after a change. */
	#index: Map<string, HostedWorker[]> | null = null;

	constructor(options: BalancerOptions) {
		this.#options = options;
	}

	/** Hosts, grants or duties have changed. */
	review(): void {
		this.#index = null;
		for (const endpointId of [...this.#waiters.keys()]) this.#serve(endpointId);
	}

	/** Requests in the hands of the endpoint's workers, of all brokers, and those that wait for one. */
	traffic(endpointId: string): { inFlight: number; waiting: number } {
		return { inFlight: this.#workersOf(endpointId).reduce((sum, { requests = 0 }) => sum + requests, 0), waiting: this.#options.demand.of(endpointId) };
	}

	/** A worker for one request, now or within `waitMs`; or why there is none. */
	async acquire(endpointId: string, wish: Wish): Promise<Lease | BalancerRefusal> {
		const worker = await this.#find(endpointId, wish);
		if (typeof worker === 'string') return worker;
		const use = this.#inFlight.get(worker.id) ?? { count: 0, usedAtMs: 0 };
		this.#inFlight.set(worker.id, { count: use.count + 1, usedAtMs: this.#options.now() });
		let held = true;
		const release = (): void => {
			if (held) this.#release(worker.id);
			held = false;
		};
		return {
			workerId: worker.id,
			tunnel: worker.tunnel,
			tunnelToken: worker.tunnelToken,
			release,
			fail: () => {
				release();
				this.#avoidUntilMs.set(worker.id, this.#options.now() + AVOID_MS);
				setTimeout(() => this.#serve(endpointId), AVOID_MS + 1).unref();
			},
		};
	}

	/** Null once a request would find a worker; else why it did not within `waitMs`. */
	async awaitWorker(endpointId: string, wish: Wish): Promise<BalancerRefusal | null> {
		const worker = await this.#find(endpointId, wish);
		return typeof worker === 'string' ? worker : null;
	}

	#release(workerId: string): void {
		const use = this.#inFlight.get(workerId);
		if (use === undefined) return;
		use.count--;
		// The record outlives its last request for the sake of the order, not for ever.
		if (use.count === 0 && this.#inFlight.size > 10_000) this.#inFlight.delete(workerId);
	}

	async #find(endpointId: string, wish: Wish): Promise<BalancedWorker | BalancerRefusal> {
		const ready = chooseWorker(this.#candidates(endpointId), wish.affinity);
		if (ready !== null) return ready;
		const waiters = this.#waiters.get(endpointId) ?? new Set();
		if (wish.affinity?.strict !== true && this.#hasNoShare(endpointId)) return 'no_grant';
		if (waiters.size >= BALANCER_WAITING_MAX) return 'too_many_waiting';
		this.#waiters.set(endpointId, waiters);
		return this.#wait(endpointId, waiters, wish);
	}

	#wait(endpointId: string, waiters: Set<Waiter>, { affinity, waitMs, signal }: Wish): Promise<BalancedWorker | BalancerRefusal> {
		// Who insists on a worker is not served by another one.
		const counts = affinity?.strict !== true;
		if (counts) this.#options.demand.add(endpointId, 1);
		return new Promise((resolve) => {
			let isOver = false;
			const over = (outcome: BalancedWorker | BalancerRefusal): void => {
				if (isOver) return;
				isOver = true;
				clearTimeout(timer);
				if (unknown !== null) clearInterval(unknown);
				signal.removeEventListener('abort', left);
				waiters.delete(waiter);
				if (waiters.size === 0 && this.#waiters.get(endpointId) === waiters) this.#waiters.delete(endpointId);
				if (counts && outcome === 'timed_out' && !signal.aborted) setTimeout(() => this.#options.demand.add(endpointId, -1), LINGER_MS).unref();
				else if (counts) this.#options.demand.add(endpointId, -1);
				resolve(outcome);
			};
			const waiter: Waiter = { affinity, wake: over };
			const left = (): void => over('timed_out');
			const timer = setTimeout(() => over(counts ? 'timed_out' : 'worker_timeout'), waitMs);
			const unknown = counts ? null : setInterval(() => !this.#exists(endpointId, affinity?.workerId ?? '') && over('affinity_worker_gone'), UNKNOWN_MS);
			signal.addEventListener('abort', left, { once: true });
			waiters.add(waiter);
			if (signal.aborted) left();
		});
	}

	#serve(endpointId: string): void {
		const waiters = this.#waiters.get(endpointId);
		if (waiters === undefined) return;
		for (const waiter of [...waiters]) {
			const worker = chooseWorker(this.#candidates(endpointId), waiter.affinity);
			if (worker !== null) waiter.wake(worker);
		}
	}

	#hasNoShare(endpointId: string): boolean {
		return this.#options.grants.areKnown() && (this.#options.grants.get(endpointId)?.workersMax ?? 0) === 0;
	}

	#exists(endpointId: string, workerId: string): boolean {
		return this.#workersOf(endpointId).some(({ id, phase }) => id === workerId && phase !== 'exited' && phase !== 'draining');
	}

	#workersOf(endpointId: string): readonly HostedWorker[] {
		this.#index ??= this.#options.registry.workers();
		return this.#index.get(endpointId) ?? [];
	}

	#candidates(endpointId: string): BalancedWorker[] {
		const now = this.#options.now();
		const version = this.#options.grants.get(endpointId)?.version;
		return this.#workersOf(endpointId).flatMap((worker) => {
			const host = this.#options.registry.host(worker.hostId);
			const takes = worker.phase === 'idle' || worker.phase === 'running';
			if (!takes || host === undefined || host.tunnel === null || host.figure.draining || !this.#options.isOpen(worker.hostId)) return [];
			if ((this.#avoidUntilMs.get(worker.id) ?? 0) > now) return [];
			this.#avoidUntilMs.delete(worker.id);
			const use = this.#inFlight.get(worker.id);
			const outdated = version !== undefined && worker.version !== version;
			return [
				{ id: worker.id, tunnel: host.tunnel, tunnelToken: host.tunnelToken, outdated, inFlight: use?.count ?? 0, reported: worker.requests ?? 0, usedAtMs: use?.usedAtMs ?? 0 },
			];
		});
	}
}
