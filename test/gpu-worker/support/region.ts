/** A region for one host: a real nats-server with the permissions of production, and a stand-in for broker and edge that publishes jobs, answers claims and verdicts and keeps what it hears. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { type EventMessageHead, eventMessageHead, type HostCommand, type HostReply, type HostReport, hostReport } from '@longshore/shared-schema/wire/bus';
import { cutFrames, decodeFramed, encodeFramed } from '@longshore/shared-schema/wire/framing';
import { type ClaimRequest, claimRequest, type DispatchedJob, type JobEvent, type Verdict } from '@longshore/shared-schema/wire/region';
import {
	claimSubject,
	controlSubject,
	EVENTS_STREAM,
	EVENTS_SUBJECTS,
	endpointConsumer,
	eventSubject,
	hostReportAckSubject,
	hostReportSubject,
	JOBS_STREAM,
	JOBS_SUBJECTS,
	jobPullSubject,
	jobSubject,
	jobsOfEndpoint,
	RELAY_CONSUMER,
	storeSubject,
	verdictSubject,
} from '@longshore/shared-schema/wire/subjects';
import { AckPolicy, headers, type NatsConnection, RetentionPolicy, StorageType } from 'nats';
import { renderNatsConfig } from '../../../infra/local/nats-config.ts';
import { ensureNatsServer } from '../../../infra/local/nats-server.ts';
import { specWith } from '../../support/endpoint-spec.ts';
import { type NatsIdentities, natsIdentities } from '../../support/nats-identities.ts';
import { until } from '../../support/wait.ts';

export const HOST_ID = 'host-a';
export const HOST_TOKEN = 'host-token-of-the-tests';
/** What the stand-in's orders let the host pull with. */
const PERMIT = 'permit-of-the-tests';
const STORE_KEY = 'key-of-the-tests';

/** An event as the edge gets it, with its frame as text. */
export interface SeenEvent {
	readonly event: JobEvent;
	readonly frame: string | null;
	readonly batch: number;
	/** Boot of the agent that sent it. */
	readonly senderBoot: string;
}

export interface Region {
	readonly natsUrl: string;
	readonly brokerUrl: string;
	/** The host's credential, as it would have got it by enrolling. */
	readonly credential: { readonly hostId: string; readonly natsSeed: string; readonly natsToken: string; readonly hostToken: string; readonly enrolTokenHash: string };
	readonly events: SeenEvent[];
	readonly claims: ClaimRequest['claims'];
	readonly reports: HostReport[];
	/** Payloads that are fetched by pointer: job id → text, or a status. */
	readonly payloads: Map<string, string | number>;
	/** Job id → output as it was uploaded. */
	readonly outputs: Map<string, string>;
	/** The next uploads are answered with these. */
	readonly uploadStatuses: number[];
	/** How the edge decides; replace to change. null: no verdict. */
	decide: (seen: SeenEvent) => Verdict | null;
	decideClaim: (claim: ClaimRequest['claims'][number]) => 'run' | 'drop' | null;
	/** Whether host reports are acknowledged, and what is said of the edge. */
	ack: { on: boolean; edgeSilentMs: number };
	addEndpoint(endpointId: string): Promise<void>;
	send(job: Partial<DispatchedJob> & { readonly id: string }, input: unknown): Promise<void>;
	command(command: HostCommand): Promise<HostReply>;
	publish(subject: string, data: string): void;
	startWorker(workerId: string, spec: Partial<EndpointSpec>, endpointId?: string): Promise<HostReply>;
	/** Messages of the jobs stream. */
	queued(): Promise<number>;
	result(jobId: string): Promise<SeenEvent & { event: Extract<JobEvent, { kind: 'result' }> }>;
	worker(workerId: string): HostReport['workers'][number] | undefined;
	killNats(): Promise<void>;
	startNats(): Promise<void>;
	stop(): Promise<void>;
}

/** Environment of an agent in this region; its state directory gets the host's credential. */
export function agentEnv(region: Region, stateDir: string): Record<string, string> {
	writeFileSync(join(stateDir, 'credential.json'), JSON.stringify(region.credential), { mode: 0o600 });
	return {
		LONGSHORE_HOST_ID: HOST_ID,
		LONGSHORE_DATA_CENTER_ID: 'EU-RO-1',
		LONGSHORE_NATS_URL: region.natsUrl,
		LONGSHORE_BROKER_URL: region.brokerUrl,
		LONGSHORE_STATE_DIR: stateDir,
		LONGSHORE_DECLARED_GPUS: JSON.stringify({ gpuType: 'NVIDIA L40S', count: 2 }),
		LONGSHORE_ALLOW_PROCESS_WORKERS: '1',
		LONGSHORE_HOST_REPORT_MS: '300',
		LONGSHORE_KILL_GRACE_MS: '1000',
		LONGSHORE_EVENT_RETRY_MS: '400',
	};
}

