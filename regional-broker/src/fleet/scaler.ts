/** Starts and stops the region's workers: wakes on events and at the next moment when time alone changes an answer, asks the pure core, and commands hosts when this broker leads. */
import { gpuTierOf } from '@longshore/shared-schema/endpoint/gpu-preference';
import type { HostCommand, HostReply } from '@longshore/shared-schema/wire/bus';
import type { EndpointGrant, WorkerCounts } from '@longshore/shared-schema/wire/region';
import type { Demand } from '../balancer/demand.ts';
import { chooseSurplus } from '../core/choose-surplus.ts';
import { chooseUpgrade, NO_UPGRADE, type Upgrade } from '../core/choose-upgrade.ts';
import { desiredWorkers } from '../core/desired-workers.ts';
import { placeWorker } from '../core/place-worker.ts';
import type { Log } from '../log.ts';
import { Anticipations } from './anticipations.ts';
import type { Backoffs } from './backoffs.ts';
import type { Decisions } from './decisions.ts';
import type { Duties } from './duties.ts';
import { FrozenWorkers, type HostedFrozen, whyUnwanted } from './frozen-workers.ts';
import type { Grants } from './grants.ts';
import { type Muster, musterWorkers, NO_WORKERS, type PendingStart } from './muster.ts';
import { placeHosts } from './place-hosts.ts';
import type { QueueDepths } from './queue-depths.ts';
import type { HostedWorker, KnownHost, Registry } from './registry.ts';
import { Rolls } from './rolls.ts';
import { newsOfWorkers } from './worker-news.ts';

/** A command whose effect no report has shown after this long is taken as lost. */
const COMMAND_LOST_MS = 15_000;

export interface ScalerOptions {
	readonly registry: Registry;
	readonly grants: Grants;
	readonly depths: QueueDepths;
	/** Load-balanced requests that wait for a worker. */
	readonly demand: Pick<Demand, 'of'>;
	readonly backoffs: Backoffs;
	readonly decisions: Decisions;
	readonly duties: Pick<Duties, 'of'>;
	/** Leads, knows all hosts and grants, and is not fenced. */
	readonly mayAct: () => boolean;
	/** Null: nobody listens there. Rejects when the host does not answer. */
	readonly command: (hostId: string, command: HostCommand) => Promise<HostReply | null>;
	/** Lets a host pull the endpoint's jobs. */
	readonly permitOf: (hostId: string, endpointId: string) => string;
	readonly newWorkerId: () => string;
	readonly now: () => number;
	readonly log: Log;
	/** An endpoint's worker counts changed. */
	readonly onCounts: () => void;
}

export interface EndpointFigures {
	readonly workers: WorkerCounts;
	/** Workers that take a place of the grant, those that are about to start or stop among them. */
	readonly alive: number;
	readonly slotsFree: number;
	readonly blocked: string | null;
}

export class Scaler {
	readonly anticipations: Anticipations = new Anticipations();
	readonly #options: ScalerOptions;
	readonly #dirty = new Set<string>();
	readonly #starts = new Map<string, PendingStart>();
	/** Workers told to stop that no report shows as draining yet. */
	readonly #stops = new Map<string, number>();
	readonly #figures = new Map<string, EndpointFigures>();
	/** Endpoints with workers that stay on a worse tier than their best. */
	readonly #away = new Set<string>();
	readonly #rolls = new Rolls();
	readonly #frozen: FrozenWorkers;
	readonly #dueAtMs = new Map<string, number>();
	#timer: NodeJS.Timeout | null = null;
	#timerAtMs = Number.POSITIVE_INFINITY;
	#flushing = false;
	#stopped = false;

	constructor(options: ScalerOptions) {
		this.#options = options;
		this.#frozen = new FrozenWorkers(options.registry);
	}

	figures(endpointId: string): EndpointFigures {
		return this.#figures.get(endpointId) ?? { workers: NO_WORKERS, alive: 0, slotsFree: 0, blocked: null };
	}

