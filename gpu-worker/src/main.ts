/** Starts a host agent: reads the settings, opens the spool, the bus and the bridge, and stops them in order. Nothing else. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { ConfigError, parseEnv } from '@longshore/shared-schema/config/parse';
import { FROZEN_WORKERS_MAX, TAKE_HOLD_MS } from '@longshore/shared-schema/limits';
import { startAgent } from './agent/agent.ts';
import { createBrokerClient } from './agent/broker-client.ts';
import { systemClock } from './agent/clock.ts';
import type { Host } from './agent/host.ts';
import { openSpool } from './agent/spool.ts';
import type { FileSources } from './agent/worker-files.ts';
import { type Bridge, openBridge } from './bridge/bridge.ts';
import { connectNatsBus } from './bus/nats-bus.ts';
import { type AgentSettings, agentSettings } from './config.ts';
import type { FreezeBudget } from './core/frozen.ts';
import { NO_STARTS } from './core/start-figures.ts';
import { tunnelAddress } from './core/tunnel-address.ts';
import { hostCredential } from './enrolment/credential.ts';
import { declaredInventory, type GpuInventory } from './gpu/declared.ts';
import { NO_GPU_MEMORY, openGpuMemory } from './gpu/gpu-memory.ts';
import { type DetectedGpus, detectGpus, watchGpus } from './gpu/nvidia-smi.ts';
import { createLog, type Log } from './log.ts';
import { createLogStore } from './logs/log-store.ts';
import { openModelCache } from './models/model-cache.ts';
import { chooseRuntime } from './runtime/choose-runtime.ts';
import { createContainerRuntime } from './runtime/container-runtime.ts';
import { createPortPool } from './runtime/port-pool.ts';
import { createProcessRuntime, workersDirOf } from './runtime/process-runtime.ts';
import type { Runtime } from './runtime/runtime.ts';
import { createWatchdog } from './runtime/watchdog.ts';
import { openTunnelDoor } from './tunnel/tunnel-door.ts';
import { createVolumeStore } from './volumes/volume-store.ts';
import { createVolumeUsage } from './volumes/volume-usage.ts';

const EVENT_STORE_TIMEOUT_MS = 5_000;
const REFUSAL_DELAY_MS = 1_000;
const MODEL_RETRY_MS = 1_000;
const MIB = 2 ** 20;

async function main(): Promise<void> {
	const settings = parseEnv(agentSettings, process.env, (path) => readFileSync(path, 'utf8'));
	const hostId = settings.LONGSHORE_HOST_ID;
	const log = createLog((line) => process.stdout.write(line), { host: hostId });
	const stateDir = settings.LONGSHORE_STATE_DIR;
	mkdirSync(stateDir, { recursive: true, mode: 0o700 });
	const declared = settings.LONGSHORE_DECLARED_GPUS;
	const gpus: DetectedGpus = declared === undefined ? await detectGpus() : { inventory: declaredInventory(declared), rows: [], faults: new Map() };
	const { inventory } = gpus;
	const logs = createLogStore(join(stateDir, 'logs'), () => Date.now());
	logs.tidy();
	const { spool, left } = openSpool(join(stateDir, 'spool'), log);
	const listen = settings.LONGSHORE_BRIDGE_LISTEN;
	const bridge = await openBridge(listen.host, listen.port === 0 ? rememberedPort(stateDir) : listen.port, { holdMs: TAKE_HOLD_MS, refusalDelayMs: REFUSAL_DELAY_MS }, log);
	writeFileSync(join(stateDir, 'bridge-port'), String(bridge.port));
	const watchdog = createWatchdog(workersDirOf(stateDir), log);
	const processes = createProcessRuntime({ stateDir, allowed: settings.LONGSHORE_ALLOW_PROCESS_WORKERS === '1', watchdog, log });
	const runtime = chooseRuntime(processes, containerRuntime(settings, inventory, bridge, log));
	await runtime.cleanUp();
	const door = settings.LONGSHORE_TUNNEL_LISTEN;
	const tunnelToken = randomBytes(24).toString('base64url');
	const tunnel = await openTunnelDoor(door.host, door.port, tunnelToken, log);
	let stopping = false;
	const waiting = (): void => process.exit(0);
	for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, waiting);
	const credential = await hostCredential({ hostId, stateDir, brokerUrl: settings.LONGSHORE_BROKER_URL, enrolToken: settings.LONGSHORE_ENROL_TOKEN ?? null, log });
	const bus = await connectNatsBus({
		url: settings.LONGSHORE_NATS_URL,
		hostId,
		token: credential.natsToken,
		seed: credential.natsSeed,
		storeTimeoutMs: EVENT_STORE_TIMEOUT_MS,
		log,
	});
	const host = newHost(settings, inventory, { address: tunnelAddress(settings.LONGSHORE_TUNNEL_ADDRESS, door.host, tunnel.port), token: tunnelToken }, log);
	const agent = startAgent({
		host,
		bus,
		broker: createBrokerClient(settings.LONGSHORE_BROKER_URL, credential.hostToken),
		runtime,
		watchdog,
		files: fileSources(settings, log),
		portPool: createPortPool(settings.LONGSHORE_PUBLIC_IP, settings.LONGSHORE_PUBLIC_PORTS ?? null),
		logs,
		spool,
		left,
		bridgeUrl: urlOf(listen.host, bridge.port),
		agentEnv: process.env,
		gpuMemory: gpus.rows.length === 0 ? NO_GPU_MEMORY : await openGpuMemory(cudaCheckpoint(settings), log),
		freezeBudget: freezeBudget(settings),
		hostMemory: () => ({ availableBytes: freemem(), totalBytes: totalmem() }),
		newKey: () => randomBytes(24).toString('base64url'),
	});
	for (const [gpu, reason] of gpus.faults) agent.gpuFailed(gpu, reason);
	if (gpus.rows.length > 0) watchGpus(gpus, (gpu, reason) => agent.gpuFailed(gpu, reason), log);
	bridge.serve(agent.bridgeHost);
	tunnel.serve(agent.tunnelHost);
	const stop = (): void => {
		if (stopping) {
			agent.hurry();
			return;
		}
		stopping = true;
		log.info('stopping');
		void agent.stop().then(async () => {
			await Promise.all([bridge.close(), tunnel.close()]);
			await bus.close();
			spool.close();
			log.info('stopped');
			process.exit(0);
		});
	};
	for (const signal of ['SIGTERM', 'SIGINT'] as const) {
		process.off(signal, waiting);
		process.on(signal, stop);
	}
	log.info('ready', { boot: host.boot, bridgePort: bridge.port, gpuType: host.inventory.gpuType, gpus: host.inventory.gpus, resultsInSpool: left.size });
}

/** Models and volumes of this host. */
function fileSources(settings: AgentSettings, log: Log): FileSources {
	const address = settings.LONGSHORE_MODEL_MIRROR;
	const directory = settings.LONGSHORE_MODEL_DIR ?? join(settings.LONGSHORE_STATE_DIR, 'models');
	const budgetBytes = Math.round(settings.LONGSHORE_MODEL_CACHE_GB * 1e9);
	return {
		models: address === 'none' ? null : openModelCache({ directory, address, budgetBytes, retryMs: MODEL_RETRY_MS, log, now: () => Date.now() }),
		volumes: createVolumeStore(settings.LONGSHORE_VOLUME_PATH ?? null, settings.LONGSHORE_DATA_CENTER_ID),
		usage: createVolumeUsage({ file: join(settings.LONGSHORE_STATE_DIR, 'volumes.json'), everyMs: settings.LONGSHORE_VOLUME_USAGE_MS, log, now: () => Date.now() }),
	};
}