/** A specification that runs a local process on the host of these tests. */
export function spec(more: Partial<EndpointSpec> = {}): EndpointSpec {
	return specWith({ image: `process://${tmpdir()}`, gpuPools: ['ADA_48_PRO'], ...more });
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Starts the region with its streams; endpoints are added by `addEndpoint`. */
export async function startRegion(): Promise<Region> {
	const home = mkdtempSync(join(tmpdir(), 'longshore-region-'));
	const binary = (await ensureNatsServer()).path;
	const identities = natsIdentities();
	const login = identities.host(HOST_ID);
	let server = await launchNats(binary, home, -1, identities);
	const natsUrl = `nats://127.0.0.1:${server.port}`;
	const connection = await identities.asBroker(natsUrl, { maxReconnectAttempts: -1, reconnectTimeWait: 50 });
	const manager = await connection.jetstreamManager();
	await manager.streams.add({ name: JOBS_STREAM, subjects: [JOBS_SUBJECTS], retention: RetentionPolicy.Workqueue, storage: StorageType.File });
	await manager.streams.add({ name: EVENTS_STREAM, subjects: [EVENTS_SUBJECTS], storage: StorageType.File });
	await manager.consumers.add(EVENTS_STREAM, { durable_name: RELAY_CONSUMER, ack_policy: AckPolicy.Explicit, deliver_subject: 'relay.deliver' });
	const http = createServer();
	const region: Region = {
		natsUrl,
		brokerUrl: '',
		credential: { hostId: HOST_ID, natsSeed: login.seed, natsToken: login.token, hostToken: HOST_TOKEN, enrolTokenHash: '' },
		events: [],
		claims: [],
		reports: [],
		payloads: new Map(),
		outputs: new Map(),
		uploadStatuses: [],
		decide: () => 'accepted',
		decideClaim: () => 'run',
		ack: { on: true, edgeSilentMs: 0 },
		async addEndpoint(endpointId) {
			await manager.consumers.add(JOBS_STREAM, { durable_name: endpointConsumer(endpointId), ack_policy: AckPolicy.Explicit, filter_subject: jobsOfEndpoint(endpointId) });
		},
		async send(job, input) {
			const text = JSON.stringify({ id: job.id, input });
			const full: DispatchedJob = {
				endpointId: 'ep1',
				epoch: 1,
				token: 'token-of-16-chars',
				startWithinMs: 60_000,
				executionTimeoutMs: 600_000,
				lowPriority: false,
				payloadBytes: Buffer.byteLength(text),
				inline: true,
				...job,
			};
			if (!full.inline && !region.payloads.has(full.id)) region.payloads.set(full.id, text);
			const head = headers();
			head.set('Nats-Msg-Id', `${full.id}.${full.epoch}`);
			await connection.request(jobSubject(full.endpointId, full.lowPriority), encodeFramed(full, full.inline ? [encode(text)] : [], encode), { timeout: 5_000, headers: head });
		},
		async command(command) {
			return JSON.parse(decode((await connection.request(controlSubject(HOST_ID), encode(JSON.stringify(command)), { timeout: 10_000 })).data)) as HostReply;
		},
		publish: (subject, data) => connection.publish(subject, encode(data)),
		startWorker: (workerId, more, endpointId = 'ep1') => region.command({ op: 'start-worker', workerId, endpointId, version: 1, spec: spec(more), permit: PERMIT }),
		queued: async () => (await manager.streams.info(JOBS_STREAM)).state.messages,
		result: (jobId) =>
			until(() => region.events.find((seen): seen is SeenEvent & { event: Extract<JobEvent, { kind: 'result' }> } => seen.event.id === jobId && seen.event.kind === 'result'), {
				what: `result of ${jobId}`,
				timeoutMs: 20_000,
				everyMs: 5,
			}),
		worker: (workerId) => region.reports.at(-1)?.workers.find((worker) => worker.id === workerId),
		killNats: () => end(server.child, 'SIGKILL'),
		async startNats() {
			server = await launchNats(binary, home, server.port, identities);
		},
		async stop() {
			await connection.close();
			await end(server.child, 'SIGKILL');
			http.closeAllConnections();
			await new Promise((resolve) => http.close(resolve));
			rmSync(home, { recursive: true, force: true });
		},
	};
	listenOnBus(connection, region);
	serveHttp(http, region);
	await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
	return Object.assign(region, { brokerUrl: `http://127.0.0.1:${(http.address() as AddressInfo).port}` });
}

function listenOnBus(connection: NatsConnection, region: Region): void {
	connection.subscribe('relay.deliver', {
		callback: (_, message) => {
			const { head, rest } = decodeFramed(message.data, decode);
			const parsed: EventMessageHead = eventMessageHead.parse(head);
			const sizes = parsed.events.map((event) => ('bytes' in event ? event.bytes : undefined));
			const frames = cutFrames(
				rest,
				sizes.filter((size) => size !== undefined),
			);
			const seen = parsed.events.map((event, index) => ({
				event,
				frame: sizes[index] === undefined ? null : decode(frames.shift() ?? new Uint8Array()),
				batch: parsed.batch,
				senderBoot: parsed.hostBoot,
			}));
			region.events.push(...seen);
			const verdicts = seen.map((one) => region.decide(one));
			if (verdicts.every((verdict) => verdict !== null))
				connection.publish(verdictSubject(parsed.hostId), encode(JSON.stringify({ hostBoot: parsed.hostBoot, batch: parsed.batch, verdicts })));
			message.respond(encode('+ACK'));
		},
	});
	connection.subscribe(claimSubject(HOST_ID), {
		callback: (_, message) => {
			const { claims } = claimRequest.parse(JSON.parse(decode(message.data)));
			region.claims.push(...claims);
			const results = claims.map((claim) => region.decideClaim(claim));
			if (results.every((result) => result !== null)) message.respond(encode(JSON.stringify({ results })));
		},
	});
	passOnToStreams(connection);
	connection.subscribe(hostReportSubject(HOST_ID), {
		callback: (_, message) => {
			const report = hostReport.parse(JSON.parse(decode(message.data)));
			region.reports.push(report);
			if (region.ack.on)
				connection.publish(hostReportAckSubject(report.host.id), encode(JSON.stringify({ hostBoot: report.host.boot, n: report.n, edgeSilentMs: region.ack.edgeSilentMs })));
		},
	});
}

/** What a broker does for hosts, which have no business with streams. */
function passOnToStreams(connection: NatsConnection): void {
	connection.subscribe(jobPullSubject(HOST_ID, '*', PERMIT), {
		callback: (_, { subject, data, reply }) =>
			connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${JOBS_STREAM}.${endpointConsumer(subject.split('.')[2] ?? '')}`, data, reply === undefined ? {} : { reply }),
	});
	connection.subscribe(storeSubject(HOST_ID), {
		callback: (_, message) => {
			const { head } = decodeFramed(message.data, decode);
			const { hostBoot, batch } = eventMessageHead.parse(head);
			const id = headers();
			id.set('Nats-Msg-Id', `${hostBoot}.${batch}`);
			connection.request(eventSubject(HOST_ID), message.data, { timeout: 5_000, headers: id }).then(
				() => message.respond(encode('{"stored":true}')),
				(error: unknown) => message.respond(encode(JSON.stringify({ stored: false, problem: String(error) }))),
			);
		},
	});
}

function serveHttp(http: Server, region: Region): void {
	http.on('request', (request, response) => {
		const [, kind, jobId] = /^\/host\/v1\/(payload|output)\/([^?]+)\?epoch=\d+$/.exec(request.url ?? '') ?? [];
		const parts: Buffer[] = [];
		request.on('data', (part: Buffer) => parts.push(part));
		request.on('end', () => {
			const authorised = request.headers.authorization === `Bearer ${HOST_TOKEN}` && request.headers['x-longshore-attempt'] === 'token-of-16-chars';
			if (!authorised || jobId === undefined) return response.writeHead(401).end();
			if (kind === 'payload') {
				const payload = region.payloads.get(jobId) ?? 404;
				return typeof payload === 'number' ? response.writeHead(payload).end() : response.end(payload);
			}
			const status = region.uploadStatuses.shift() ?? 200;
			if (status === 200) region.outputs.set(jobId, Buffer.concat(parts).toString('utf8'));
			return response.writeHead(status).end();
		});
	});
}

async function launchNats(binary: string, home: string, port: number, identities: NatsIdentities): Promise<{ child: ChildProcess; port: number }> {
	const storeDir = join(home, 'store');
	mkdirSync(storeDir, { recursive: true });
	const config = join(home, 'nats.conf');
	const text = renderNatsConfig({
		regionId: 'test',
		nodeName: 'n1',
		port,
		monitorPort: -1,
		storeDir,
		accountsDir: join(home, 'accounts'),
		...identities.config,
		syncAlways: false,
		storeKey: STORE_KEY,
	});
	writeFileSync(config, text);
	const child = spawn(binary, ['-c', config, '--ports_file_dir', home], { stdio: ['ignore', 'ignore', 'pipe'] });
	let log = '';
	child.stderr?.on('data', (part: Buffer) => {
		log = (log + part.toString()).slice(-4_000);
	});
	const file = join(home, `nats-server_${child.pid}.ports`);
	const url = await until(
		() => {
			if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode}: ${log}`);
			try {
				return (JSON.parse(readFileSync(file, 'utf8')) as { nats: string[] }).nats[0];
			} catch {
				return undefined; // Not written yet.
			}
		},
		{ what: 'nats-server writes its ports file', timeoutMs: 15_000, everyMs: 10 },
	);
	return { child, port: Number(new URL(url).port) };
}

/** Ends a child process and waits for it. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const ended = new Promise((resolve) => child.once('exit', resolve));
	child.kill(signal);
	await ended;
}
