/** One chaos run from its first process to its last: load, faults, healing, drain; everything seen goes into the history. */
import { setTimeout as sleep } from 'node:timers/promises';
import { carryOut, type FaultParts } from './faults/carry-out.ts';
import { measureFootprint } from './faults/footprint.ts';
import { openRegionBuses, type RegionBus } from './faults/region-bus.ts';
import { REGIONS, RETENTION_ASYNC_MS, RETENTION_SYNC_MS, type StackUnderTest } from './faults/stack-under-test.ts';
import { keepStores } from './faults/stores.ts';
import type { HistoryEvent } from './history/event.ts';
import type { History } from './history/write-history.ts';
import { Caller } from './load/calls.ts';
import { type Census, startCensus } from './load/census.ts';
import { type ChaosEndpoint, deployEndpoints } from './load/endpoints.ts';
import { type HookReceiver, startHookReceiver } from './load/hook-receiver.ts';
import { type LifeParts, liveJob } from './load/job-life.ts';
import { startStaleOffers } from './load/stale-offers.ts';
import { FAULT_KINDS } from './plan/fault-kinds.ts';
import { type PlannedFault, planFaults } from './plan/schedule.ts';
import type { Tier } from './plan/tiers.ts';
import { dealJobs } from './plan/workload.ts';

const READY_MS = 90_000;
const PURGE_EVERY_MS = 5_000;
const KEEP_STORES_EVERY_MS = 6_000;
/** Beyond this after the last submit nobody waits for an end. */
const DRAIN_MS = 75_000;

export interface RunOptions {
	readonly seed: number;
	readonly tier: Tier;
	readonly only: readonly string[];
	readonly commit: string;
	/** What happens now, for people. */
	readonly progress: (line: string) => void;
}

/** What is there for the whole run. */
interface World {
	readonly stack: StackUnderTest;
	readonly history: History;
	readonly endpoints: readonly ChaosEndpoint[];
	readonly buses: ReadonlyMap<string, RegionBus>;
	readonly census: Census;
	readonly hooks: HookReceiver;
}

/** Runs it on a stack that is up; the caller stops that. */
export async function runChaos(stack: StackUnderTest, history: History, options: RunOptions): Promise<void> {
	const { tier, seed, commit } = options;
	history.add({ is: 'begin', at: Date.now(), seed, commit, retentionAsyncMs: RETENTION_ASYNC_MS, retentionSyncMs: RETENTION_SYNC_MS });
	const endpoints = await deployEndpoints(stack);
	const buses = await openRegionBuses(stack);
	const hooks = await startHookReceiver(history);
	const census = startCensus(endpoints, history);
	const offers = startStaleOffers(buses, history);
	const world: World = { stack, history, endpoints, buses, census, hooks };
	let over = false;
	try {
		await untilWorkersRun(world, options.progress);
		const phase = (name: Extract<HistoryEvent, { is: 'phase' }>['phase']): void => {
			history.add({ is: 'phase', at: Date.now(), phase: name });
			options.progress(name);
		};
		phase('load');
		const parts: LifeParts = {
			history,
			caller: new Caller(stack.url, history),
			url: stack.url,
			retentionAsyncMs: RETENTION_ASYNC_MS,
			hookUrl: (endpoint) => hooks.urlFor(endpoint),
			onEnd: (id) => offers.ended(id),
			isOver: () => over,
		};
		const load = startLoad(world, parts, seed, tier.jobsPerS);
		await sleep(tier.warmUpMs);
		history.add(await measureFootprint(stack, buses, 'start'));
		phase('faults');
		await doFaults(world, options);
		stack.links.heal();
		phase('healed');
		await sleep(tier.healedMs);
		load.stop();
		phase('drain');
		const late = setTimeout(() => {
			over = true;
		}, DRAIN_MS);
		await load.ended();
		clearTimeout(late);
		offers.stop();
		await sleep(tier.settleMs);
		history.add(await measureFootprint(stack, buses, 'end'));
		phase('end');
	} finally {
		over = true;
		census.stop();
		hooks.stop();
		for (const { connection } of buses.values()) await connection.close().catch(() => undefined);
	}
}

