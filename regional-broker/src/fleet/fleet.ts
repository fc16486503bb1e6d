/** Ties the fleet's parts to the bus: hears hosts, acknowledges them while leading, remembers them, keeps depths true, and gives hosts up in time. */

import { type HostCommand, type HostReply, type HostReport, hostReply, hostReport } from '@longshore/shared-schema/wire/bus';
import { hostFigure, type RegionHeartbeat } from '@longshore/shared-schema/wire/region';
import { controlSubject, HOST_ROLL_CALL_SUBJECT, hostReportAckSubject, hostReportSubject } from '@longshore/shared-schema/wire/subjects';
import type { Balancer } from '../balancer/balancer.ts';
import type { Bus } from '../bus/bus.ts';
import { errorText, type Log } from '../log.ts';
import type { Decisions } from './decisions.ts';
import type { Duties } from './duties.ts';
import type { Grants } from './grants.ts';
import type { JobConsumers } from './job-consumers.ts';
import type { Quarantines } from './quarantines.ts';
import type { QueueDepths } from './queue-depths.ts';
import type { KnownHost, Registry } from './registry.ts';
import type { Scaler } from './scaler.ts';
import { StartedJobs } from './started-jobs.ts';

const COMMAND_TIMEOUT_MS = 2_000;
const HOST_KEY = 'host.';
/** How often the stream's own counts set the estimates right while anything waits. */
const CORRECT_MS = 2_000;

export interface FleetOptions {
	readonly bus: Bus;
	readonly registry: Registry;
	readonly grants: Grants;
	readonly depths: QueueDepths;
	readonly consumers: Pick<JobConsumers, 'look'>;
	readonly scaler: Scaler;
	readonly duties: Duties;
	readonly quarantines: Pick<Quarantines, 'reconcile'>;
	readonly decisions: Pick<Decisions, 'note'>;
	readonly isLeader: () => boolean;
	readonly edgeSilentMs: () => number | null;
	/** What is known of hosts and their workers has changed. */
	readonly onReport: () => void;
	/** Hosts came or went: the edge should know soon. */
	readonly onHosts: () => void;
	readonly log: Log;
}

export class Fleet {
	/** Shared with the relay of start events. */
	readonly startedJobs = new StartedJobs(() => performance.now());
	readonly #options: FleetOptions;
	#expiry: NodeJS.Timeout | null = null;
	#correction: NodeJS.Timeout | null = null;
	#correcting = false;
	#seeded = false;
	#stopped = false;

	constructor(options: FleetOptions) {
		this.#options = options;
	}

