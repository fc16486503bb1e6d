/** Puts the parts of a host agent together: bus, workers and bridge meet here and nowhere else. */

import { EXECUTION_TIMEOUT_TEXT } from '@longshore/shared-schema/job/finish';
import type { BridgeHost } from '../bridge/bridge-host.ts';
import type { Bus } from '../bus/bus.ts';
import type { FreezeBudget } from '../core/frozen.ts';
import type { GpuMemory } from '../gpu/gpu-memory.ts';
import type { LogStore } from '../logs/log-store.ts';
import type { PortPool } from '../runtime/port-pool.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Watchdog } from '../runtime/watchdog.ts';
import type { TunnelHost } from '../tunnel/tunnel-door.ts';
import { createBridgeHost } from './bridge-side.ts';
import type { BrokerClient } from './broker-client.ts';
import { createClaims } from './claims.ts';
import { serveCommands } from './commands.ts';
import { createDeadlines, type Deadlines } from './deadlines.ts';
import { createDesk, type JobDesk } from './desk.ts';
import { createEndings, type Endings } from './endings.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { createHandover } from './handover.ts';
import type { Host } from './host.ts';
import { createHostReports, type HostReports } from './host-reports.ts';
import { createIntake } from './intake.ts';
import { createLostResults } from './lost-results.ts';
import { createReporter, type Reporter } from './reporter.ts';
import { createTunnelHost } from './requests.ts';
import { serveLogs } from './serve-logs.ts';
import type { Spool, SpooledResult } from './spool.ts';
import { type Standstill, watchStandstill } from './standstill.ts';
import { createStops, type Stops } from './stops.ts';
import { createUploads, type Uploads } from './uploads.ts';
import { createUsageReports, type UsageReports } from './usage-reports.ts';
import type { Attempt, Worker } from './worker.ts';
import { type FileSources, stockOf } from './worker-files.ts';

/** What is still to be reported when the agent stops gets this long; the rest is in the spool. */
const FLUSH_MS = 3_000;

export interface AgentOptions {
	readonly host: Host;
	readonly bus: Bus;
	readonly broker: BrokerClient;
	readonly runtime: Runtime;
	readonly watchdog: Pick<Watchdog, 'extend'>;
	readonly files: FileSources;
	readonly portPool: PortPool;
	readonly logs: LogStore;
	readonly spool: Spool;
	/** What the spool held at the start. */
	readonly left: ReadonlyMap<string, SpooledResult>;
	/** Base URL of the bridge, as workers reach it. */
	readonly bridgeUrl: string;
	readonly agentEnv: Readonly<Record<string, string | undefined>>;
	/** FlashBoot: what can be done about GPU memory, how much may be kept, and how much the host has. */
	readonly gpuMemory: GpuMemory;
	readonly freezeBudget: FreezeBudget;
	hostMemory(): { readonly availableBytes: number; readonly totalBytes: number };
	newKey(): string;
}

export interface Agent {
	/** What the bridge talks to. */
	readonly bridgeHost: BridgeHost;
	/** What the tunnel door talks to. */
	readonly tunnelHost: TunnelHost;
	/** Lets running jobs finish as far as `LONGSHORE_STOP_GRACE_MS` allows, then ends everything. */
	stop(): Promise<void>;
	/** A GPU of this host does not work any more. */
	gpuFailed(gpu: number, reason: string): void;
	/** Ends the workers of a stop that is under way at once. */
	hurry(): void;
}

/** Starts an agent on a bus that is connected. */
export function startAgent(options: AgentOptions): Agent {
	return new HostAgent(options);
}

class HostAgent implements Agent {
	readonly bridgeHost: BridgeHost;
	readonly tunnelHost: TunnelHost;
	readonly #options: AgentOptions;
	readonly #host: Host;
	readonly #timeouts: Deadlines;
	readonly #reporter: Reporter;
	readonly #uploads: Uploads;
	readonly #endings: Endings;
	readonly #desk: JobDesk;
	readonly #fleet: Fleet;
	readonly #stops: Stops;
	readonly #usage: UsageReports;
	readonly #standstill: Standstill;
	/** Made last: it reports the others' state at once. */
	#reports: HostReports | null = null;