async function untilWorkersRun({ endpoints, census }: World, progress: (line: string) => void): Promise<void> {
	const wanted = endpoints.length + (endpoints.find(({ name }) => name === 'main')?.workersMax ?? 1) - 1;
	for (const deadline = Date.now() + READY_MS; census.living().length < wanted; await sleep(200)) {
		if (Date.now() > deadline) throw new Error(`${census.living().length} of ${wanted} workers run after ${READY_MS / 1_000} s`);
	}
	progress(`${census.living().length} workers run`);
}

/** Jobs come evenly, whatever happens to them. */
function startLoad({ endpoints, stack, history }: World, parts: LifeParts, seed: number, jobsPerS: number): { stop(): void; ended(): Promise<void> } {
	const deal = dealJobs(seed);
	const lives = new Set<Promise<void>>();
	const track = (life: Promise<void>): void => {
		lives.add(life);
		void life.finally(() => lives.delete(life));
	};
	const byName = new Map(endpoints.map((endpoint) => [endpoint.name, endpoint]));
	const submitOne = (): void => {
		const job = deal();
		const endpoint = byName.get(job.endpoint);
		if (endpoint !== undefined) track(liveJob(job, endpoint, parts));
	};
	const startedAt = performance.now();
	let submitted = 0;
	const submitting = setInterval(() => {
		for (; submitted < ((performance.now() - startedAt) / 1_000) * jobsPerS; submitted++) submitOne();
	}, 10);
	const purged = byName.get('purged');
	const purging = setInterval(() => {
		if (purged !== undefined) track(purge(purged, parts.caller, history));
	}, PURGE_EVERY_MS);
	const keeping = setInterval(() => {
		const { pids } = stack.local();
		keepStores(
			stack.home,
			stack.network.flatMap(({ nats }) => nats.map(({ id }) => ({ id, pid: pids.nats[id] }))),
		);
	}, KEEP_STORES_EVERY_MS);
	return {
		stop: () => {
			for (const timer of [submitting, purging, keeping]) clearInterval(timer);
		},
		ended: async () => {
			while (lives.size > 0) await Promise.all(lives);
		},
	};
}

async function purge(endpoint: ChaosEndpoint, caller: Caller, history: History): Promise<void> {
	const { at, doneAt, outcome } = await caller.call(endpoint, '/purge-queue', { method: 'POST' });
	history.add({ is: 'purge', at, doneAt, endpoint: endpoint.name, outcome });
}

/** Resolves when the last one is healed. */
async function doFaults({ stack, buses, census, endpoints, hooks, history }: World, { tier, seed, only, progress }: RunOptions): Promise<void> {
	const kinds = FAULT_KINDS.filter(({ name }) => only.length === 0 || only.some((word) => name.includes(word)));
	const planned = planFaults({ seed, forMs: tier.faultsMs, everyMs: tier.faultEveryMs, regions: REGIONS, kinds });
	const parts: FaultParts = { stack, buses, workers: () => census.living(), endpointIds: endpoints.map(({ id }) => id), setHooks: (mode) => hooks.set(mode) };
	const startedAt = performance.now();
	const underway: Promise<void>[] = [];
	const doOne = async (fault: PlannedFault, number: number): Promise<void> => {
		progress(`fault ${number + 1} of ${planned.length}: ${fault.kind.name} (${fault.region}, ${fault.forMs} ms)`);
		history.add(await carryOut(fault, parts));
	};
	for (const [number, fault] of planned.entries()) {
		await sleep(Math.max(0, fault.atMs - (performance.now() - startedAt)));
		underway.push(doOne(fault, number));
	}
	await Promise.all(underway);
	await sleep(Math.max(0, tier.faultsMs - (performance.now() - startedAt)));
}
