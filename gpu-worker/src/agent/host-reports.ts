/** Tells the region what this host has and does, and fences the host off when the region does not hear it. */
import { WORKER_PREPARING_CHARS_MAX } from '@longshore/shared-schema/limits';
import { type FrozenReport, type HostReport, hostReportAck, type WorkerReport } from '@longshore/shared-schema/wire/bus';
import type { HostFigure } from '@longshore/shared-schema/wire/region';
import { HOST_ROLL_CALL_SUBJECT, hostReportAckSubject, hostReportSubject } from '@longshore/shared-schema/wire/subjects';
import type { Bus } from '../bus/bus.ts';
import { fenceReason, leftMs } from '../core/fence.ts';
import { workerPhase } from '../core/worker-phase.ts';
import { gpusOut, type Host, hostAcceptsJobs } from './host.ts';
import { acceptsJobs, occupancy, type Worker } from './worker.ts';

/** Changes are gathered this long… */
const GATHER_MS = 10;
/** …and reports are at least this far apart, however busy the host. */
const REPORT_GAP_MS = 100;
/** Ended attempts without a verdict that a report lists per worker, so that nobody thinks them lost. */
const ENDED_LISTED_MAX = 200;
const GPU_FAULT_CHARS_MAX = 300;
const LAST_LOG_CHARS = 4_000;
const CAUSE_CHARS_MAX = 500;

export interface HostReports {
	/** Something worth reporting happened. */
	changed(): void;
	reportNow(): void;
	close(): void;
}

export interface HostReportsParts {
	readonly host: Host;
	readonly bus: Bus;
	freeGpus(): number;
	/** What runs may run for so many more milliseconds, should this agent be unable to stop it then; negative: no longer. */
	leased(forMs: number): void;
	/** What it holds besides GPUs. */
	stock(): Pick<HostFigure, 'models' | 'modelCache' | 'volumes'>;
	frozen(): FrozenReport[];
	/** The host has just been fenced off: stop what runs. */
	fenced(reason: string): void;
	/** The region hears the host again. */
	unfenced(): void;
}

/** Starts reporting and watching the lease, which counts from now. */
export function createHostReports(parts: HostReportsParts): HostReports {
	const { host, bus } = parts;
	const { clock, timers } = host;
	const sentAtMs = new Map<number, number>();
	let n = 0;
	let lastSentAtMs = Number.NEGATIVE_INFINITY;
	let ackedReportSentAtMs = clock.nowMs();
	let edgeHeardAtMs = clock.nowMs();
	let timer: NodeJS.Timeout | null = null;

	const report = (): void => {
		timer = null;
		if (!bus.isConnected()) return;
		const nowMs = clock.nowMs();
		lastSentAtMs = nowMs;
		sentAtMs.set(++n, nowMs);
		if (sentAtMs.size > 1_000) for (const oldest of [...sentAtMs.keys()].slice(0, 500)) sentAtMs.delete(oldest);
		bus.publish(hostReportSubject(host.id), new TextEncoder().encode(JSON.stringify(hostReportOf(parts, n, nowMs))));
		for (const worker of [...host.workers.values()]) if (worker.exit !== null) host.workers.delete(worker.id);
	};
	const schedule = (delayMs: number): void => {
		timer ??= setTimeout(report, delayMs);
	};
	const reportNow = (): void => {
		if (timer !== null) clearTimeout(timer);
		report();
	};
	const watchLease = (): void => {
		const facts = { nowMs: clock.nowMs(), ackedReportSentAtMs, edgeHeardAtMs, agentLeaseMs: timers.agentLeaseMs, regionFenceMs: timers.regionFenceMs };
		const reason = fenceReason(facts);
		parts.leased(leftMs(facts) + timers.killGraceMs);
		if (reason !== null && host.fenced === null) {
			host.fenced = reason;
			host.log.error('fenced off: stopping all jobs', { reason });
			parts.fenced(reason);
		} else if (reason === null && host.fenced !== null) {
			host.fenced = null;
			host.log.info('the region is back', {});
			parts.unfenced();
		}
	};
	const beat = setInterval(() => {
		if (clock.nowMs() - lastSentAtMs >= timers.hostReportMs * 0.9) reportNow();
	}, timers.hostReportMs);
	const lease = setInterval(watchLease, Math.max(20, Math.min(1_000, timers.agentLeaseMs / 10)));
	bus.subscribe(HOST_ROLL_CALL_SUBJECT, reportNow);
	bus.subscribe(hostReportAckSubject(host.id), (data) => {
		const ack = hostReportAck.safeParse(JSON.parse(new TextDecoder().decode(data)));
		if (!ack.success) return host.log.error('an acknowledgement of a host report is malformed', { error: ack.error.message });
		const sent = sentAtMs.get(ack.data.n);
		if (ack.data.hostBoot !== host.boot || sent === undefined) return;
		for (const older of sentAtMs.keys()) if (older <= ack.data.n) sentAtMs.delete(older);
		ackedReportSentAtMs = Math.max(ackedReportSentAtMs, sent);
		// Counted from the report that was acknowledged: a late acknowledgement must not make the edge look fresher than it was.
		edgeHeardAtMs = Math.max(edgeHeardAtMs, sent - ack.data.edgeSilentMs);
		if (host.fenced !== null) watchLease();
	});
	bus.onConnection((state) => {
		if (state === 'up') reportNow();
	});
	reportNow();
	return {
		changed: () => schedule(Math.max(GATHER_MS, REPORT_GAP_MS - (clock.nowMs() - lastSentAtMs))),
		reportNow,
		close() {
			clearInterval(beat);
			clearInterval(lease);
			if (timer !== null) clearTimeout(timer);
		},
	};
}

