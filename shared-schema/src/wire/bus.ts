/** Messages on a region's NATS between brokers and host agents. */
import * as z from 'zod';
import { endpointSpec } from '../endpoint/endpoint.ts';
import { FROZEN_WORKERS_MAX, ID_PATTERN, INVENTORY_BATCH_MAX, PORTS_MAX, WORKER_PREPARING_CHARS_MAX } from '../limits.ts';
import { openPort } from './open-port.ts';
import { hostFigure, jobEvent, placedVolume, registryAuth, verdict } from './region.ts';

const id = z.string().regex(ID_PATTERN);

// A message on `jobSubject(…)` is framed: head `DispatchedJob` (region.ts), rest the payload when inline, else empty.

/** Head of a framed message on `eventSubject(host)`, `storeSubject(host)` and `reportSubject(host)`; frames as in `POST events`. Message id: `<hostBoot>.<batch>`. */
export const eventMessageHead = z.object({ hostId: id, hostBoot: id, batch: z.int().min(1), events: z.array(jobEvent).min(1) });
export type EventMessageHead = z.infer<typeof eventMessageHead>;

/** Reply on `reportSubject(host)`: the edge's verdicts in the order of the events; null when the edge gave none, and the host stores the message in the stream. */
export const reportReply = z.object({ verdicts: z.array(verdict).nullable() });
export type ReportReply = z.infer<typeof reportReply>;

/** Reply on `storeSubject(host)`: whether the stream has the message. */
export const storeReply = z.object({ stored: z.boolean(), problem: z.string().max(300).optional() });
export type StoreReply = z.infer<typeof storeReply>;

/** On `verdictSubject(host)`: the edge's verdicts on one event message, in the order of its events. */
export const verdictMessage = z.object({ hostBoot: id, batch: z.int().min(1), verdicts: z.array(verdict) });
export type VerdictMessage = z.infer<typeof verdictMessage>;

/** Life of a worker on its host. `draining` takes no more jobs; `exited` is reported once and then gone. */
export const workerPhase = z.enum(['initializing', 'idle', 'running', 'draining', 'unhealthy', 'exited']);
export type WorkerPhase = z.infer<typeof workerPhase>;

/** A worker's start: a new process (`cold`), or one that was kept frozen. A job that finds its worker up has none. */
export const startKind = z.enum(['cold', 'frozen']);
export type StartKind = z.infer<typeof startKind>;

/** A worker that FlashBoot keeps on a host: nobody's worker, holding nothing but memory, until `start-worker` with `thaw` names it. */
export const frozenReport = z.object({
	id,
	endpointId: id,
	version: z.int().min(1),
	/** It can be thawed now: the GPUs that it ran on are free. */
	ready: z.boolean(),
	frozenAgoMs: z.number().min(0),
	/** Memory of the host that it keeps, and memory of its GPUs that could not be moved out. Bytes. */
	memoryBytes: z.number().min(0),
	gpuMemoryBytes: z.number().min(0),
});
export type FrozenReport = z.infer<typeof frozenReport>;

/** How workers of this boot came to life, and what jobs found: for operators. Durations from the start to the first word that the worker can be given work. */
export const startFigures = z.object({
	cold: z.object({ starts: z.int().min(0), lastMs: z.number().min(0).nullable(), totalMs: z.number().min(0) }),
	frozen: z.object({ starts: z.int().min(0), lastMs: z.number().min(0).nullable(), totalMs: z.number().min(0) }),
	/** Jobs that found their worker up. */
	warmJobs: z.int().min(0),
	/** Thaws that failed and became fresh starts, and frozen workers that had to make room. */
	thawsFailed: z.int().min(0),
	evicted: z.int().min(0),
});
export type StartFigures = z.infer<typeof startFigures>;