	start(): void {
		const { bus } = this.#options;
		bus.subscribe(hostReportSubject('*'), (data, _, subject) => this.#heard(data, subject));
		bus.onReady(() => void this.#recall());
	}

	/** True when the hosts of before this broker's start are known, so that a heartbeat's list of hosts means what it says. */
	isSeeded(): boolean {
		return this.#seeded;
	}

	rollCall(): void {
		this.#options.bus.publish(HOST_ROLL_CALL_SUBJECT, '');
	}

	/** A new leader writes down every host: its forerunner may have died before it could. */
	remember(): void {
		for (const { figure } of this.#options.registry.hosts()) this.#writeDown(figure.id);
	}

	/** The edge has heard of these hosts' losses: only now may the bucket forget what they were. */
	settled(hostIds: readonly string[]): void {
		for (const hostId of hostIds) this.#writeDown(hostId);
	}

	/** The estimates changed or may be wrong: the stream is asked soon, and again while anything waits. */
	correctSoon(inMs: number = CORRECT_MS): void {
		if (this.#correction !== null || this.#stopped) return;
		this.#correction = setTimeout(() => {
			this.#correction = null;
			void this.#correct();
		}, inMs);
	}

	stop(): void {
		this.#stopped = true;
		if (this.#expiry !== null) clearTimeout(this.#expiry);
		if (this.#correction !== null) clearTimeout(this.#correction);
	}

	/** Each time NATS is (back) there: first the hosts of before, once, then everybody is called. */
	async #recall(): Promise<void> {
		const { bus, registry, log } = this.#options;
		while (!this.#seeded && !this.#stopped) {
			try {
				const records = await bus.records.list(HOST_KEY);
				const replaced = registry.seed([...records.values()].flatMap((text) => hostFigure.safeParse(JSON.parse(text)).data ?? []));
				this.#seeded = true;
				for (const before of replaced) this.#restarted(before);
				if (replaced.length > 0) this.#options.onHosts();
			} catch (error) {
				log.warn('cannot read which hosts were here, trying on', { error: errorText(error) });
				await new Promise((resolve) => setTimeout(resolve, 500));
			}
		}
		this.rollCall();
		this.#armExpiry();
		this.correctSoon(0);
		const settlesInMs = registry.settlesInMs();
		if (settlesInMs !== null) setTimeout(() => this.#options.scaler.touchAll(), settlesInMs + 1).unref();
	}

	#heard(data: Uint8Array, subject: string): void {
		const { registry, scaler, bus, log } = this.#options;
		let report: ReturnType<typeof hostReport.parse>;
		try {
			report = hostReport.parse(JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.length).toString()));
			// A host may speak for itself only: its name is in the subject, which its NATS user is bound to.
			if (hostReportSubject(report.host.id) !== subject) throw new Error(`${subject} speaks for ${report.host.id}`);
		} catch (error) {
			log.error('a host report cannot be read', { error: errorText(error).slice(0, 300) });
			return;
		}
		const before = registry.host(report.host.id);
		const wasComplete = registry.isComplete();
		const hearing = registry.hear(report);
		if (hearing === 'stale') return;
		const edgeSilentMs = this.#options.edgeSilentMs();
		// No acknowledgement while nobody knows how long the edge has been silent: hosts then fence themselves in time.
		if (this.#options.isLeader() && edgeSilentMs !== null) {
			bus.publish(hostReportAckSubject(report.host.id), JSON.stringify({ hostBoot: report.host.boot, n: report.n, edgeSilentMs }));
		}
		const now = registry.host(report.host.id);
		this.#noteTaken(before, report);
		if (now !== undefined) {
			scaler.heard(before, now);
			this.#options.onReport();
			this.#options.duties.reconcile(now);
			this.#options.quarantines.reconcile(now);
			this.#noteFaults(before, report);
		}
		if (hearing === 'new') this.#arrived(now, before);
		if (hearing === 'new' || registry.isComplete() !== wasComplete) scaler.touchAll();
		this.#armExpiry();
	}

	/** Jobs that workers have in hand wait no more, whether their start events have come by or not: else they would count twice, as waiting and as running. */
	#noteTaken(before: KnownHost | undefined, report: HostReport): void {
		const known = new Set(before?.workers.flatMap(({ jobs }) => jobs));
		for (const { endpointId, jobs } of report.workers) {
			const taken = jobs.filter((key) => !known.has(key) && this.startedJobs.isFirst(key)).length;
			if (taken > 0) this.#options.depths.started(endpointId, taken);
		}
	}

