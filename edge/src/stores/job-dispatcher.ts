/** The outbox of a JobStore: chooses regions, sends attempts through one pump a region, and asks regions about attempts. */
import { assignRegion } from '@longshore/shared-schema/job/dispatch';
import type { Job } from '@longshore/shared-schema/job/job';
import type { JobTimers } from '@longshore/shared-schema/job/settings';
import type { Whereabouts } from '@longshore/shared-schema/job/watch';
import { INLINE_PAYLOAD_BYTES_MAX, INVENTORY_BATCH_MAX } from '@longshore/shared-schema/limits';
import { type AttemptRef, type InventoryAnswer, inventoryAnswer, REGION_PATHS, type RevokeAnswer, revokeAnswer } from '@longshore/shared-schema/wire/region';
import type { PlacementObstacle } from '@longshore/shared-schema/wire/rest-v2/decisions-answer';
import type { EndpointRoutes, RegionRoute } from '@longshore/shared-schema/wire/route';
import { chooseRegion, type RegionLoad } from '../core/choose-region.ts';
import type { MoveLimits } from '../core/plan-moves.ts';
import { type Env, settingsOf } from '../env.ts';
import { createAttemptToken } from '../ids/attempt-token.ts';
import { logError } from '../log.ts';
import { postJsonToRegion } from '../regions/region-client.ts';
import { type Dispatch, type PumpListener, RegionPump } from '../regions/region-pump.ts';
import { RunQuestions } from './run-questions.ts';

/** A region that missed this many milliseconds of heartbeats is chosen only when no other is left. */
export const SILENT_MS_MAX = 10_000;
/** Routes of this age are still good for a choice while fresh ones are fetched. */
const STALE_MS_MAX = 30_000;
const ASK_TIMEOUT_MS = 10_000;

/** Knows the regions of one endpoint, as far as its JobStore needs them. Holds no truth: everything here can be lost. */
export class JobDispatcher {
	/** What regions were asked about running attempts. */
	readonly runs: RunQuestions = new RunQuestions();
	/** Attempts that should have moved and that a host may have: since when. */
	readonly takenSince: Map<string, number> = new Map();
	readonly #env: Env;
	readonly #timers: JobTimers;
	readonly #listener: PumpListener;
	readonly #pumps = new Map<string, RegionPump>();
	/** Jobs sent since the routes were fetched and not ended since, by region. */
	readonly #sentSince = new Map<string, Set<string>>();
	/** Other jobs that ended since, by region. */
	readonly #endedSince = new Map<string, number>();
	#endpointId: string | null = null;
	#routes: { at: number; value: EndpointRoutes } | null = null;
	#fetching: Promise<EndpointRoutes> | null = null;

	constructor(env: Env, timers: JobTimers, listener: PumpListener) {
		this.#env = env;
		this.#timers = timers;
		this.#listener = listener;
	}

	/** The endpoint whose jobs these are. */
	serve(endpointId: string): void {
		this.#endpointId = endpointId;
	}