/** Null on a host without a container engine. */
function containerRuntime(settings: AgentSettings, inventory: GpuInventory, bridge: Bridge, log: Log): Runtime | null {
	if (settings.LONGSHORE_CONTAINER_ENGINE === undefined) return null;
	return createContainerRuntime({
		engine: settings.LONGSHORE_CONTAINER_ENGINE,
		hostId: settings.LONGSHORE_HOST_ID,
		stateDir: settings.LONGSHORE_STATE_DIR,
		gpus: inventory.gpus,
		network: settings.LONGSHORE_CONTAINER_NETWORK,
		bridgeHost: settings.LONGSHORE_CONTAINER_BRIDGE_HOST ?? null,
		root: settings.LONGSHORE_CONTAINER_ROOT,
		log,
		listenAt: (address) => bridge.listenAlso(address),
		bridgeUrlAt: (address) => urlOf(address, bridge.port),
	});
}

/** A quarter of the host's memory where the operator says nothing. */
function freezeBudget(settings: AgentSettings): FreezeBudget {
	const { LONGSHORE_FROZEN_MEMORY_MIB: memoryMib, LONGSHORE_FROZEN_GPU_MEMORY_MIB: gpuMemoryMib } = settings;
	return {
		memoryBytes: memoryMib === undefined ? Math.floor(totalmem() / 4) : memoryMib * MIB,
		gpuMemoryBytes: gpuMemoryMib === undefined ? Number.POSITIVE_INFINITY : gpuMemoryMib * MIB,
		workers: FROZEN_WORKERS_MAX,
	};
}

