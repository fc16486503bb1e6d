/** Runs one scenario under one rule: shares workers among regions, routes arrivals, takes hosts away and gives them back, until the clock stops. */
import { allocateGrants, type Share } from '../../edge/src/core/allocate-grants.ts';
import { chooseRegion, type RegionLoad } from '../../edge/src/core/choose-region.ts';
import type { RegionCapacity } from '../../edge/src/core/grant-units.ts';
import { grantOf } from '../../edge/src/core/region-figures.ts';
import type { RegionRoute } from '../../shared-schema/src/wire/route.ts';
import { createFleet } from './fleet.ts';
import { createCalendar } from './heap.ts';
import { createLedger, type Outcome } from './ledger.ts';
import { Pool, type SimJob } from './pool.ts';
import { createRandom } from './random.ts';
import type { RuleKind } from './rules/rule.ts';
import type { HostChange, Scenario, SimEndpoint } from './scenario.ts';

/** A share is given up in one pass and given away in the next. */
const SHARE_PASSES_MAX = 4;
const NO_LOADS: ReadonlyMap<string, RegionLoad> = new Map();

interface EndpointState {
	readonly endpoint: SimEndpoint;
	readonly pools: Map<string, Pool>;
	shares: Share[];
	revision: number;
	/** Pools with a share, in the order of preference. */
	routes: RegionRoute[];
}

/** Same scenario, rule and seed: same outcome, hash included. */
export function simulate(scenario: Scenario, kind: RuleKind, seed: number): Outcome {
	return new Simulation(scenario, kind, seed).run();
}

class Simulation {
	readonly #scenario: Scenario;
	readonly #calendar = createCalendar();
	readonly #ledger = createLedger();
	readonly #fleet;
	readonly #endpoints: EndpointState[];
	readonly #poolsOf = new Map<string, Pool[]>();
	#workerIds = 0;
	#arrived = 0;

	constructor(scenario: Scenario, kind: RuleKind, seed: number) {
		this.#scenario = scenario;
		this.#fleet = createFleet(scenario.hosts);
		this.#endpoints = scenario.endpoints.map((endpoint) => ({ endpoint, pools: new Map<string, Pool>(), shares: [], revision: 0, routes: [] }));
		for (const state of this.#endpoints) {
			for (const region of scenario.regions) {
				const pool = new Pool(state.endpoint, region, kind.create(state.endpoint, seed), {
					calendar: this.#calendar,
					fleet: this.#fleet,
					ledger: this.#ledger,
					random: createRandom(seed, `${state.endpoint.id} ${region}`),
					newWorkerId: () => `w${String(++this.#workerIds).padStart(9, '0')}`,
					freed: (freedIn) => this.#unblock(freedIn),
					blocked: () => this.#calendar.plan(this.#calendar.nowMs, () => this.#shareOutOf(state, this.#capacity())),
				});
				state.pools.set(region, pool);
				const pools = this.#poolsOf.get(region) ?? [];
				this.#poolsOf.set(region, pools);
				pools.push(pool);
			}
		}
	}

