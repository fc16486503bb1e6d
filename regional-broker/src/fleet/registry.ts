/** Knows the region's hosts and their workers from their reports: who is here, who is lost, who holds which job. */
import type { FrozenReport, HostReport, StartFigures, WorkerReport } from '@longshore/shared-schema/wire/bus';
import type { HostFigure } from '@longshore/shared-schema/wire/region';

/** How long a lost boot is named to the edge, which has to hear of it at least once. */
const LOST_KEEP_MS = 600_000;

export interface KnownHost {
	readonly figure: HostFigure;
	/** Empty while the host is only remembered from before this broker started. */
	readonly workers: readonly WorkerReport[];
	/** What FlashBoot keeps there. */
	readonly frozen: readonly FrozenReport[];
	/** How its workers came to life; null: it has not said. */
	readonly starts: StartFigures | null;
	/** `host:port` of its tunnels; null: it has none, or has not said. */
	readonly tunnel: string | null;
	/** What opens its tunnels. */
	readonly tunnelToken: string;
	/** 0: not heard since this broker started. */
	readonly n: number;
	readonly heardAtMs: number;
}

export interface HostedWorker extends WorkerReport {
	readonly hostId: string;
	readonly heardAtMs: number;
}

/** `new`: a boot that was not here before. `stale`: out of order, or of a boot that was given up. */
export type Hearing = 'new' | 'known' | 'stale';

export interface RegistryOptions {
	readonly hostLeaseMs: number;
	/** Time in which every live host reports at least once. */
	readonly settleMs: number;
	readonly now: () => number;
}

export class Registry {
	readonly #options: RegistryOptions;
	readonly #hosts = new Map<string, KnownHost>();
	readonly #lost = new Map<string, { readonly hostId: string; readonly atMs: number; told: boolean }>();
	/** From when on the hosts that were here before count as known; null until told. */
	#seededAtMs: number | null = null;
	#seeded = 0;

	constructor(options: RegistryOptions) {
		this.#options = options;
	}