export const workerReport = z.object({
	id,
	endpointId: id,
	version: z.int().min(1),
	phase: workerPhase,
	/** GPU indices that it holds. */
	gpus: z.array(z.int().min(0)),
	/** Jobs in hand, `<job>.<epoch>`. */
	jobs: z.array(z.string().max(80)),
	/** Jobs that it could take now: the room of its open takes. */
	room: z.int().min(0),
	startedAgoMs: z.number().min(0),
	/** Since when without a job; 0 while running. */
	idleMs: z.number().min(0),
	exitCode: z.int().nullable().optional(),
	/** What the host knows of its end beyond code and signal. */
	exitCause: z.string().max(500).optional(),
	/** Load-balanced requests in hand. Absent: none. */
	requests: z.int().min(0).optional(),
	/** What its host still has to bring before it runs, such as `pulling image: 42 % of 5.1 GB`. Absent: it runs. */
	preparing: z.string().max(WORKER_PREPARING_CHARS_MAX).optional(),
	/** Where its exposed ports are reached. Absent: it exposes none. */
	ports: z.array(openPort).max(PORTS_MAX).optional(),
	/** Last lines of its log, when it ended badly. */
	lastLog: z.string().max(4_000).optional(),
	/** How it came to life, and how long that took until it could be given work (null: it cannot yet). Absent: not told. */
	start: z.object({ kind: startKind, readyMs: z.number().min(0).nullable() }).optional(),
});
export type WorkerReport = z.infer<typeof workerReport>;

/** On `hostReportSubject(host)`: all of a host's state, every report interval and soon after each change. `n` rises by one. */
export const hostReport = z.object({
	n: z.int().min(1),
	host: hostFigure,
	workers: z.array(workerReport),
	/** `host:port` where brokers open tunnels to load-balanced workers; absent: nowhere. */
	tunnel: z.string().max(300).optional(),
	/** What opens them; made anew by each boot. */
	tunnelToken: z.string().min(16).max(100).optional(),
	/** What FlashBoot keeps here. Absent: nothing. */
	frozen: z.array(frozenReport).max(FROZEN_WORKERS_MAX).optional(),
	starts: startFigures.optional(),
});
export type HostReport = z.infer<typeof hostReport>;
/** On `hostReportAckSubject(host)`. An agent that hears none for its lease stops its jobs (self-fencing); so does one whose `edgeSilentMs` passes the region's fence. */
export const hostReportAck = z.object({ hostBoot: id, n: z.int().min(1), edgeSilentMs: z.number().min(0) });
export type HostReportAck = z.infer<typeof hostReportAck>;

/**
 * On `controlSubject(host)`. `start-worker` is idempotent by worker id, and with `thaw` wakes the frozen worker of that id; `stop-worker` drains
 * first (running jobs finish), with `freeze` it keeps the worker frozen where the host can, with `now` it ends it at once, and it ends a frozen one;
 * `quarantine-gpu` takes a GPU out of placement, without a reason back in, and its workers drain; `held` asks which attempts the
 * boot has in hand or owes a report on.
 */
export const hostCommand = z.discriminatedUnion('op', [
	z.object({
		op: z.literal('start-worker'),
		workerId: id,
		endpointId: id,
		version: z.int().min(1),
		spec: endpointSpec,
		/** As in the endpoint's grant. */
		registryAuth: registryAuth.optional(),
		volumes: z.array(placedVolume).optional(),
		/** Lets this host pull jobs of the endpoint (`jobPullSubject`). */
		permit: id.optional(),
		/** Wakes the frozen worker of this id; one that does not wake is started afresh under the same id. Refused with `notFrozen` when there is none to wake. */
		thaw: z.boolean().optional(),
	}),
	z.object({ op: z.literal('stop-worker'), workerId: id, freeze: z.boolean().optional(), now: z.boolean().optional(), reason: z.string().max(300).optional() }),
	z.object({ op: z.literal('quarantine-gpu'), gpu: z.int().min(0), reason: z.string().max(300).nullable() }),
	z.object({ op: z.literal('stop-jobs'), jobs: z.array(z.object({ id, epoch: z.int().min(1) })) }),
	z.object({ op: z.literal('drain'), on: z.boolean() }),
	z.object({ op: z.literal('report') }),
	z.object({ op: z.literal('held'), hostBoot: id, jobs: z.array(z.object({ id, epoch: z.int().min(1) })).max(INVENTORY_BATCH_MAX) }),
]);
export type HostCommand = z.infer<typeof hostCommand>;
/** `held`: answer to the command of that name, in the order of its jobs. `notFrozen`: the worker to thaw is gone, or its GPUs are taken: nothing was started. */
export const hostReply = z.object({ ok: z.boolean(), error: z.string().max(500).optional(), held: z.array(z.boolean()).optional(), notFrozen: z.boolean().optional() });
export type HostReply = z.infer<typeof hostReply>;