	run(): Outcome {
		const { hostChanges, untilMs } = this.#scenario;
		// Hosts that are away from the beginning go before anything is shared out.
		for (const [atMs, changes] of Map.groupBy(hostChanges, (change) => Math.max(0, change.atMs))) {
			if (atMs > 0) this.#calendar.plan(atMs, () => this.#changeHosts(changes));
			else this.#changeHosts(changes);
		}
		this.#shareOut();
		this.#planArrival();
		while (this.#calendar.nextAtMs() <= untilMs) this.#calendar.step();
		this.#calendar.plan(untilMs, () => undefined);
		this.#calendar.step();
		return this.#close();
	}

	#planArrival(): void {
		const atMs = this.#scenario.arrivals.atMs[this.#arrived];
		if (atMs === undefined) return;
		this.#calendar.plan(atMs, () => {
			const index = this.#arrived++;
			this.#planArrival();
			const state = this.#endpoints[this.#scenario.arrivals.endpoint[index] ?? -1];
			if (state === undefined) throw new Error(`arrival ${index} names no endpoint`);
			this.#route(state, { index, arrivedMs: atMs, execMs: this.#scenario.arrivals.execMs[index] ?? 0, lostMs: 0 });
		});
	}

	/** A job that no region may take waits in the first one. */
	#route(state: EndpointState, job: SimJob): void {
		const route = chooseRegion(state.routes, NO_LOADS, Number.POSITIVE_INFINITY);
		const pool = state.pools.get(route?.region ?? this.#scenario.regions[0] ?? '');
		if (pool === undefined) throw new Error('a scenario needs a region');
		pool.arrive(job);
		if (pool.route.blocked !== null && pool.alive === 0) this.#moveOn(state, pool);
	}

	/** Jobs of a region that can place nothing go to one that can. */
	#moveOn(state: EndpointState, pool: Pool): void {
		const better = chooseRegion(state.routes, NO_LOADS, Number.POSITIVE_INFINITY);
		if (better === null || better.region === pool.region || (better.blocked !== null && better.workers.idle + better.workers.running + better.workers.initializing === 0)) return;
		for (const job of pool.takeQueue()) state.pools.get(better.region)?.arrive(job);
	}

	#unblock(region: string): void {
		for (const pool of this.#poolsOf.get(region) ?? []) {
			if (pool.route.blocked === null) continue;
			this.#calendar.plan(this.#calendar.nowMs, () => pool.decide('event'));
		}
	}

	/** Hosts that go or come at one moment; capacity is shared out once for all of them. */
	#changeHosts(changes: readonly HostChange[]): void {
		const changed = changes.flatMap((change) => {
			const state = this.#fleet.hosts.get(change.hostId);
			return state === undefined || state.up === change.up ? [] : [state];
		});
		if (changed.length === 0) return;
		for (const state of changed) state.up = !state.up;
		const homeless: [EndpointState, SimJob][] = [];
		for (const { up, host } of changed) {
			if (up) continue;
			for (const endpoint of this.#endpoints) for (const job of endpoint.pools.get(host.region)?.loseHost(host.id) ?? []) homeless.push([endpoint, job]);
		}
		this.#shareOut();
		for (const [endpoint, job] of homeless) this.#route(endpoint, job);
		for (const region of new Set(changed.filter(({ up }) => up).map(({ host }) => host.region))) this.#unblock(region);
	}

	#shareOut(): void {
		const regions = this.#capacity();
		for (const state of this.#endpoints) this.#shareOutOf(state, regions);
	}

	#capacity(): RegionCapacity[] {
		return this.#scenario.regions.map((region) => ({ region, alive: true, hosts: this.#fleet.figures(region) }));
	}

	/** A region confirms a smaller share at once, so what it gives up is given away in the next pass. */
	#shareOutOf(state: EndpointState, regions: readonly RegionCapacity[]): void {
		for (let pass = 0; pass < SHARE_PASSES_MAX; pass++) {
			const uses = new Map([...state.pools].map(([region, pool]) => [region, { revision: state.revision, alive: pool.alive, blocked: pool.route.blocked !== null }]));
			const shares = allocateGrants(state.endpoint.spec, state.shares, regions, uses, state.revision + 1);
			if (JSON.stringify(shares) === JSON.stringify(state.shares)) return;
			state.shares = shares;
			state.revision++;
			this.#grant(state);
		}
	}

	#grant(state: EndpointState): void {
		const { endpoint, shares, revision, pools } = state;
		const record = { id: endpoint.id, accountId: 'a', createdAt: 0, shards: 1, revision, version: 1, spec: endpoint.spec, shares };
		state.routes = shares.flatMap(({ region }) => pools.get(region)?.route ?? []);
		for (const [region, pool] of pools) {
			const grant = grantOf(record, region);
			pool.grant(grant?.spec ?? endpoint.spec, grant?.workersMin ?? 0, grant?.workersMax ?? 0);
			this.#calendar.plan(this.#calendar.nowMs, () => pool.decide('event'));
			if (pool.route.workersMax === 0 && pool.queued > 0 && state.routes.some(({ workersMax }) => workersMax > 0)) for (const job of pool.takeQueue()) this.#route(state, job);
		}
	}

	#close(): Outcome {
		let running = 0;
		const waitsLeftMs: number[] = [];
		for (const { pools } of this.#endpoints) {
			for (const pool of pools.values()) {
				pool.close();
				running += pool.running;
				for (const job of pool.waiting()) waitsLeftMs.push(this.#calendar.nowMs - job.arrivedMs - job.lostMs);
			}
		}
		return this.#ledger.close({ running, waitsLeftMs });
	}
}