	/** Something about the endpoint changed. Many touches in one turn of the event loop are one evaluation. */
	touch(endpointId: string): void {
		this.#dirty.add(endpointId);
		if (this.#flushing || this.#stopped) return;
		this.#flushing = true;
		setImmediate(() => this.flush());
	}

	touchAll(): void {
		for (const grant of this.#options.grants.all()) this.touch(grant.endpointId);
		for (const endpointId of this.#options.registry.workers().keys()) this.touch(endpointId);
	}

	/** Learns from a host's report which starts arrived and which workers ended badly. `before`: the host's state until now. */
	heard(before: KnownHost | undefined, now: KnownHost): void {
		const pending = new Set<string>();
		for (const worker of now.workers) {
			if (this.#starts.delete(worker.id)) pending.add(worker.id);
			if (worker.phase === 'draining' || worker.phase === 'exited') this.#stops.delete(worker.id);
		}
		// Frozen: what was to be stopped is.
		for (const one of now.frozen) if (before?.frozen.some(({ id }) => id === one.id) !== true) this.#stops.delete(one.id);
		for (const news of newsOfWorkers(before, now, pending)) {
			const { id, endpointId, lastLog, startedAgoMs } = news.worker;
			if (news.kind === 'proven') this.#options.backoffs.succeeded(endpointId, now.figure.id);
			else if (news.kind === 'ready') this.anticipations.started(endpointId, startedAgoMs);
			else if (news.kind === 'up') this.#options.decisions.note(endpointId, 'start', news.text, { ...news.worker.start });
			else this.#failed(endpointId, id, now.figure.id, news.reason, news.code, lastLog ?? '');
		}
		for (const { endpointId } of [...now.workers, ...now.frozen, ...(before?.workers ?? []), ...(before?.frozen ?? [])]) this.touch(endpointId);
		// Room on the host may be what another endpoint waits for.
		for (const [endpointId, figures] of this.#figures) if (figures.blocked !== null || this.#away.has(endpointId)) this.touch(endpointId);
	}

	/** Hosts are gone with whatever was to start there. */
	lost(hosts: readonly KnownHost[]): void {
		const ids = new Set(hosts.map((host) => host.figure.id));
		for (const [workerId, start] of this.#starts) if (ids.has(start.hostId)) this.#starts.delete(workerId);
		for (const host of hosts) for (const worker of host.workers) this.touch(worker.endpointId);
		this.touchAll();
	}

	forget(endpointId: string): void {
		this.#options.backoffs.forget(endpointId);
		this.#options.decisions.forget(endpointId);
		this.anticipations.forget(endpointId);
		this.#dueAtMs.delete(endpointId);
		this.touch(endpointId);
	}

	stop(): void {
		this.#stopped = true;
		if (this.#timer !== null) clearTimeout(this.#timer);
	}

	/** Evaluates what was touched. */
	flush(): void {
		this.#flushing = false;
		if (this.#stopped) return;
		const now = this.#options.now();
		for (const [workerId, start] of this.#starts) if (now - start.atMs > COMMAND_LOST_MS) this.#starts.delete(workerId);
		for (const [workerId, atMs] of this.#stops) if (now - atMs > COMMAND_LOST_MS) this.#stops.delete(workerId);
		const workers = this.#options.registry.workers();
		const frozen = this.#frozen.byEndpoint();
		const dirty = [...this.#dirty];
		this.#dirty.clear();
		for (const endpointId of dirty) {
			this.#dismiss(endpointId, frozen.get(endpointId) ?? []);
			this.#evaluate(endpointId, workers.get(endpointId) ?? []);
		}
		this.#arm();
	}

	/** Frozen workers that nobody will want any more. */
	#dismiss(endpointId: string, frozen: readonly HostedFrozen[]): void {
		if (frozen.length === 0 || !this.#options.mayAct()) return;
		const grant = this.#options.grants.get(endpointId);
		for (const one of frozen) {
			const why = whyUnwanted(one, grant);
			if (why !== null) this.#stop(endpointId, one.id, new Map([[one.id, one.hostId]]), `frozen, ${why}`);
		}
	}

	#evaluate(endpointId: string, workers: readonly HostedWorker[]): void {
		const grant = this.#options.grants.get(endpointId);
		const muster = musterWorkers(endpointId, workers, {
			version: grant?.version ?? null,
			starts: this.#starts,
			stops: this.#stops,
			isDrained: (hostId) => this.#options.duties.of(hostId) === 'drained',
			failing: this.#options.backoffs.waiting(endpointId),
			nowMs: this.#options.now(),
		});
		if (grant === undefined) {
			this.#dueAtMs.delete(endpointId);
			this.#figures.delete(endpointId);
			this.#rolls.forget(endpointId);
			this.#away.delete(endpointId);
			if (this.#options.mayAct()) for (const worker of muster.surplus) this.#stop(endpointId, worker.id, muster.hostOf, 'endpoint no longer in this region');
			return;
		}
		const depth = this.#options.depths.of(endpointId);
		const inputs = {
			queued: depth.normal + this.#options.demand.of(endpointId),
			low: depth.low,
			running: muster.running,
			serving: muster.serving,
			starting: muster.starting,
			slotsFree: muster.slotsFree,
			oldestWaitMs: Math.round(depth.oldestWaitMs),
		};
		const { workersMin, workersMax, spec } = grant;
		const anticipation = this.anticipations.of(endpointId, spec, inputs.queued + inputs.running, muster.slotsPerWorker, workersMax, this.#options.now());
		const wanted = desiredWorkers({ scaling: spec.scaling, workersMin, workersMax, ...inputs, ...(anticipation === undefined ? {} : { anticipation }) });
		const replacing = Math.min(workersMax, this.#rolls.target(endpointId, grant.version, muster));
		const desired = replacing <= wanted.workers ? wanted : { ...wanted, workers: replacing, reason: `${replacing} workers of release ${grant.version} replace older ones` };
		const activeMin = Math.min(workersMin, workersMax);
		const upgrade = this.#upgrade(grant, muster, desired.workers, activeMin);
		const successor = upgrade.beside ? 1 : 0;
		const surplusInput = {
			workers: muster.surplus,
			workersMax: Math.max(workersMax, muster.serving === 2 ? workersMax + successor : 0),
			keep: Math.max(desired.workers, activeMin) + successor,
			demand: Math.max(wanted.workers, activeMin),
			// The anticipation counts it itself: by how many workers were needed, not worker by worker.
			idleTimeoutMs: anticipation === undefined ? spec.idleTimeoutS * 1_000 : 0,
		};
		const surplus = chooseSurplus({ ...surplusInput, mustGiveWay: false });
		// The last old worker fills the whole grant: its successor starts beside it, for that moment one above the maximum.
		const beside = surplus.keeper !== null && muster.serving + muster.draining === 0 && surplus.stops.length === 0 ? 1 : 0;
		const scaled = Math.max(0, Math.min(desired.workers - muster.serving, Math.max(beside, workersMax - muster.alive)));
		const toStart = upgrade.start ? 1 : scaled;
		const target = upgrade.start ? { workers: muster.serving + 1, reason: 'a better tier has room for a worker that stays' } : desired;
		if (toStart > 0) this.#options.decisions.note(endpointId, 'scale', `${muster.serving} → ${target.workers}: ${target.reason}`, { ...inputs, workersMin, workersMax });

		const placed = this.#start(grant, toStart, muster);
		// Its places are taken by others: the queue will say when more are needed.
		if (placed.blocked !== null && muster.oldAlive === 0) this.#rolls.forget(endpointId);
		const mustGiveWay = beside === 1 && placed.started === 0 && placed.blocked !== null && this.#wouldFitWithout(grant, surplus.keeper);
		const { stops } = mustGiveWay ? chooseSurplus({ ...surplusInput, mustGiveWay }) : surplus;
		if (this.#options.mayAct()) {
			for (const stop of stops) this.#stop(endpointId, stop.workerId, muster.hostOf, stop.reason, stop.reason === 'idle timeout' && spec.flashboot !== 'OFF');
			if (upgrade.stop !== null) this.#stop(endpointId, upgrade.stop, muster.hostOf, 'a better tier has room');
		}
		muster.counts.throttled = toStart - placed.started;
		this.#publish(endpointId, { workers: muster.counts, alive: muster.alive, slotsFree: muster.slotsFree, blocked: placed.blocked });
		this.#due(endpointId, [desired.recheckInMs, surplus.recheckInMs, upgrade.recheckInMs, placed.retryInMs, this.#starts.size + this.#stops.size > 0 ? COMMAND_LOST_MS : null]);
	}

	/** Whether one of the workers that stay should be on a better tier. */
	#upgrade(grant: EndpointGrant, muster: Muster, desired: number, activeMin: number): Upgrade {
		const { endpointId, spec, volumes, workersMax } = grant;
		this.#away.delete(endpointId);
		if (activeMin === 0) return NO_UPGRADE;
		const tierOn = (hostId: string | undefined): number => {
			const tier = spec.gpuCount === 0 ? 0 : gpuTierOf(spec, this.#options.registry.host(hostId ?? '')?.figure.gpuType ?? '');
			return tier < 0 ? Number.POSITIVE_INFINITY : tier;
		};
		const upgrade = chooseUpgrade({
			workers: muster.surplus.map((worker) => ({ ...worker, tier: tierOn(muster.hostOf.get(worker.id)) })),
			activeMin,
			desired,
			workersMax,
			alive: muster.alive,
			idleTimeoutMs: spec.idleTimeoutS * 1_000,
			bestTier: () => {
				const placement = placeWorker(spec, placeHosts(this.#options, this.#frozen, this.#starts, grant), volumes);
				return 'hostId' in placement ? tierOn(placement.hostId) : null;
			},
		});
		if (upgrade.isAway) this.#away.add(endpointId);
		return upgrade;
	}

	/** Whether the room of one worker is all that its successor lacks. */
	#wouldFitWithout(grant: EndpointGrant, workerId: string | null): boolean {
		const holder = this.#options.registry.hosts().find(({ workers }) => workers.some(({ id }) => id === workerId));
		const gpus = holder?.workers.find(({ id }) => id === workerId)?.gpus.length ?? 0;
		const hosts = placeHosts(this.#options, this.#frozen, this.#starts, grant).map((host) => (host.id === holder?.figure.id ? { ...host, gpusFree: host.gpusFree + gpus } : host));
		return 'hostId' in placeWorker(grant.spec, hosts);
	}

	/** Places up to `count` workers and tells their hosts. A broker that may not act only finds out what is in the way. */
	#start(grant: EndpointGrant, count: number, muster: Muster): { started: number; blocked: string | null; retryInMs: number | null } {
		const { registry, decisions } = this.#options;
		for (let started = 0; started < count; started++) {
			const hosts = placeHosts(this.#options, this.#frozen, this.#starts, grant);
			const placement = placeWorker(grant.spec, hosts, grant.volumes);
			if ('blocked' in placement) {
				decisions.note(grant.endpointId, 'blocked', placement.blocked, { missing: count - started, hosts: hosts.length });
				return { started, blocked: placement.blocked, retryInMs: placement.retryInMs };
			}
			if (!this.#options.mayAct()) return { started: count, blocked: null, retryInMs: registry.settlesInMs() };
			const host = registry.host(placement.hostId);
			const frozen = host === undefined ? undefined : this.#frozen.thawable(host, grant, this.#starts)[0];
			const workerId = frozen?.id ?? this.#options.newWorkerId();
			this.#stops.delete(workerId);
			this.#starts.set(workerId, { endpointId: grant.endpointId, hostId: placement.hostId, version: grant.version, gpus: grant.spec.gpuCount, atMs: this.#options.now() });
			muster.counts.initializing++;
			muster.alive++;
			decisions.note(grant.endpointId, 'place', `${workerId} on ${placement.hostId}: ${placement.why}`, { hosts: hosts.length, version: grant.version });
			void this.#commandStart(grant, workerId, placement.hostId, frozen !== undefined);
		}
		return { started: count, blocked: null, retryInMs: null };
	}

	async #commandStart(grant: EndpointGrant, workerId: string, hostId: string, thaw: boolean): Promise<void> {
		const { endpointId, version, spec, registryAuth, volumes } = grant;
		const supply = { permit: this.#options.permitOf(hostId, endpointId), ...(registryAuth === undefined ? {} : { registryAuth }), ...(volumes === undefined ? {} : { volumes }) };
		try {
			const reply = await this.#options.command(hostId, { op: 'start-worker', workerId, endpointId, version, spec, ...supply, ...(thaw ? { thaw } : {}) });
			if (reply?.ok === true) return;
			this.#starts.delete(workerId);
			if (reply?.notFrozen === true) {
				// It went a moment ago: nothing failed, the next one is placed anew.
				this.#frozen.refused(workerId, hostId);
				return this.touch(endpointId);
			}
			this.#failed(endpointId, workerId, hostId, reply === null ? 'the host does not listen' : (reply.error ?? 'the host refused'), null, '');
		} catch (error) {
			// It may have been heard: the start stays pending until a report shows it or it counts as lost.
			this.#options.log.warn('start-worker was not answered', { endpointId, workerId, hostId, error: String(error) });
		}
	}

	#stop(endpointId: string, workerId: string, hostOf: ReadonlyMap<string, string>, reason: string, freeze = false): void {
		const hostId = hostOf.get(workerId);
		if (hostId === undefined || this.#stops.has(workerId)) return;
		this.#stops.set(workerId, this.#options.now());
		this.#options.decisions.note(endpointId, 'stop', `${workerId} on ${hostId}: ${reason}`, {});
		this.#options.command(hostId, { op: 'stop-worker', workerId, ...(freeze ? { freeze } : {}) }).then(
			() => this.touch(endpointId),
			(error: unknown) => {
				this.#options.log.warn('stop-worker was not answered', { endpointId, workerId, hostId, error: String(error) });
				this.#stops.delete(workerId);
				this.#due(endpointId, [1_000]);
				this.#arm();
			},
		);
	}

	#failed(endpointId: string, workerId: string, hostId: string, reason: string, exitCode: number | null, lastLog: string): void {
		this.#options.backoffs.failed(endpointId, { workerId, hostId, reason, exitCode, lastLog });
		this.#options.decisions.note(endpointId, 'start', `${workerId} on ${hostId} failed: ${reason}`, { exitCode, nextTryInMs: this.#options.backoffs.leftMs(endpointId, hostId) });
		this.#options.log.warn('worker failed', { endpointId, workerId, hostId, reason, exitCode });
		this.touch(endpointId);
	}

	#publish(endpointId: string, figures: EndpointFigures): void {
		const before = this.#figures.get(endpointId);
		this.#figures.set(endpointId, figures);
		const isNews = before?.alive !== figures.alive || before.blocked !== figures.blocked || JSON.stringify(before.workers) !== JSON.stringify(figures.workers);
		if (isNews) this.#options.onCounts();
	}

	#due(endpointId: string, waitsMs: readonly (number | null)[]): void {
		const waits = waitsMs.filter((wait) => wait !== null);
		if (waits.length === 0) this.#dueAtMs.delete(endpointId);
		else this.#dueAtMs.set(endpointId, this.#options.now() + Math.min(...waits));
	}

	/** One timer, at the earliest moment at which anything is due. */
	#arm(): void {
		let earliest = Number.POSITIVE_INFINITY;
		for (const dueAtMs of this.#dueAtMs.values()) earliest = Math.min(earliest, dueAtMs);
		if (this.#timer !== null && this.#timerAtMs === earliest) return;
		if (this.#timer !== null) clearTimeout(this.#timer);
		this.#timer = null;
		this.#timerAtMs = earliest;
		if (earliest === Number.POSITIVE_INFINITY || this.#stopped) return;
		this.#timer = setTimeout(() => this.#wake(), Math.max(1, Math.ceil(earliest - this.#options.now())));
	}

	#wake(): void {
		this.#timer = null;
		const now = this.#options.now();
		for (const [endpointId, dueAtMs] of this.#dueAtMs) {
			if (dueAtMs > now) continue;
			this.#dueAtMs.delete(endpointId);
			this.touch(endpointId);
		}
		this.#arm();
	}
}
