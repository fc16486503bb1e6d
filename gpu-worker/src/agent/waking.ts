/** Carries out an order to thaw: wakes the frozen worker, and starts it afresh under its own id when it does not wake. */
import { canThaw } from '../core/frozen.ts';
import { countOne } from '../core/start-figures.ts';
import { type WorkerExit, WorkerStartError } from '../runtime/runtime.ts';
import type { Fleet, StartOrder } from './fleet.ts';
import type { Freezer } from './freezer.ts';
import type { Host } from './host.ts';
import type { Worker } from './worker.ts';

/** The worker that was to be thawed is not here any more, or cannot be: nothing was started. */
export class NotFrozenError extends WorkerStartError {
	override readonly name: string = 'NotFrozenError';
}

export interface WakingParts {
	readonly host: Host;
	readonly freezer: Freezer;
	readonly fleet: Pick<Fleet, 'end' | 'drain'>;
	/** A new process in the place of one that did not wake. Throws `WorkerStartError`. */
	launch(order: StartOrder, before: Worker): Promise<void>;
	/** Neither woke nor could be started. */
	gone(worker: Worker, exit: WorkerExit): void;
	/** It is the host's again and goes on. */
	thawing(worker: Worker): void;
}

export interface Waking {
	/** Resolves when the worker can be given work or has been started afresh. Throws `NotFrozenError` at once when there is nobody to thaw. */
	wake(order: StartOrder, heldGpus: ReadonlySet<number>): Promise<void>;
}

/** `waking` of one fleet. */
export function createWaking(parts: WakingParts): Waking {
	const { host, freezer } = parts;
	return {
		async wake(order, heldGpus) {
			const { workerId, endpointId, version } = order;
			const kept = host.frozen.get(workerId);
			if (kept === undefined || kept.worker.endpointId !== endpointId || kept.worker.version !== version)
				throw new NotFrozenError(`worker ${workerId} is not frozen here any more`);
			if (!canThaw(kept, heldGpus)) throw new NotFrozenError(`the GPUs of frozen worker ${workerId} are taken`);
			const { worker } = kept;
			const woken = freezer.wake(kept);
			parts.thawing(worker);
			try {
				await woken;
			} catch (error) {
				if (worker.exit === null && !worker.terminating) await startAfresh(parts, worker, order, (error as Error).message);
			}
		},
	};
}

/** Under the same id: for the region it is the start that it ordered. */
async function startAfresh({ host, fleet, launch, gone }: WakingParts, worker: Worker, order: StartOrder, why: string): Promise<void> {
	host.starts = countOne(host.starts, 'thawsFailed');
	host.log.warn('a frozen worker did not thaw and is started afresh', { workerId: worker.id, endpointId: worker.endpointId, why });
	worker.log.note(`did not thaw: ${why}; starting afresh`);
	worker.process.kill();
	await worker.process.exited;
	if (worker.exit !== null) return;
	try {
		await launch(order, worker);
	} catch (error) {
		worker.stage = 'up';
		return gone(worker, { code: null, signal: null, cause: `could not be started: ${(error as Error).message}` });
	}
	const fresh = host.workers.get(worker.id);
	if (fresh === undefined || fresh === worker) return;
	if (worker.terminating) fleet.end(fresh, host.timers.killGraceMs, 'it was told to end before it had started');
	else if (worker.draining) fleet.drain(fresh);
}
