/** A whole agent in this process: real bridge over HTTP, real spool; the bus and the worker processes are stand-ins behind their ports. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostReport } from '@longshore/shared-schema/wire/bus';
import { cutFrames, decodeFramed, encodeFramed } from '@longshore/shared-schema/wire/framing';
import type { DispatchedJob, JobEvent, Verdict } from '@longshore/shared-schema/wire/region';
import type { UsageReport } from '@longshore/shared-schema/wire/usage';
import { type Agent, startAgent } from '../../../gpu-worker/src/agent/agent.ts';
import type { BrokerClient } from '../../../gpu-worker/src/agent/broker-client.ts';
import { systemClock } from '../../../gpu-worker/src/agent/clock.ts';
import type { AgentTimers, Host } from '../../../gpu-worker/src/agent/host.ts';
import { openSpool } from '../../../gpu-worker/src/agent/spool.ts';
import { type Bridge, openBridge } from '../../../gpu-worker/src/bridge/bridge.ts';
import { type Bus, BusError, type PulledMessage, type PullListener } from '../../../gpu-worker/src/bus/bus.ts';
import type { FreezeBudget } from '../../../gpu-worker/src/core/frozen.ts';
import { NO_STARTS } from '../../../gpu-worker/src/core/start-figures.ts';
import { type GpuMemory, NO_GPU_MEMORY } from '../../../gpu-worker/src/gpu/gpu-memory.ts';
import { createLog } from '../../../gpu-worker/src/log.ts';
import { createLogStore } from '../../../gpu-worker/src/logs/log-store.ts';
import type { ModelCache } from '../../../gpu-worker/src/models/model-cache.ts';
import { createPortPool } from '../../../gpu-worker/src/runtime/port-pool.ts';
import type { RunningWorker, Runtime, WorkerExit } from '../../../gpu-worker/src/runtime/runtime.ts';
import { createVolumeStore } from '../../../gpu-worker/src/volumes/volume-store.ts';
import { createVolumeUsage } from '../../../gpu-worker/src/volumes/volume-usage.ts';
import { until } from '../../support/wait.ts';
import { NO_WATCHDOG } from './no-watchdog.ts';
import { spec } from './region.ts';

const KEY = 'key-of-the-worker';
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What was done with a job message. */
export interface Settled {
	readonly job: string;
	readonly how: 'ack' | 'nak' | 'term';
	readonly delayMs: number;
}

/** A worker process that does what the test says. */
export interface FakeProcess extends RunningWorker {
	readonly signals: string[];
	exit(exit: WorkerExit): void;
	env: Record<string, string>;
	/** What it takes; what it answers when it is to be held still or to go on: null, that it did. */
	memoryBytes: number;
	refusal: { hold: string | null; release: string | null };
}

export interface Rig {
	readonly host: Host;
	readonly base: string;
	readonly events: (JobEvent & { frame: string | null })[];
	readonly reports: HostReport[];
	readonly settled: Settled[];
	readonly pulls: { endpointId: string; requestId: number; batch: number }[];
	readonly processes: Map<string, FakeProcess>;
	readonly logs: string[];
	readonly claims: string[];
	readonly uploads: string[];
	readonly usage: UsageReport[];
	/** Whether the edge stores usage; null: no answer. */
	storeUsage: () => boolean | null;
	/** Answers of the broker to payload requests, one a try. */
	readonly payloads: ('gone' | 'broken' | string)[];
	verdict: (event: JobEvent) => Verdict | null;
	claim: (jobId: string) => 'run' | 'drop' | null;
	connected: boolean;
	acknowledge: boolean;
	startWorker(id: string, more?: Parameters<typeof spec>[0]): Promise<void>;
	deliver(job: Partial<DispatchedJob> & { readonly id: string }, options?: { readonly delivered?: number; readonly ageMs?: number; readonly payload?: string }): void;
	pullStatus(requestId: number, status: Parameters<PullListener['status']>[2]): void;
	reconnect(): void;
	send(subject: string, body: unknown): Promise<unknown>;
	/** One request of worker `w`; its key unless `authorization` says otherwise. */
	call(path: string, body?: string, headers?: Record<string, string>, signal?: AbortSignal): Promise<{ status: number; text: string }>;
	take(worker?: string, query?: string, signal?: AbortSignal): Promise<{ status: number; text: string }>;
	untilPulled(count: number): Promise<void>;
	event(kind: JobEvent['kind'], jobId: string): Promise<JobEvent & { frame: string | null }>;
	stop(): Promise<void>;
	/** What the host has. */
	hostMemory: { availableBytes: number; totalBytes: number };
	/** As the watch of the GPUs tells the agent. */
	gpuFailed: (gpu: number, reason: string) => void;
}