function cudaCheckpoint({ LONGSHORE_CUDA_CHECKPOINT: tool }: AgentSettings): string | null {
	return tool === 'off' ? null : tool;
}

function urlOf(host: string, port: number): string {
	return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function newHost(settings: AgentSettings, inventory: GpuInventory, tunnel: { readonly address: string; readonly token: string }, log: Log): Host {
	return {
		id: settings.LONGSHORE_HOST_ID,
		boot: `b${randomBytes(10).toString('hex')}`,
		dataCenterId: settings.LONGSHORE_DATA_CENTER_ID,
		inventory,
		tunnel: tunnel.address,
		tunnelToken: tunnel.token,
		timers: {
			hostReportMs: settings.LONGSHORE_HOST_REPORT_MS,
			agentLeaseMs: settings.LONGSHORE_AGENT_LEASE_MS,
			regionFenceMs: settings.LONGSHORE_REGION_FENCE_MS,
			killGraceMs: settings.LONGSHORE_KILL_GRACE_MS,
			stopGraceMs: settings.LONGSHORE_STOP_GRACE_MS,
			eventRetryMs: settings.LONGSHORE_EVENT_RETRY_MS,
			usageReportMs: settings.LONGSHORE_USAGE_REPORT_MS,
			pullExpiresMs: 30_000,
			pullHeartbeatMs: 5_000,
			keepMs: 1_000,
			claimTimeoutMs: 5_000,
			lostResultMs: 2_000,
			healthCheckMs: settings.LONGSHORE_HEALTH_CHECK_MS,
			healthStartMs: settings.LONGSHORE_HEALTH_START_MS,
			healthLostMs: settings.LONGSHORE_HEALTH_LOST_MS,
			thawMs: settings.LONGSHORE_THAW_MS,
		},
		clock: systemClock,
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

/** The port of the last run, so that whatever knows it finds the bridge again; 0 at the first. */
function rememberedPort(stateDir: string): number {
	const path = join(stateDir, 'bridge-port');
	const port = existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
	return Number.isInteger(port) && port > 0 && port < 65_536 ? port : 0;
}

main().catch((error: Error) => {
	const message = error instanceof ConfigError ? error.message : error.stack;
	process.stdout.write(`${JSON.stringify({ level: 'error', msg: 'the agent cannot run', error: message })}\n`);
	process.exit(1);
});
