/** Sorts out one endpoint's workers in the region, those that are about to start among them: what the scaler judges by. */
import type { WorkerCounts } from '@longshore/shared-schema/wire/region';
import type { SurplusWorker } from '../core/choose-surplus.ts';
import type { HostedWorker } from './registry.ts';

/** A start that no report has shown yet. */
export interface PendingStart {
	readonly endpointId: string;
	readonly hostId: string;
	readonly version: number;
	readonly gpus: number;
	readonly atMs: number;
}

/** One endpoint's workers, sorted out. */
export interface Muster {
	/** Workers that do not drain, outdated ones too. */
	readonly surplus: SurplusWorker[];
	readonly hostOf: Map<string, string>;
	readonly counts: { -readonly [state in keyof WorkerCounts]: number };
	serving: number;
	starting: number;
	running: number;
	alive: number;
	/** Workers of an older release: that take jobs, and all that are still there. */
	oldReady: number;
	oldAlive: number;
	/** Workers that end their jobs and go. */
	draining: number;
	slotsFree: number;
	/** The most that a worker has taken or asked for at once. */
	slotsPerWorker: number;
}

/** What is known beside the reports. */
export interface MusterFacts {
	/** The endpoint's release; null: it has no grant here. */
	readonly version: number | null;
	/** By worker id, of all endpoints. */
	readonly starts: ReadonlyMap<string, PendingStart>;
	/** Workers told to stop that no report shows as draining yet. */
	readonly stops: { has(workerId: string): boolean };
	readonly isDrained: (hostId: string) => boolean;
	/** Failed starts that wait for their next try. */
	readonly failing: number;
	readonly nowMs: number;
}

export const NO_WORKERS: WorkerCounts = { initializing: 0, idle: 0, running: 0, throttled: 0, unhealthy: 0, outdated: 0 };

/** The endpoint's workers as the reports and the pending starts have them. */
export function musterWorkers(endpointId: string, workers: readonly HostedWorker[], facts: MusterFacts): Muster {
	const muster: Muster = {
		surplus: [],
		hostOf: new Map(),
		counts: { ...NO_WORKERS },
		serving: 0,
		starting: 0,
		running: 0,
		alive: 0,
		oldReady: 0,
		oldAlive: 0,
		draining: 0,
		slotsFree: 0,
		slotsPerWorker: 1,
	};
	for (const worker of workers) addWorker(muster, worker, facts);
	for (const [workerId, start] of facts.starts) if (start.endpointId === endpointId) addStart(muster, workerId, start, facts);
	muster.counts.unhealthy += facts.failing;
	return muster;
}

function addWorker(muster: Muster, worker: HostedWorker, { version, stops, isDrained, nowMs }: MusterFacts): void {
	if (worker.phase === 'exited') return;
	muster.alive++;
	muster.running += worker.jobs.length + (worker.requests ?? 0);
	muster.hostOf.set(worker.id, worker.hostId);
	if (worker.phase === 'unhealthy') {
		muster.counts.unhealthy++;
		return;
	}
	const outdated = version !== null && worker.version !== version;
	const drains = worker.phase === 'draining' || stops.has(worker.id) || isDrained(worker.hostId);
	const state = worker.phase === 'initializing' ? 'starting' : worker.phase === 'idle' && worker.jobs.length === 0 ? 'idle' : 'busy';
	// A draining worker still fills its place in the grant, so it is counted as running. An outdated one counts in its state too: it may be the one that serves.
	muster.counts[drains || state === 'busy' ? 'running' : state === 'idle' ? 'idle' : 'initializing']++;
	if (outdated) {
		muster.counts.outdated++;
		muster.oldAlive++;
		if (!drains && state !== 'starting') muster.oldReady++;
	}
	if (drains) {
		muster.draining++;
		return;
	}
	muster.slotsFree += worker.room;
	muster.slotsPerWorker = Math.max(muster.slotsPerWorker, worker.room + worker.jobs.length);
	muster.surplus.push({ id: worker.id, state, outdated, idleMs: state === 'idle' ? worker.idleMs + nowMs - worker.heardAtMs : 0 });
	if (outdated) return;
	muster.serving++;
	// An idle worker without an open take will ask in a moment.
	if (state === 'starting' || (state === 'idle' && worker.room === 0)) muster.starting++;
}

function addStart(muster: Muster, workerId: string, { hostId, version: started }: PendingStart, { version, stops }: MusterFacts): void {
	muster.alive++;
	muster.counts.initializing++;
	muster.hostOf.set(workerId, hostId);
	const outdated = version !== null && started !== version;
	if (!stops.has(workerId)) muster.surplus.push({ id: workerId, state: 'starting', outdated, idleMs: 0 });
	if (outdated || stops.has(workerId)) return;
	muster.serving++;
	muster.starting++;
}
