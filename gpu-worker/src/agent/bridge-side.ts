/** The agent as the bridge sees it: what a worker's word means for its jobs. */
import type { BridgeHost } from '../bridge/bridge-host.ts';
import type { JobDesk } from './desk.ts';
import { type Endings, identity } from './endings.ts';
import type { Fleet } from './fleet.ts';
import type { Host } from './host.ts';
import type { LostResults } from './lost-results.ts';
import type { Reporter } from './reporter.ts';
import type { Stops } from './stops.ts';
import { meterWorker } from './worker.ts';

/** Events without a verdict may take this much memory before workers' chunks have to wait. Bytes. */
const HELD_BYTES_MAX = 128 * 1024 * 1024;

export interface BridgeSideParts {
	readonly host: Host;
	readonly desk: JobDesk;
	readonly stops: Stops;
	readonly lostResults: LostResults;
	readonly endings: Endings;
	readonly fleet: Fleet;
	readonly reporter: Reporter;
	changed(): void;
}

/** `BridgeHost` of one agent. */
export function createBridgeHost(parts: BridgeSideParts): BridgeHost {
	const { host, desk, stops, lostResults, endings, fleet, reporter } = parts;
	const { clock } = host;
	return {
		worker: (workerId) => host.workers.get(workerId) ?? host.frozen.get(workerId)?.worker,
		nowMs: () => clock.nowMs(),
		random: () => clock.random(),
		openTake(take) {
			// Written before it was frozen, read after: there is nobody who could be given anything.
			if (take.worker.stage === 'frozen') return take.release();
			if (take.worker.readyMs === null) fleet.ready(take.worker);
			desk.open(take);
		},
		closeTake: (take) => desk.close(take),
		openStopPoll(poll) {
			if (poll.worker.stage === 'frozen') poll.release();
			else stops.open(poll);
		},
		closeStopPoll: stops.close,
		heard(worker, holdsNoJob, countsRunningJobs) {
			if (!worker.contacted && worker.stage !== 'frozen') {
				worker.contacted = true;
				worker.idleSinceMs = clock.nowMs();
				meterWorker(worker, worker.idleSinceMs);
				parts.changed();
			}
			if (holdsNoJob && worker.stopping.size > 0) stops.seenIdle(worker);
			if (holdsNoJob && worker.jobs.size > 0 && countsRunningJobs) lostResults.seenIdle(worker);
		},
		standing(worker, jobId) {
			const attempt = worker.jobs.get(jobId);
			if (attempt !== undefined) return { kind: 'running', attempt };
			return { kind: worker.finished.has(jobId) ? 'ended' : 'unknown' };
		},
		stopped: stops.obeyed,
		finish: endings.finish,
		progress(attempt, output) {
			reporter.report({ kind: 'progress', ...identity(attempt), n: attempt.progresses++, bytes: output.length }, output, clock.nowMs());
		},
		chunk(attempt, output) {
			reporter.report({ kind: 'chunk', ...identity(attempt), n: attempt.chunks++, bytes: output.length }, output, clock.nowMs());
		},
		async roomForChunks() {
			while (reporter.heldBytes() > HELD_BYTES_MAX) await new Promise((resolve) => setTimeout(resolve, 100));
		},
		retire: (worker) => fleet.drain(worker),
		ping(worker, jobIds) {
			if (worker.stopping.size > 0) stops.seenHolding(worker, jobIds);
		},
		unhealthy(worker, reason) {
			worker.unhealthyReason = reason;
			host.log.warn('a worker says that it is unhealthy', { workerId: worker.id, endpointId: worker.endpointId, reason });
			desk.review();
			parts.changed();
		},
	};
}