export interface RigOptions {
	readonly timers?: Partial<AgentTimers>;
	readonly holdMs?: number;
	readonly refusalDelayMs?: number;
	/** The host's model cache; left out: it keeps none. */
	readonly models?: ModelCache;
	readonly gpuMemory?: GpuMemory;
	readonly freezeBudget?: Partial<FreezeBudget>;
}

const TIMERS: AgentTimers = {
	hostReportMs: 200,
	agentLeaseMs: 60_000,
	regionFenceMs: 60_000,
	killGraceMs: 200,
	stopGraceMs: 200,
	eventRetryMs: 60_000,
	usageReportMs: 60_000,
	pullExpiresMs: 30_000,
	pullHeartbeatMs: 5_000,
	keepMs: 200,
	claimTimeoutMs: 200,
	lostResultMs: 60_000,
	healthCheckMs: 50,
	healthStartMs: 5_000,
	healthLostMs: 1_000,
	thawMs: 5_000,
};

/** Starts a rig for endpoint `ep1`. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
	const directory = mkdtempSync(join(tmpdir(), 'longshore-rig-'));
	const logs: string[] = [];
	const log = createLog((line) => logs.push(line), {});
	const bridge: Bridge = await openBridge('127.0.0.1', 0, { holdMs: options.holdMs ?? 10_000, refusalDelayMs: options.refusalDelayMs ?? 20 }, log);
	const host: Host = {
		id: 'host-a',
		boot: 'boot-1',
		dataCenterId: 'EU-RO-1',
		tunnel: null,
		tunnelToken: 'token-of-the-tunnel',
		permits: new Map(),
		inventory: { gpuType: 'NVIDIA L4', gpus: 4, cudaVersion: '12.8', models: [] },
		timers: { ...TIMERS, ...options.timers },
		clock: systemClock,
		log,
		workers: new Map(),
		frozen: new Map(),
		starts: NO_STARTS,
		warmJobs: 0,
		attempts: new Map(),
		gpuFaults: new Map(),
		quarantined: new Map(),
		draining: false,
		fenced: null,
	};
	const handlers = new Map<string, (data: Uint8Array, reply: (answer: Uint8Array) => void) => void>();
	const connectionListeners: ((state: 'up' | 'down') => void)[] = [];
	let listener: PullListener | null = null;
	let seq = 0;
	const base = `http://127.0.0.1:${bridge.port}/v2/ep1`;
	const rig: Rig = {
		host,
		base,
		events: [],
		reports: [],
		settled: [],
		pulls: [],
		processes: new Map(),
		logs,
		claims: [],
		uploads: [],
		usage: [],
		storeUsage: () => true,
		gpuFailed: () => {},
		payloads: [],
		verdict: () => 'accepted',
		claim: () => 'run',
		connected: true,
		acknowledge: true,
		hostMemory: { availableBytes: 50, totalBytes: 100 },
		async startWorker(id, more = {}) {
			const answer = await rig.send('ctl.host-a', { op: 'start-worker', workerId: id, endpointId: 'ep1', version: 1, spec: spec({ gpuCount: 0, ...more }) });
			if (!(answer as { ok: boolean }).ok) throw new Error(JSON.stringify(answer));
		},
		deliver(job, { delivered = 1, ageMs = 0, payload = JSON.stringify({ id: job.id, input: {} }) } = {}) {
			const full: DispatchedJob = {
				endpointId: 'ep1',
				epoch: 1,
				token: 'token-of-16-chars',
				startWithinMs: 60_000,
				executionTimeoutMs: 600_000,
				lowPriority: false,
				payloadBytes: Buffer.byteLength(payload),
				inline: true,
				...job,
			};
			const data = encodeFramed(full, full.inline ? [encode(payload)] : [], encode);
			listener?.message('ep1', { data, info: { delivered, streamSeq: ++seq, storedAtMs: Date.now() - ageMs }, ackSubject: full.id, connection: 0 });
		},
		pullStatus: (requestId, status) => listener?.status('ep1', requestId, status),
		reconnect() {
			for (const changed of connectionListeners) changed('up');
		},
		send: (subject, body) => new Promise((resolve) => handlers.get(subject)?.(encode(JSON.stringify(body)), (answer) => resolve(JSON.parse(decode(answer))))),
		async call(path, body, headers = {}, signal) {
			const response = await fetch(`${base}${path}`, {
				headers: { authorization: KEY, ...headers },
				...(body === undefined ? {} : { method: 'POST', body }),
				...(signal === undefined ? {} : { signal }),
			});
			return { status: response.status, text: await response.text() };
		},
		take: (worker = 'w1', query = '?gpu=x&job_in_progress=0', signal) => rig.call(`/job-take/${worker}${query}`, undefined, {}, signal),
		untilPulled: (count) => until(() => rig.pulls.reduce((sum, pull) => sum + pull.batch, 0) >= count, { what: `${count} jobs pulled`, everyMs: 2 }).then(() => undefined),
		event: (kind, jobId) => until(() => rig.events.find((event) => event.kind === kind && event.id === jobId), { what: `${kind} of ${jobId}`, timeoutMs: 10_000, everyMs: 2 }),
		async stop() {
			await agent.stop();
			await bridge.close();
			spool.close();
			rmSync(directory, { recursive: true, force: true });
		},
	};
	const settle = (how: Settled['how'], message: PulledMessage, delayMs = 0): void => void rig.settled.push({ job: message.ackSubject, how, delayMs });
	const bus: Bus = {
		publish(subject, data) {
			if (subject !== 'hosts.report.host-a') return;
			const report = JSON.parse(decode(data)) as HostReport;
			rig.reports.push(report);
			if (rig.acknowledge) setImmediate(() => handlers.get('hosts.ack.host-a')?.(encode(JSON.stringify({ hostBoot: 'boot-1', n: report.n, edgeSilentMs: 0 })), () => {}));
		},
		async request(subject, data) {
			if (subject === 'usage.host-a') {
				rig.usage.push(JSON.parse(decode(data)) as UsageReport);
				const stored = rig.storeUsage();
				if (stored === null) throw new BusError('timeout', 'no answer');
				return encode(JSON.stringify({ stored }));
			}
			if (subject !== 'claims.host-a') throw new BusError('absent', subject);
			const { claims } = JSON.parse(decode(data)) as { claims: { id: string }[] };
			rig.claims.push(...claims.map((claim) => claim.id));
			const results = claims.map((claim) => rig.claim(claim.id));
			if (results.includes(null)) throw new BusError('timeout', 'no answer');
			return encode(JSON.stringify({ results }));
		},
		async store(_subject, data) {
			if (!rig.connected) throw new BusError('timeout', 'not connected');
			const { head, rest } = decodeFramed(data, decode);
			const { batch, events } = head as { batch: number; events: JobEvent[] };
			const sizes = events.flatMap((event) => ('bytes' in event && event.bytes !== undefined ? [event.bytes] : []));
			const frames = cutFrames(rest, sizes);
			rig.events.push(...events.map((event) => ({ ...event, frame: 'bytes' in event && event.bytes !== undefined ? decode(frames.shift() ?? new Uint8Array()) : null })));
			const verdicts = events.map((event) => rig.verdict(event));
			if (!verdicts.includes(null)) setImmediate(() => handlers.get('verdicts.host-a')?.(encode(JSON.stringify({ hostBoot: 'boot-1', batch, verdicts })), () => {}));
		},
		subscribe: (subject, handler) => void handlers.set(subject, handler),
		pull: (endpointId, _permit, requestId, batch) => void rig.pulls.push({ endpointId, requestId, batch }),
		onPulled: (pullListener) => {
			listener = pullListener;
		},
		onConnection: (changed) => void connectionListeners.push(changed),
		isConnected: () => rig.connected,
		ack: (message) => settle('ack', message),
		nak: (message, delayMs) => settle('nak', message, delayMs),
		term: (message) => settle('term', message),
		close: async () => {},
	};
	const { spool, left } = openSpool(join(directory, 'spool'), log);
	rig.gpuFailed = (gpu, reason) => agent.gpuFailed(gpu, reason);
	const agent: Agent = startAgent({
		host,
		bus,
		broker: fakeBroker(rig),
		runtime: fakeRuntime(rig),
		watchdog: NO_WATCHDOG,
		files: {
			models: options.models ?? null,
			volumes: createVolumeStore(null, 'EU-RO-1'),
			usage: createVolumeUsage({ file: join(directory, 'volumes.json'), everyMs: 60_000, log, now: Date.now }),
		},
		portPool: createPortPool('127.0.0.1', null),
		logs: createLogStore(join(directory, 'logs'), Date.now),
		spool,
		left,
		bridgeUrl: base,
		agentEnv: {},
		gpuMemory: options.gpuMemory ?? NO_GPU_MEMORY,
		freezeBudget: { memoryBytes: 100 * 2 ** 20, gpuMemoryBytes: Number.POSITIVE_INFINITY, workers: 4, ...options.freezeBudget },
		hostMemory: () => rig.hostMemory,
		newKey: () => KEY,
	});
	bridge.serve(agent.bridgeHost);
	return rig;
}

function fakeBroker(rig: Rig): BrokerClient {
	return {
		async fetchPayload() {
			const next = rig.payloads.shift() ?? 'gone';
			if (next === 'gone') return { kind: 'gone' };
			const { BrokerError } = await import('../../../gpu-worker/src/agent/broker-client.ts');
			if (next === 'broken') throw new BrokerError('status 502');
			return { kind: 'payload', data: encode(next) };
		},
		async uploadOutput(jobId, _epoch, _token, output) {
			rig.uploads.push(`${jobId}:${output.length}`);
			return 'stored';
		},
	};
}

/** Processes that end at the first signal, unless the test has replaced `terminate`. */
function fakeRuntime(rig: Rig): Runtime {
	return {
		cleanUp: async () => {},
		async start({ workerId, env, log }) {
			log.write('stdout', 'last line\n');
			let exit: (exit: WorkerExit) => void = () => {};
			const exited = new Promise<WorkerExit>((resolve) => {
				exit = resolve;
			});
			const signals: string[] = [];
			const process: FakeProcess = {
				pid: 1,
				exited,
				signals,
				exit,
				memoryBytes: 10 * 2 ** 20,
				refusal: { hold: null, release: null },
				stillness: {
					pids: async () => [1],
					async hold() {
						if (process.refusal.hold !== null) throw new Error(process.refusal.hold);
						signals.push('hold');
					},
					async release() {
						if (process.refusal.release !== null) throw new Error(process.refusal.release);
						signals.push('release');
					},
					memoryBytes: async () => process.memoryBytes,
				},
				env: env({ tempDir: '/tmp', bridgeUrl: null, isHost: true, ownPorts: false }),
				terminate() {
					signals.push('SIGTERM');
					exit({ code: 0, signal: null });
				},
				kill() {
					signals.push('SIGKILL');
					exit({ code: null, signal: 'SIGKILL' });
				},
			};
			rig.processes.set(workerId, process);
			return process;
		},
	};
}