	/**
	 * Hosts that were here before this broker started; each has a full lease to report, else it is lost. Returns those that spoke up
	 * under another boot before they were remembered: what they were before is lost.
	 */
	seed(figures: readonly HostFigure[]): KnownHost[] {
		if (this.#seededAtMs !== null) return [];
		this.#seededAtMs = this.#options.now();
		this.#seeded = figures.length;
		const replaced: KnownHost[] = [];
		for (const figure of figures) {
			const remembered = { figure, workers: [], frozen: [], starts: null, tunnel: null, tunnelToken: '', n: 0, heardAtMs: this.#seededAtMs };
			const heard = this.#hosts.get(figure.id);
			if (heard === undefined && !this.#lost.has(figure.boot)) this.#hosts.set(figure.id, remembered);
			if (heard === undefined || heard.figure.boot === figure.boot) continue;
			this.#giveUp(remembered);
			replaced.push(remembered);
		}
		return replaced;
	}

	/** Takes a report in. A boot that was given up stays out until the edge was told: its jobs have moved. */
	hear(report: HostReport): Hearing {
		const before = this.#hosts.get(report.host.id);
		const lost = this.#lost.get(report.host.boot);
		if (lost !== undefined) {
			if (!lost.told || before !== undefined) return 'stale';
			this.#lost.delete(report.host.boot);
		}
		const sameBoot = before?.figure.boot === report.host.boot;
		if (before !== undefined && sameBoot && report.n <= before.n) return 'stale';
		if (before !== undefined && !sameBoot) this.#giveUp(before);
		const { host: figure, workers, frozen = [], starts = null, tunnel = null, tunnelToken = '', n } = report;
		this.#hosts.set(figure.id, { figure, workers, frozen, starts, tunnel, tunnelToken, n, heardAtMs: this.#options.now() });
		return sameBoot ? 'known' : 'new';
	}

	/** Gives up hosts that are silent past their lease; returns them. */
	expire(): KnownHost[] {
		const now = this.#options.now();
		const silent = [...this.#hosts.values()].filter((host) => now - host.heardAtMs >= this.#options.hostLeaseMs);
		for (const host of silent) this.#giveUp(host);
		for (const [boot, { atMs, told }] of this.#lost) if (told && now - atMs > LOST_KEEP_MS) this.#lost.delete(boot);
		return silent;
	}

	/** Time until `expire` has something to do; null without hosts. */
	nextExpiryInMs(): number | null {
		let oldest: number | null = null;
		for (const host of this.#hosts.values()) oldest = Math.min(oldest ?? host.heardAtMs, host.heardAtMs);
		return oldest === null ? null : Math.max(0, oldest + this.#options.hostLeaseMs - this.#options.now());
	}

	hosts(): KnownHost[] {
		return [...this.#hosts.values()];
	}

	host(id: string): KnownHost | undefined {
		return this.#hosts.get(id);
	}

	/** The live host of a boot; null when there is certainly none; undefined while that cannot be said. */
	hostOfBoot(boot: string): KnownHost | null | undefined {
		for (const host of this.#hosts.values()) if (host.figure.boot === boot) return host;
		return this.isComplete() && this.#options.now() - (this.#seededAtMs ?? 0) >= this.#options.hostLeaseMs ? null : undefined;
	}

	lostBoots(): string[] {
		return [...this.#lost.keys()];
	}

	/** The edge answered a heartbeat that named these; the hosts for which that was news. */
	toldLost(boots: readonly string[]): string[] {
		const hostIds: string[] = [];
		for (const boot of boots) {
			const lost = this.#lost.get(boot);
			if (lost === undefined || lost.told) continue;
			lost.told = true;
			hostIds.push(lost.hostId);
		}
		return hostIds;
	}

	/** Whether the edge has yet to hear that a boot of the host is lost. */
	owesLossOf(hostId: string): boolean {
		for (const lost of this.#lost.values()) if (lost.hostId === hostId && !lost.told) return true;
		return false;
	}

	/** Workers by endpoint. */
	workers(): Map<string, HostedWorker[]> {
		const byEndpoint = new Map<string, HostedWorker[]>();
		for (const host of this.#hosts.values()) {
			for (const worker of host.workers) {
				const hosted = { ...worker, hostId: host.figure.id, heardAtMs: host.heardAtMs };
				const list = byEndpoint.get(worker.endpointId);
				if (list === undefined) byEndpoint.set(worker.endpointId, [hosted]);
				else list.push(hosted);
			}
		}
		return byEndpoint;
	}

	/** Host of each job in hand, by `<job>.<epoch>`. */
	holders(): Map<string, string> {
		const holders = new Map<string, string>();
		for (const host of this.#hosts.values()) for (const worker of host.workers) for (const job of worker.jobs) holders.set(job, host.figure.id);
		return holders;
	}

	/** True when the hosts of before were told and every one has reported or is lost. Without any remembered one, live hosts get one interval to speak up. */
	isComplete(): boolean {
		if (this.#seededAtMs === null) return false;
		if ([...this.#hosts.values()].some((host) => host.n === 0)) return false;
		return this.#seeded > 0 || this.#options.now() - this.#seededAtMs >= this.#options.settleMs;
	}

	/** Time until `isComplete` may become true by itself; null when it is or when only a report can make it so. */
	settlesInMs(): number | null {
		if (this.#seededAtMs === null || this.#seeded > 0) return null;
		const left = this.#seededAtMs + this.#options.settleMs - this.#options.now();
		return left > 0 ? left : null;
	}

	/** True when complete, also for hosts whose record was lost, and every host was heard since `sinceMs`. */
	heardAllSince(sinceMs: number): boolean {
		if (!this.isComplete() || this.#options.now() - (this.#seededAtMs ?? 0) < 3 * this.#options.settleMs) return false;
		return [...this.#hosts.values()].every((host) => host.heardAtMs >= sinceMs);
	}

	#giveUp(host: KnownHost): void {
		if (this.#hosts.get(host.figure.id)?.figure.boot === host.figure.boot) this.#hosts.delete(host.figure.id);
		this.#lost.set(host.figure.boot, { hostId: host.figure.id, atMs: this.#options.now(), told: false });
	}
}