	constructor(options: AgentOptions) {
		this.#options = options;
		const { host, bus, broker, spool } = options;
		this.#host = host;
		const { timers, clock, log } = host;
		const jobEnded = (worker: Worker): void => this.#jobEnded(worker);
		const stop = (attempt: Attempt): void => this.#stopAttempt(attempt);
		const changed = (): void => this.#reports?.changed();
		this.#timeouts = createDeadlines(clock, (key) => this.#timeOut(key));
		this.#reporter = createReporter({
			bus,
			clock,
			log,
			hostId: host.id,
			hostBoot: host.boot,
			retryMs: timers.eventRetryMs,
			onVerdicts: (settled) => this.#endings.onVerdicts(settled),
		});
		this.#uploads = createUploads(host, broker);
		this.#endings = createEndings({ host, reporter: this.#reporter, spool, uploads: this.#uploads, timeouts: this.#timeouts, jobEnded, stop });
		const handover = createHandover({ host, bus, timeouts: this.#timeouts, reporter: this.#reporter, endings: this.#endings, jobEnded, changed });
		this.#desk = createDesk(host, bus, { ...handover, arrived: (endpointId, message) => intake(endpointId, message), roomChanged: changed });
		const desk = this.#desk;
		const claims = createClaims(bus, host.id, log, timers.claimTimeoutMs);
		const intake = createIntake({
			host,
			bus,
			broker,
			claims,
			ready: (job) => desk.ready(job),
			dropped: (endpointId) => desk.dropped(endpointId),
			lose: (attempt, reason) => this.#endings.lose(attempt, null, reason),
			supersede: stop,
		});
		this.#usage = createUsageReports(host, bus);
		this.#standstill = watchStandstill(host.clock);
		this.#fleet = createFleet({
			...options,
			lose: this.#endings.lose,
			exited: (worker, agoMs) => this.#workerExited(worker, agoMs),
			frozen: (worker) => this.#workerFrozen(worker),
			thawing: (worker) => this.#usage.resumed(worker),
			changed: () => this.#review(),
		});
		this.#stops = createStops({ host, jobEnded, recycle: (worker, reason) => this.#fleet.hurry(worker, timers.killGraceMs, reason) });
		this.#reports = createHostReports({
			host,
			bus,
			freeGpus: () => this.#fleet.freeGpus(),
			frozen: () => this.#fleet.frozen(),
			leased: (forMs) => options.watchdog.extend(forMs),
			stock: () => stockOf(host, options.files),
			fenced: (reason) => this.#fence(reason),
			unfenced: () => desk.review(),
		});
		const heldOf = (keys: readonly string[]): ReadonlySet<string> => this.#heldOf(keys);
		serveCommands({
			host,
			bus,
			fleet: this.#fleet,
			stopAttempt: stop,
			heldOf,
			drainChanged: () => this.#review(),
			reportNow: () => this.#reports?.reportNow(),
			stoodStillMs: this.#standstill.justNowMs,
		});
		serveLogs(host, bus, options.logs);
		const lostResults = createLostResults(host, this.#endings);
		this.bridgeHost = createBridgeHost({ host, desk, stops: this.#stops, lostResults, endings: this.#endings, fleet: this.#fleet, reporter: this.#reporter, changed });
		this.tunnelHost = createTunnelHost({ host, requestEnded: (id) => this.#requestEnded(id), changed });
		this.#endings.resume(options.left);
	}

	async stop(): Promise<void> {
		const { bus } = this.#options;
		this.#host.draining = true;
		this.#review();
		await this.#fleet.endAll(this.#host.timers.stopGraceMs);
		this.#desk.shutDown();
		await Promise.all([this.#reporter.flushed(bus.isConnected() ? FLUSH_MS : 0), bus.isConnected() ? within(FLUSH_MS, this.#usage.flushed()) : null]);
		this.#reports?.reportNow();
		this.#reports?.close();
		this.#reporter.close();
		this.#usage.close();
		this.#standstill.close();
		this.#uploads.close();
		this.#stops.shutDown();
		this.#timeouts.close();
	}

	gpuFailed(gpu: number, reason: string): void {
		this.#fleet.gpuFailed(gpu, reason);
	}

	hurry(): void {
		this.#fleet.killAll();
	}

	#review(): void {
		this.#desk.review();
		this.#reports?.changed();
	}

	#workerExited(worker: Worker, agoMs: number): void {
		this.#usage.ended(worker, agoMs);
		this.#desk.review();
		this.#reports?.reportNow();
	}

	#workerFrozen(worker: Worker): void {
		this.#usage.ended(worker, 0);
		this.#desk.review();
		this.#reports?.reportNow();
	}

	#requestEnded(workerId: string): void {
		const worker = this.#host.workers.get(workerId);
		if (worker !== undefined && worker.exit === null) this.#fleet.jobEnded(worker);
	}

	#jobEnded(worker: Worker): void {
		this.#fleet.jobEnded(worker);
		this.#reports?.changed();
	}

	#heldOf(keys: readonly string[]): ReadonlySet<string> {
		const owed = this.#reporter.owed();
		return new Set(keys.filter((key) => this.#host.attempts.has(key) || this.#options.spool.has(key) || owed.has(key)));
	}

	/** Whatever the attempt is at, it is not wanted any more; nothing is reported of it. */
	#stopAttempt(attempt: Attempt): void {
		if (attempt.state === 'ended') return;
		this.#host.attempts.delete(attempt.key);
		this.#timeouts.clear(attempt.key);
		const worker = this.#host.workers.get(attempt.workerId);
		if (attempt.state === 'waiting' || worker === undefined) {
			this.#desk.withdraw(attempt);
			return;
		}
		worker.jobs.delete(attempt.job.id);
		this.#stops.order(worker, attempt.job.id);
		this.#jobEnded(worker);
	}

	#timeOut(key: string): void {
		const attempt = this.#host.attempts.get(key);
		const worker = attempt === undefined ? undefined : this.#host.workers.get(attempt.workerId);
		if (attempt === undefined || worker === undefined || attempt.state === 'ended') return;
		this.#stops.order(worker, attempt.job.id);
		this.#endings.finish(worker, attempt, { output: null, error: EXECUTION_TIMEOUT_TEXT, cause: 'execution_timeout' });
	}

	#fence(reason: string): void {
		this.#desk.review();
		// Idle ones too: what this region was granted may run elsewhere from now on.
		for (const worker of this.#host.workers.values()) this.#fleet.hurry(worker, this.#host.timers.killGraceMs, reason);
		this.#fleet.evict(reason);
	}
}

/** Resolves with the promise, or after `ms` without it. */
async function within(ms: number, promise: Promise<void>): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	await Promise.race([promise, new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))]);
	clearTimeout(timer);
}
