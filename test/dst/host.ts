/** A GPU host: the product's agent on a simulated bus, disk and runtime. Its workers are processes of their own, which outlive a killed agent. */
import { type AgentOptions, startAgent } from '../../gpu-worker/src/agent/agent.ts';
import type { Host } from '../../gpu-worker/src/agent/host.ts';
import type { Spool, SpooledResult } from '../../gpu-worker/src/agent/spool.ts';
import type { BridgeHost } from '../../gpu-worker/src/bridge/bridge-host.ts';
import { agentSettings } from '../../gpu-worker/src/config.ts';
import { NO_STARTS } from '../../gpu-worker/src/core/start-figures.ts';
import { NO_GPU_MEMORY } from '../../gpu-worker/src/gpu/gpu-memory.ts';
import type { Log } from '../../gpu-worker/src/log.ts';
import type { LogStore } from '../../gpu-worker/src/logs/log-store.ts';
import type { RunningWorker, Runtime, WorkerStart } from '../../gpu-worker/src/runtime/runtime.ts';
import { parseEnv } from '../../shared-schema/src/config/parse.ts';
import { createAgentBus } from './agent-bus.ts';
import { Actor, BEGIN_MS, type Kernel, type Timer } from './kernel.ts';
import { connectNats } from './nats-link.ts';
import type { NatsServer } from './nats-model.ts';
import type { WorldSettings } from './settings.ts';
import { WorkerProcess, type WorkerWitness } from './worker.ts';

export interface HostWorld {
	readonly kernel: Kernel;
	readonly nats: NatsServer;
	readonly settings: WorldSettings;
	readonly witness: WorkerWitness;
	readonly log: Log;
}

export class HostMachine {
	readonly id: string;
	readonly region: string;
	readonly actor: Actor;
	/** The process beside the agent that ends its workers when it is gone or does not extend their lease. */
	readonly #watchdog = new Actor('watchdog');
	#deadline: Timer | null = null;
	readonly workers = new Map<string, WorkerProcess>();
	/** What its disk holds. */
	readonly spooled = new Map<string, SpooledResult>();
	readonly #gpuType: string;
	readonly #gpus: number;
	readonly #world: HostWorld;
	host: Host | null = null;
	bridge: BridgeHost | null = null;
	/** When it last stood still, to its end. */
	pausedUntil = 0;
	#lives = 0;

	constructor(region: string, { id, gpuType, gpus }: { id: string; gpuType: string; gpus: number }, world: HostWorld) {
		this.id = id;
		this.region = region;
		this.actor = new Actor(`${region}/${id}`);
		this.#gpuType = gpuType;
		this.#gpus = gpus;
		this.#world = world;
		this.start();
	}