function hostReportOf(parts: HostReportsParts, n: number, nowMs: number): HostReport {
	const { host } = parts;
	const frozen = parts.frozen();
	return {
		n,
		host: hostFigure(host, parts.freeGpus(), parts.stock()),
		workers: workerReports(host, nowMs),
		...(host.tunnel === null ? {} : { tunnel: host.tunnel, tunnelToken: host.tunnelToken }),
		...(frozen.length === 0 ? {} : { frozen }),
		starts: { ...host.starts, warmJobs: host.warmJobs },
	};
}

function hostFigure(host: Host, gpusFree: number, stock: ReturnType<HostReportsParts['stock']>): HostFigure {
	const out = gpusOut(host);
	const { gpuType, gpus, cudaVersion } = host.inventory;
	return {
		id: host.id,
		boot: host.boot,
		dataCenterId: host.dataCenterId,
		gpuType,
		gpus: gpus - out.size,
		...(out.size === 0 ? {} : { gpuFaults: [...out].map(([gpu, reason]) => `GPU ${gpu}: ${reason}`.slice(0, GPU_FAULT_CHARS_MAX)) }),
		...(host.quarantined.size === 0 ? {} : { quarantined: [...host.quarantined.keys()] }),
		gpusFree,
		cudaVersion,
		...stock,
		draining: host.draining,
		...(host.frozen.size === 0 ? {} : { frozen: host.frozen.size }),
	};
}

function workerReports(host: Host, nowMs: number): WorkerReport[] {
	const ended = new Map<string, string[]>();
	for (const attempt of host.attempts.values()) {
		if (attempt.state !== 'ended') continue;
		const keys = ended.get(attempt.workerId) ?? [];
		if (keys.length < ENDED_LISTED_MAX) keys.push(attempt.key);
		ended.set(attempt.workerId, keys);
	}
	return [...host.workers.values()].map((worker) => workerReport(host, worker, ended.get(worker.id) ?? [], nowMs));
}

function workerReport(host: Host, worker: Worker, ended: readonly string[], nowMs: number): WorkerReport {
	const busy = occupancy(worker) > 0;
	let room = 0;
	if (hostAcceptsJobs(host) && acceptsJobs(worker)) for (const take of worker.takes) room += take.room;
	const phase = workerPhase({
		exited: worker.exit !== null,
		unhealthy: worker.unhealthyReason !== null,
		draining: worker.draining,
		contacted: worker.contacted,
		jobs: occupancy(worker),
	});
	const badEnd = worker.exit !== null && (worker.exit.code !== 0 || !worker.terminating);
	return {
		id: worker.id,
		endpointId: worker.endpointId,
		version: worker.version,
		phase,
		gpus: phase === 'exited' ? [] : [...worker.gpus],
		jobs: [...[...worker.jobs.values()].map((attempt) => attempt.key), ...ended],
		room,
		startedAgoMs: Math.max(0, Math.round(nowMs - worker.startedAtMs)),
		...(worker.requests > 0 ? { requests: worker.requests } : {}),
		...(worker.preparing === null || worker.exit !== null ? {} : { preparing: worker.preparing.slice(0, WORKER_PREPARING_CHARS_MAX) }),
		...(worker.openPorts.length === 0 ? {} : { ports: [...worker.openPorts] }),
		idleMs: busy ? 0 : Math.max(0, Math.round(nowMs - worker.idleSinceMs)),
		start: { kind: worker.startKind, readyMs: worker.readyMs === null ? null : Math.round(worker.readyMs) },
		...(worker.exit === null ? {} : { exitCode: worker.exit.code, ...(worker.exit.cause === undefined ? {} : { exitCause: worker.exit.cause.slice(0, CAUSE_CHARS_MAX) }) }),
		...(badEnd || worker.unhealthyReason !== null ? { lastLog: lastWords(worker) } : {}),
	};
}

function lastWords(worker: Worker): string {
	const reason = worker.unhealthyReason === null ? '' : `reported unhealthy: ${worker.unhealthyReason}\n`;
	return reason + worker.log.tail(LAST_LOG_CHARS - reason.length);
}
