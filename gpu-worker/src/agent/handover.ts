/** What handing a job to a worker means for the attempt: it is the worker's from the first byte, and the region's again if the worker never got it. */
import type { Bus } from '../bus/bus.ts';
import type { Deadlines } from './deadlines.ts';
import type { DeskEvents } from './desk.ts';
import { type Endings, identity } from './endings.ts';
import type { Host } from './host.ts';
import type { Reporter } from './reporter.ts';
import { type Attempt, meterWorker, type Worker } from './worker.ts';

export interface HandoverParts {
	readonly host: Host;
	readonly bus: Bus;
	readonly timeouts: Deadlines;
	readonly reporter: Reporter;
	readonly endings: Endings;
	jobEnded(worker: Worker): void;
	changed(): void;
}

/** The desk's events that are about jobs. */
export function createHandover(parts: HandoverParts): Pick<DeskEvents, 'handing' | 'handed' | 'returned' | 'untaken'> {
	const { host, bus, timeouts, reporter, endings } = parts;
	/** False when its result is there already, or it was stopped. */
	const isHanding = (attempt: Attempt): boolean => attempt.state === 'handing' && host.attempts.get(attempt.key) === attempt;
	return {
		handing({ attempt }, take) {
			attempt.state = 'handing';
			attempt.workerId = take.worker.id;
			attempt.startedAtMs = host.clock.nowMs();
			if (take.worker.hasServed) host.warmJobs++;
			take.worker.hasServed = true;
			take.worker.jobs.set(attempt.job.id, attempt);
			meterWorker(take.worker, attempt.startedAtMs);
			timeouts.start(attempt.key, attempt.job.executionTimeoutMs);
		},
		handed({ attempt, message }) {
			bus.ack(message);
			if (!isHanding(attempt)) return;
			attempt.state = 'running';
			reporter.report({ kind: 'started', ...identity(attempt) }, null, attempt.startedAtMs);
			parts.changed();
		},
		returned({ attempt, message }, take) {
			if (!isHanding(attempt)) {
				bus.ack(message);
				return false;
			}
			timeouts.clear(attempt.key);
			attempt.state = 'waiting';
			take.worker.jobs.delete(attempt.job.id);
			parts.jobEnded(take.worker);
			return true;
		},
		untaken({ attempt, message }) {
			bus.ack(message);
			attempt.workerId = host.id;
			endings.lose(attempt, null, `no worker on host ${host.id} took the job after it was granted`);
		},
	};
}