	/** A new agent: first it ends what an earlier one left. */
	start(): void {
		this.actor.up = true;
		this.#world.kernel.plan(this.actor, 0, () => {
			for (const worker of [...this.workers.values()]) worker.end({ code: null, signal: 'SIGKILL' });
			this.#assemble();
		});
	}

	/** `kill -9` of the agent alone: its watchdog sees the pipe between them close. */
	killAgent(): void {
		this.actor.die();
		this.#watch(WATCHDOG_LOOK_MS);
		this.bridge = null;
		this.host = null;
		this.#world.nats.forget(this.actor.name);
	}

	/** The machine loses its power: the workers and what the agent had in memory are gone; its disk is not, and its spool is lost where `spoolToo`. */
	powerOff(spoolToo: boolean): void {
		this.killAgent();
		for (const worker of [...this.workers.values()]) worker.end({ code: null, signal: 'SIGKILL' });
		if (spoolToo) this.spooled.clear();
	}

	/** The agent alone stands still. */
	freezeAgent(until: number): void {
		this.actor.pausedUntil = until;
	}

	/** The whole machine stands still. */
	freeze(until: number): void {
		this.actor.pausedUntil = this.#watchdog.pausedUntil = until;
		this.pausedUntil = until;
		for (const worker of this.workers.values()) worker.actor.pausedUntil = until;
	}

	/** Workers may run for so much longer unless that is said again. */
	#watch(forMs: number): void {
		this.#deadline?.cancel();
		const life = this.actor.life;
		this.#deadline = this.#world.kernel.plan(this.#watchdog, Math.max(0, forMs) + WATCHDOG_LOOK_MS, () => {
			// A new agent has ended them already, and watches over its own.
			if (this.actor.life === life) for (const worker of [...this.workers.values()]) worker.end({ code: null, signal: 'SIGKILL' });
		});
	}

	#assemble(): void {
		const { kernel, nats } = this.#world;
		const link = connectNats(kernel, nats, this.actor, this.actor.name);
		const host = this.#host();
		const agent = startAgent({
			host,
			bus: createAgentBus(kernel, link),
			broker: { fetchPayload: async () => ({ kind: 'gone' }), uploadOutput: async () => 'gone' },
			runtime: this.#runtime(),
			watchdog: { extend: (forMs) => this.#watch(forMs) },
			files: NO_FILES,
			portPool: { take: async () => [], giveBack: () => {} },
			gpuMemory: NO_GPU_MEMORY,
			freezeBudget: { memoryBytes: 0, gpuMemoryBytes: 0, workers: 0 },
			hostMemory: () => ({ availableBytes: 1, totalBytes: 1 }),
			logs: NO_LOGS,
			spool: this.#spool(),
			left: new Map(this.spooled),
			bridgeUrl: 'http://bridge.invalid',
			agentEnv: {},
			newKey: () => 'key',
		});
		this.host = host;
		this.bridge = agent.bridgeHost;
	}

	#host(): Host {
		const { kernel, settings, log } = this.#world;
		const given = parseEnv(agentSettings, { ...agentEnv(this.id), ...onlyAgent(settings.timers) }, () => '');
		return {
			id: this.id,
			boot: `${this.id}-${++this.#lives}`,
			dataCenterId: `DC-${this.region}`,
			inventory: { gpuType: this.#gpuType, gpus: this.#gpus, cudaVersion: '12.8', models: [] },
			tunnel: null,
			tunnelToken: 'none',
			timers: {
				hostReportMs: given.LONGSHORE_HOST_REPORT_MS,
				agentLeaseMs: given.LONGSHORE_AGENT_LEASE_MS,
				regionFenceMs: given.LONGSHORE_REGION_FENCE_MS,
				killGraceMs: given.LONGSHORE_KILL_GRACE_MS,
				stopGraceMs: given.LONGSHORE_STOP_GRACE_MS,
				eventRetryMs: given.LONGSHORE_EVENT_RETRY_MS,
				usageReportMs: given.LONGSHORE_USAGE_REPORT_MS,
				pullExpiresMs: 30_000,
				pullHeartbeatMs: 5_000,
				keepMs: 1_000,
				claimTimeoutMs: 5_000,
				lostResultMs: 2_000,
				healthCheckMs: given.LONGSHORE_HEALTH_CHECK_MS,
				healthStartMs: given.LONGSHORE_HEALTH_START_MS,
				healthLostMs: given.LONGSHORE_HEALTH_LOST_MS,
				thawMs: given.LONGSHORE_THAW_MS,
			},
			clock: { nowMs: () => kernel.now - BEGIN_MS, wallMs: () => kernel.now + this.actor.skewMs, random: kernel.random('agent') },
			log,
			workers: new Map(),
			frozen: new Map(),
			starts: NO_STARTS,
			warmJobs: 0,
			attempts: new Map(),
			permits: new Map(),
			gpuFaults: new Map(),
			quarantined: new Map(),
			draining: false,
			fenced: null,
		};
	}

	#spool(): Spool {
		return {
			add: (key, result) => void this.spooled.set(key, result),
			writeOutput: () => {
				throw new Error('large outputs are not simulated');
			},
			settle: (keys) => {
				for (const key of keys) this.spooled.delete(key);
			},
			has: (key) => this.spooled.has(key),
			size: () => this.spooled.size,
			close: () => {},
		};
	}

	#runtime(): Runtime {
		return {
			cleanUp: async () => {},
			start: async (start: WorkerStart): Promise<RunningWorker> => {
				const worker = new WorkerProcess(this, start, this.#world.kernel, this.#world.witness);
				this.workers.set(start.workerId, worker);
				return worker;
			},
		};
	}
}

/** How often a watchdog looks at the time. */
const WATCHDOG_LOOK_MS = 50;

const NO_FILES: AgentOptions['files'] = {
	models: null,
	volumes: {
		open: () => {
			throw new Error('volumes are not simulated');
		},
	} as unknown as AgentOptions['files']['volumes'],
	usage: { figures: () => [], hold: () => () => {} } as unknown as AgentOptions['files']['usage'],
};

const NO_LOGS: LogStore = {
	open: () => ({ write: () => {}, note: () => {}, tail: () => '', recent: () => null, close: () => {} }),
	read: () => Promise.reject(new Error('logs are not simulated')),
	tidy: () => {},
};

function onlyAgent(timers: Readonly<Record<string, string>>): Record<string, string> {
	return Object.fromEntries(Object.entries(timers).filter(([name]) => !/RETENTION|REGION_LEASE/.test(name)));
}

function agentEnv(id: string): Record<string, string> {
	return {
		LONGSHORE_HOST_ID: id,
		LONGSHORE_DATA_CENTER_ID: 'DC',
		LONGSHORE_NATS_URL: 'nats://nats.invalid',
		LONGSHORE_BROKER_URL: 'http://broker.invalid',
		LONGSHORE_STATE_DIR: '/nowhere',
	};
}