	/** Opens the next attempt in the best region, from what is known now. Null when that is not enough or no region takes it. */
	assign(job: Job, now: number): Job | null {
		const known = this.#knownRoutes(now);
		if (known === null || this.#endpointId === null) return null;
		const loads = new Map(known.regions.map(({ region }) => [region, this.#loadOf(region)]));
		const leaseMs = settingsOf(this.#env).LONGSHORE_REGION_LEASE_MS;
		const held = known.regions.filter(({ silentMs }) => silentMs <= leaseMs);
		const route = chooseRegion(held, loads, SILENT_MS_MAX);
		if (route === null) return null;
		const sent = this.#sentSince.get(route.region) ?? new Set<string>();
		this.#sentSince.set(route.region, sent.add(job.id));
		return assignRegion(job, route.region, createAttemptToken(this.#endpointId), now, this.#timers);
	}

	/** A job has ended in the region: what it took there is free again, sooner than the region's figures say so. */
	ended(id: string, region: string): void {
		if (this.#sentSince.get(region)?.delete(id) !== true) this.#endedSince.set(region, (this.#endedSince.get(region) ?? 0) + 1);
	}

	/** Hands an assigned attempt to its region's pump. `payload` may be null when the region has to fetch it. */
	send(job: Job, payloadBytes: number, payload: Uint8Array | null): void {
		const route = this.#routeOf(job.region);
		if (route === null || this.#endpointId === null || job.token === null) return;
		const inline = payload !== null && payloadBytes <= INLINE_PAYLOAD_BYTES_MAX;
		const head = {
			id: job.id,
			endpointId: this.#endpointId,
			epoch: job.epoch,
			token: job.token,
			executionTimeoutMs: job.executionTimeoutMs,
			lowPriority: job.lowPriority,
			payloadBytes,
			inline,
		};
		this.#pumpOf(route.region).push(route.url, [{ head, startBy: job.sentAt + this.#timers.startWithinMs, payload: inline ? payload : null } satisfies Dispatch]);
	}

	/** Fresh routes of the endpoint; concurrent callers share one request. */
	async routes(): Promise<EndpointRoutes> {
		const cached = this.#routes;
		if (cached !== null && Date.now() - cached.at < settingsOf(this.#env).LONGSHORE_DIRECTORY_CACHE_MS) return cached.value;
		if (this.#endpointId === null) throw new Error('the store has no endpoint yet');
		this.#fetching ??= this.#fetchRoutes(this.#endpointId);
		return this.#fetching;
	}

	/** What is known of the regions has changed: the next look asks anew. */
	forgetRoutes(): void {
		if (this.#routes !== null) this.#routes = { at: Number.NEGATIVE_INFINITY, value: this.#routes.value };
		this.#fetching = null;
	}

	/** Whether any region holds a share of the endpoint. */
	get hasRegion(): boolean {
		return this.#routes?.value.regions.some(({ workersMax }) => workersMax > 0) ?? false;
	}

	/** The endpoint's maximum of workers, when known. */
	get workersMax(): number | null {
		return this.#routes?.value.workersMax ?? null;
	}

	/** When a region is left. */
	get moveLimits(): MoveLimits {
		return { leaseMs: settingsOf(this.#env).LONGSHORE_REGION_LEASE_MS, silentMsMax: SILENT_MS_MAX };
	}

	/** What is known of an attempt's place. An unknown region counts as gone once routes are known. */
	whereabouts(job: Job): Whereabouts {
		const known = this.#routes?.value;
		const askedAt = this.runs.askedAt(job);
		if (known === undefined || job.region === null) return { regionGone: false, regionFailing: false, bootGone: false, askedAt };
		const route = this.#routeOf(job.region);
		return {
			regionGone: route === null || route.silentMs > settingsOf(this.#env).LONGSHORE_REGION_LEASE_MS,
			regionFailing: (this.#pumps.get(job.region)?.failing ?? false) || (route !== null && route.silentMs > SILENT_MS_MAX),
			bootGone: job.hostBoot !== null && known.lostBoots.includes(job.hostBoot),
			askedAt,
		};
	}

	/** What keeps the endpoint off every host, where no region has a share of it. */
	async obstacles({ regions }: EndpointRoutes): Promise<readonly PlacementObstacle[]> {
		if (this.#endpointId === null || regions.some(({ workersMax }) => workersMax > 0)) return [];
		return this.#env.REGION_DIRECTORY.getByName('all').obstacles(this.#endpointId);
	}

	/** Tells regions to forget attempts. Best effort: a verdict stops what this does not reach. */
	async revoke(jobs: readonly Job[]): Promise<void> {
		await this.#perRegion(jobs, async (route, refs) => {
			await postJsonToRegion(this.#env, route.url, REGION_PATHS.revoke, { jobs: refs }, ASK_TIMEOUT_MS);
		});
	}

	/** Takes those attempts back that no host can have seen; outcomes by `<job>.<epoch>`. What gets no answer is left where it is. */
	async withdraw(jobs: readonly Job[]): Promise<ReadonlyMap<string, RevokeAnswer['results'][number]['outcome']>> {
		const outcomes = new Map<string, RevokeAnswer['results'][number]['outcome']>();
		await this.#perRegion(jobs, async (route, refs) => {
			const { results } = revokeAnswer.parse(await postJsonToRegion(this.#env, route.url, REGION_PATHS.revoke, { jobs: refs, untaken: true }, ASK_TIMEOUT_MS));
			for (const { id, epoch, outcome } of results) outcomes.set(`${id}.${epoch}`, outcome);
		});
		return outcomes;
	}

	/** Asks regions where attempts are. What gets no answer is left out. */
	async ask(jobs: readonly Job[]): Promise<InventoryAnswer['results']> {
		const results: InventoryAnswer['results'] = [];
		await this.#perRegion(jobs, async (route, refs) => {
			const answer = inventoryAnswer.parse(await postJsonToRegion(this.#env, route.url, REGION_PATHS.inventory, { jobs: refs }, ASK_TIMEOUT_MS));
			results.push(...answer.results);
		});
		return results;
	}

	async #perRegion(jobs: readonly Job[], call: (route: RegionRoute, refs: AttemptRef[]) => Promise<void>): Promise<void> {
		const endpointId = this.#endpointId;
		if (endpointId === null || jobs.length === 0) return;
		await this.routes();
		for (const [region, ofRegion] of Map.groupBy(jobs, (job) => job.region)) {
			const route = this.#routeOf(region);
			if (route === null) continue;
			for (let at = 0; at < ofRegion.length; at += INVENTORY_BATCH_MAX) {
				const refs = ofRegion.slice(at, at + INVENTORY_BATCH_MAX).map((job) => refOf(job, endpointId));
				await call(route, refs).catch((error: unknown) => logError('region call failed', error, { region: route.region }));
			}
		}
	}

	#knownRoutes(now: number): EndpointRoutes | null {
		const cached = this.#routes;
		if (cached === null || now - cached.at > STALE_MS_MAX) return null;
		if (now - cached.at > settingsOf(this.#env).LONGSHORE_DIRECTORY_CACHE_MS) {
			void this.routes().catch((error: unknown) => logError('routes not fetched', error));
		}
		return cached.value;
	}

	/** Must not end before its first await: `routes` would then keep a promise that nothing clears. */
	async #fetchRoutes(endpointId: string): Promise<EndpointRoutes> {
		try {
			const value = await this.#env.REGION_DIRECTORY.getByName('all').routes(endpointId);
			this.#routes = { at: Date.now(), value };
			this.#sentSince.clear();
			this.#endedSince.clear();
			return value;
		} finally {
			this.#fetching = null;
		}
	}

	#loadOf(region: string): RegionLoad {
		return { unseen: this.#sentSince.get(region)?.size ?? 0, freed: this.#endedSince.get(region) ?? 0, failing: this.#pumps.get(region)?.failing ?? false };
	}

	#routeOf(region: string | null): RegionRoute | null {
		return this.#routes?.value.regions.find((route) => route.region === region) ?? null;
	}

	#pumpOf(region: string): RegionPump {
		let pump = this.#pumps.get(region);
		if (pump === undefined) {
			pump = new RegionPump(this.#env, region, this.#timers.dispatchConfirmMs, this.#listener);
			this.#pumps.set(region, pump);
		}
		return pump;
	}
}

function refOf({ id, epoch, seq, phase, hostBoot }: Job, endpointId: string): AttemptRef {
	return { id, endpointId, epoch, seq, ...(phase === 'running' && hostBoot !== null ? { hostBoot } : {}) };
}
