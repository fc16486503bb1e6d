/** Stops single jobs on workers: by the stop channel first, by ending the worker when it does not obey in time. */
import { createDeadlines } from './deadlines.ts';
import type { Host } from './host.ts';
import { noteFinished, type StopPoll, type Worker } from './worker.ts';

/** A ping may show the jobs of a moment before: one that is at most this much younger than the order proves nothing. */
const PING_PROOF_MS_MAX = 1_000;
/** A worker needs about this long to stop a job that listens. */
const ASK_AGAIN_MS = 250;

export interface Stops {
	/** The worker is to stop the job, which is no longer in its hand for the agent. */
	order(worker: Worker, jobId: string): void;
	/** The worker has shown that it does not run the job any more. */
	obeyed(worker: Worker, jobId: string): void;
	/** A ping lists the jobs that the worker holds. SDK 1.7.1 leaves out those that run: its silence about a job is no proof. */
	seenHolding(worker: Worker, jobIds: ReadonlySet<string>): void;
	/** A take says that the worker holds no job. */
	seenIdle(worker: Worker): void;
	open(poll: StopPoll): void;
	close(poll: StopPoll): void;
	shutDown(): void;
}

export interface StopsParts {
	readonly host: Host;
	jobEnded(worker: Worker): void;
	/** The worker did not obey: end it. */
	recycle(worker: Worker, reason: string): void;
}

/** `stops` of one agent. */
export function createStops(parts: StopsParts): Stops {
	const { host } = parts;
	const graces = createDeadlines(host.clock, (key) => {
		const [workerId, jobId] = key.split('/') as [string, string];
		const worker = host.workers.get(workerId);
		if (worker?.stopping.has(jobId)) parts.recycle(worker, `it did not stop job ${jobId} within ${host.timers.killGraceMs} ms`);
	});
	const serve = (worker: Worker): void => {
		if (worker.stopOrders.size === 0) return;
		for (const poll of worker.stopPolls) {
			const jobIds = [...worker.stopOrders];
			worker.stopOrders.clear();
			worker.stopPolls.delete(poll);
			poll.deliver(jobIds, (delivered) => {
				if (delivered) {
					for (const jobId of jobIds) {
						const order = worker.stopping.get(jobId);
						if (order !== undefined) order.carried = true;
					}
					askAgain(worker, jobIds);
					return;
				}
				for (const jobId of jobIds) if (worker.stopping.has(jobId)) worker.stopOrders.add(jobId);
				serve(worker);
			});
			return;
		}
	};
	/**
	 * The next take says what the worker holds now, and asks for the slot that became free. The order is repeated, because the SDK
	 * forgets one for a job that it has taken but not begun.
	 */
	const askAgain = (worker: Worker, jobIds: readonly string[]): void => {
		setTimeout(() => {
			const open = jobIds.filter((jobId) => worker.stopping.has(jobId));
			if (open.length === 0) return;
			for (const take of [...worker.takes]) take.release();
			for (const jobId of open) worker.stopOrders.add(jobId);
			serve(worker);
		}, ASK_AGAIN_MS).unref();
	};
	const obeyed = (worker: Worker, jobId: string): void => {
		if (!worker.stopping.delete(jobId)) return;
		worker.stopOrders.delete(jobId);
		graces.clear(`${worker.id}/${jobId}`);
		parts.jobEnded(worker);
	};
	return {
		order(worker, jobId) {
			noteFinished(worker, jobId);
			if (worker.exit !== null || worker.stopping.has(jobId)) return;
			worker.stopping.set(jobId, { atMs: host.clock.nowMs(), carried: false });
			worker.stopOrders.add(jobId);
			graces.start(`${worker.id}/${jobId}`, host.timers.killGraceMs);
			serve(worker);
		},
		obeyed,
		seenHolding(worker, jobIds) {
			const beforeMs = host.clock.nowMs() - Math.min(PING_PROOF_MS_MAX, host.timers.killGraceMs / 4);
			for (const [jobId, order] of [...worker.stopping]) if (order.carried && order.atMs < beforeMs && !jobIds.has(jobId)) obeyed(worker, jobId);
		},
		seenIdle(worker) {
			// An order that no poll has carried cannot have been obeyed: such a take crossed it.
			for (const [jobId, order] of [...worker.stopping]) if (order.carried) obeyed(worker, jobId);
		},
		open(poll) {
			poll.worker.stopPolls.add(poll);
			serve(poll.worker);
		},
		close: (poll) => void poll.worker.stopPolls.delete(poll),
		shutDown: () => graces.close(),
	};
}
