/** A JobStore's side of dispatch: rows of waiting jobs become assigned ones, and regions' answers come back into rows. */
import { acceptDispatch, refuseDispatch } from '@longshore/shared-schema/job/dispatch';
import { isTerminal, type Job } from '@longshore/shared-schema/job/job';
import type { DispatchResult } from '@longshore/shared-schema/wire/region';
import { logError } from '../log.ts';
import type { PumpListener } from '../regions/region-pump.ts';
import type { JobRow } from './job-table.ts';
import { findLive, type StoreParts, saveJob, transact } from './store-parts.ts';

/** Acknowledgements of dispatches wait this long: most short jobs have ended by then and need no write. */
const ACK_LINGER_MS = 250;
/** Waiting jobs that get a region in one turn. */
const WAITING_BATCH = 200;

/** Moves jobs between rows and the dispatcher. */
export class JobOutbox {
	readonly #parts: () => StoreParts;
	/** Acknowledged attempts that have not been heard of since, by job. */
	readonly #acks = new Map<string, DispatchResult>();
	#running = false;
	/** Asked for while a run was under way; null when nothing was. */
	#askedBy: number | null = null;

	/** `parts` is asked late: the dispatcher among them needs this object's listener. */
	constructor(parts: () => StoreParts) {
		this.#parts = parts;
	}

	/** What the dispatcher's pumps tell. */
	readonly listener: PumpListener = {
		answered: (results) => this.#answered(results),
		wanted: ({ head }) => {
			const job = this.#parts().jobs.find(head.id)?.job;
			return job?.phase === 'sent' && job.epoch === head.epoch;
		},
		failed: (region, error) => logError('dispatch got no answer', error, { region }),
	};

	/** Gives waiting jobs whose pause is over at `readyBy` a region, once fresh routes are there. Calls during a run make it look once more. */
	async dispatchWaiting(readyBy: number): Promise<void> {
		this.#askedBy = Math.max(this.#askedBy ?? 0, readyBy);
		if (this.#running) return;
		this.#running = true;
		try {
			for (let by: number | null = this.#askedBy; by !== null; by = this.#askedBy) {
				this.#askedBy = null;
				await this.#parts().dispatcher.routes();
				while (this.#dispatchSome(Math.max(by, Date.now())) === WAITING_BATCH) await scheduler.wait(0);
			}
		} catch (error) {
			logError('waiting jobs not dispatched', error);
		} finally {
			this.#running = false;
		}
	}

	/** One batch of waiting jobs; how many found a region. */
	#dispatchSome(readyBy: number): number {
		const parts = this.#parts();
		const { dispatcher, jobs, texts } = parts;
		if (!dispatcher.hasRegion) return 0;
		const now = Date.now();
		const sent: { row: JobRow; job: Job }[] = [];
		transact(parts, () => {
			for (const row of jobs.waiting(readyBy, WAITING_BATCH)) {
				const job = dispatcher.assign(row.job, now);
				if (job === null) break;
				saveJob(parts, row, job);
				sent.push({ row, job });
			}
		});
		for (const { row, job } of sent) dispatcher.send(job, row.payloadBytes, texts.inlinePayload(row.n, row.payloadBytes));
		return sent.length;
	}

	#answered(results: readonly DispatchResult[]): void {
		const refused = results.filter(({ outcome }) => outcome === 'refused');
		if (refused.length > 0) this.#apply(refused);
		if (this.#acks.size === 0) setTimeout(() => this.#applyAcks(), ACK_LINGER_MS);
		for (const result of results) if (result.outcome === 'accepted') this.#acks.set(result.id, result);
	}

	/** A report of the job has come: its acknowledgement needs no write any more. */
	heardOf(id: string): void {
		this.#acks.delete(id);
	}

	#applyAcks(): void {
		const acks = [...this.#acks.values()];
		this.#acks.clear();
		this.#apply(acks);
	}

	#apply(results: readonly DispatchResult[]): void {
		const parts = this.#parts();
		const now = Date.now();
		transact(parts, () => {
			for (const { id, epoch, outcome, seq } of results) {
				const row = findLive(parts, id, now);
				if (row === null || isTerminal(row.job.phase)) continue;
				const job = outcome === 'accepted' ? acceptDispatch(row.job, epoch, seq ?? 0, now, parts.timers) : refuseDispatch(row.job, epoch, now);
				if (job !== null) saveJob(parts, row, job);
			}
		});
	}
}
