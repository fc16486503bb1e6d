/** A host in a test's hands on a real NATS: reports what it is told to, keeps commands, verdicts and acknowledgements, and starts workers when asked. */
import { type ConnectionOptions, connect, type NatsConnection } from 'nats';
import type { FrozenReport, HostCommand, HostReply, HostReportAck, ReportReply, VerdictMessage, WorkerReport } from '../../shared-schema/src/wire/bus.ts';
import { encodeFramed } from '../../shared-schema/src/wire/framing.ts';
import type { LogPage, LogQuery } from '../../shared-schema/src/wire/logs.ts';
import type { HostFigure, JobEvent } from '../../shared-schema/src/wire/region.ts';
import {
	claimSubject,
	controlSubject,
	eventSubject,
	HOST_ROLL_CALL_SUBJECT,
	hostInbox,
	hostReportAckSubject,
	hostReportSubject,
	logsSubject,
	reportSubject,
	verdictSubject,
} from '../../shared-schema/src/wire/subjects.ts';

export interface HostStandIn {
	readonly id: string;
	readonly nats: NatsConnection;
	readonly commands: HostCommand[];
	readonly acks: HostReportAck[];
	readonly verdicts: VerdictMessage[];
	boot: string;
	figure: Partial<HostFigure>;
	workers: WorkerReport[];
	/** Where its tunnels would be; null: nowhere. */
	tunnel: string | null;
	/** What it keeps frozen. */
	frozen: FrozenReport[];
	/** How it answers commands; by default it takes them all and a started worker is idle at once. */
	reply: (command: HostCommand) => HostReply;
	/** What it does with a command that it takes. */
	obey: (command: HostCommand) => void;
	/** What it shows of its workers' logs; null: nothing, so that a reader waits in vain. */
	logs: (query: LogQuery) => LogPage | Promise<LogPage> | null;
	/** Whether it answers roll calls. */
	answersRollCall: boolean;
	report(): void;
	sendEvents(batch: number, events: readonly JobEvent[], frames?: readonly Uint8Array[]): Promise<void>;
	/** Events on the short way: the broker's reply. `asHost` names another host's subject. */
	askVerdicts(batch: number, events: readonly JobEvent[], frames?: readonly Uint8Array[], asHost?: string): Promise<ReportReply>;
	claim(body: unknown, timeoutMs?: number): Promise<unknown>;
	close(): Promise<void>;
}

/** Joins the region whose NATS is at `url`. */
export async function startHostStandIn(url: string, id: string, figure: Partial<HostFigure> = {}, login: ConnectionOptions = {}): Promise<HostStandIn> {
	const nats = await connect({ servers: url, inboxPrefix: hostInbox(id), maxReconnectAttempts: -1, reconnectTimeWait: 100, ...login });
	let n = 0;
	const message = (batch: number, events: readonly JobEvent[], frames: readonly Uint8Array[]): Uint8Array =>
		encodeFramed({ hostId: id, hostBoot: host.boot, batch, events }, frames, (text) => Buffer.from(text));
	const host: HostStandIn = {
		id,
		nats,
		commands: [],
		acks: [],
		verdicts: [],
		boot: `boot-${id}-1`,
		figure,
		workers: [],
		tunnel: null,
		frozen: [],
		reply: () => ({ ok: true }),
		obey: (command) => obey(host, command),
		logs: () => null,
		answersRollCall: true,
		report: () => {
			const full: HostFigure = {
				id,
				boot: host.boot,
				dataCenterId: 'EU-RO-1',
				gpuType: 'NVIDIA GeForce RTX 4090',
				gpus: 4,
				gpusFree: 4,
				cudaVersion: '12.8',
				models: [],
				draining: false,
				...host.figure,
			};
			const held = host.workers.reduce((sum, worker) => sum + worker.gpus.length, 0);
			nats.publish(
				hostReportSubject(id),
				JSON.stringify({
					n: ++n,
					host: { ...full, gpusFree: full.gpusFree - held },
					workers: host.workers,
					frozen: host.frozen,
					...(host.tunnel === null ? {} : { tunnel: host.tunnel }),
				}),
			);
		},
		sendEvents: async (batch, events, frames = []) => {
			await nats.jetstream().publish(eventSubject(id), message(batch, events, frames), { msgID: `${host.boot}.${batch}` });
		},
		askVerdicts: async (batch, events, frames = [], asHost = id) => (await nats.request(reportSubject(asHost), message(batch, events, frames), { timeout: 3_000 })).json(),
		claim: async (body, timeoutMs = 3_000) => (await nats.request(claimSubject(id), JSON.stringify(body), { timeout: timeoutMs })).json(),
		close: () => nats.close(),
	};
	const on = <T>(subject: string, listener: (value: T) => void): void => void nats.subscribe(subject, { callback: (_, message) => listener(message.json<T>()) });
	on<HostReportAck>(hostReportAckSubject(id), (ack) => host.acks.push(ack));
	on<VerdictMessage>(verdictSubject(id), (verdict) => host.verdicts.push(verdict));
	nats.subscribe(logsSubject(id), {
		callback: (_, message) => void Promise.resolve(host.logs(message.json<LogQuery>())).then((page) => page !== null && message.respond(JSON.stringify(page))),
	});
	nats.subscribe(HOST_ROLL_CALL_SUBJECT, { callback: () => host.answersRollCall && host.report() });
	nats.subscribe(controlSubject(id), {
		callback: (_, message) => {
			const command = message.json<HostCommand>();
			host.commands.push(command);
			const reply = host.reply(command);
			if (reply.ok) host.obey(command);
			message.respond(JSON.stringify(reply));
			host.report();
		},
	});
	await nats.flush();
	return host;
}

function obey(host: HostStandIn, command: HostCommand): void {
	if (command.op === 'stop-worker') {
		const worker = host.workers.find(({ id }) => id === command.workerId);
		host.frozen = host.frozen.filter(({ id }) => id !== command.workerId);
		if (command.freeze === true && worker !== undefined)
			host.frozen.push({ id: worker.id, endpointId: worker.endpointId, version: worker.version, ready: true, frozenAgoMs: 0, memoryBytes: 1, gpuMemoryBytes: 0 });
	}
	if (command.op === 'start-worker') {
		host.frozen = host.frozen.filter(({ id }) => id !== command.workerId);
		const gpus = Array.from({ length: command.spec.gpuCount }, (_, i) => i);
		host.workers.push({ id: command.workerId, endpointId: command.endpointId, version: command.version, phase: 'idle', gpus, jobs: [], room: 1, startedAgoMs: 0, idleMs: 0 });
	}
	if (command.op === 'stop-worker') host.workers = host.workers.filter((worker) => worker.id !== command.workerId || worker.jobs.length > 0);
}