	/** A GPU that has failed, or was taken out: whose workers are on it is told why they go. */
	#noteFaults(before: KnownHost | undefined, { host, workers }: HostReport): void {
		const known = new Set(before?.figure.gpuFaults);
		for (const fault of host.gpuFaults ?? []) {
			if (known.has(fault)) continue;
			this.#options.log.warn('a GPU is taken out', { hostId: host.id, fault });
			const gpu = Number(/^GPU (\d+):/.exec(fault)?.[1]);
			for (const { id, endpointId, gpus } of workers) if (gpus.includes(gpu)) this.#options.decisions.note(endpointId, 'stop', `${id} on ${host.id}: ${fault}`, {});
		}
	}

	#arrived(host: KnownHost | undefined, before: KnownHost | undefined): void {
		if (host === undefined) return;
		this.#options.log.info('host is here', { hostId: host.figure.id, boot: host.figure.boot });
		if (before !== undefined) this.#restarted(before);
		this.#writeDown(host.figure.id);
		this.#options.onHosts();
	}

	#restarted(before: KnownHost): void {
		this.#options.log.warn('host restarted, its jobs are lost', { hostId: before.figure.id, boot: before.figure.boot });
		this.#options.scaler.lost([before]);
	}

	#armExpiry(): void {
		const inMs = this.#options.registry.nextExpiryInMs();
		if (this.#expiry !== null || inMs === null || this.#stopped) return;
		this.#expiry = setTimeout(() => {
			this.#expiry = null;
			this.#expire();
			this.#armExpiry();
		}, inMs + 1);
	}

	#expire(): void {
		const lost = this.#options.registry.expire();
		if (lost.length === 0) return;
		for (const host of lost) {
			this.#options.log.warn('host fell silent and is given up', { hostId: host.figure.id, boot: host.figure.boot });
			this.#writeDown(host.figure.id);
		}
		this.#options.scaler.lost(lost);
		this.#options.onReport();
		this.#options.onHosts();
	}

	async #correct(): Promise<void> {
		const { bus, depths, grants, consumers, scaler, log } = this.#options;
		if (this.#correcting || !bus.isReady()) return;
		this.#correcting = true;
		try {
			const versions = depths.versions();
			const counts = new Map<string, { normal: number; low: number }>();
			for (const [subject, messages] of await bus.jobCounts()) {
				const [, endpointId = '', lane = ''] = subject.split('.');
				if (lane !== 'normal' && lane !== 'low') continue;
				const count = counts.get(endpointId) ?? { normal: 0, low: 0 };
				counts.set(endpointId, count);
				count[lane] = messages;
			}
			for (const endpointId of depths.correct(counts, versions)) scaler.touch(endpointId);
			for (const endpointId of counts.keys()) if (grants.get(endpointId) !== undefined) consumers.look(endpointId);
		} catch (error) {
			log.warn('cannot count what waits', { error: errorText(error) });
		} finally {
			this.#correcting = false;
		}
		if (!depths.isEmpty()) this.correctSoon();
	}

	/** Leaves the record of a boot whose loss the edge has yet to hear of: the next broker would know of it from nowhere else. */
	#writeDown(hostId: string): void {
		const { bus, registry, isLeader, log } = this.#options;
		if (!isLeader() || registry.owesLossOf(hostId)) return;
		const host = registry.host(hostId);
		const key = HOST_KEY + hostId;
		const written = host === undefined ? bus.records.delete(key) : bus.records.put(key, JSON.stringify(host.figure));
		written.catch((error: unknown) => log.warn('cannot write down a host', { key, error: errorText(error) }));
	}
}

/** A way to command hosts over the bus. */
export function createCommander(bus: Pick<Bus, 'request'>): (hostId: string, command: HostCommand) => Promise<HostReply | null> {
	return async (hostId, command) => {
		const reply = await bus.request(controlSubject(hostId), JSON.stringify(command), COMMAND_TIMEOUT_MS);
		return reply === null ? null : hostReply.parse(JSON.parse(reply));
	};
}

/** The heartbeat's body from the fleet's parts. */
export function composeHeartbeat(
	brokerBoot: string,
	leads: boolean,
	registry: Registry,
	grants: Grants,
	depths: QueueDepths,
	balancer: Pick<Balancer, 'traffic'>,
	scaler: Scaler,
	duties: Duties,
): RegionHeartbeat {
	const endpoints: RegionHeartbeat['endpoints'] = {};
	for (const { endpointId, revision, spec } of grants.all()) {
		const figures = scaler.figures(endpointId);
		const depth = depths.of(endpointId);
		const requests = spec.type === 'LOAD_BALANCER' ? balancer.traffic(endpointId) : undefined;
		endpoints[endpointId] = {
			revision,
			workers: figures.workers,
			alive: figures.alive,
			queued: depth.normal + depth.low,
			slotsFree: figures.slotsFree,
			...(requests === undefined ? {} : { requests }),
			...(figures.blocked === null ? {} : { blocked: figures.blocked }),
		};
	}
	return {
		brokerBoot,
		leads,
		hosts: registry.hosts().map(({ figure }) => ({ ...figure, draining: figure.draining || duties.of(figure.id) !== 'open' })),
		lostBoots: registry.lostBoots(),
		endpoints,
	};
}
