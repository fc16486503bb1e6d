/** What a JobStore does when its alarm rings: every job whose timer has run out takes one step of the job machine. */
import { waitAgain } from '@longshore/shared-schema/job/dispatch';
import { isTerminal, type Job } from '@longshore/shared-schema/job/job';
import { type WatchAction, watchJob } from '@longshore/shared-schema/job/watch';
import { wakeReaders } from './job-stream.ts';
import type { JobRow } from './job-table.ts';
import { countMove, type StoreParts } from './store-parts.ts';

/** Jobs handled in one alarm; the alarm rings again at once while more are due. */
const SWEEP_JOBS_MAX = 1_000;

interface Step {
	readonly row: JobRow;
	readonly job: Job;
	readonly action: WatchAction;
}

/** Runs due timers, then tells or asks regions. True when jobs wait for a region. */
export async function sweep(parts: StoreParts, now: number): Promise<boolean> {
	const steps = parts.storage.transactionSync(() => {
		const taken = parts.jobs.due(now, SWEEP_JOBS_MAX).map((row) => takeStep(parts, row, now));
		parts.idempotency.sweep(now);
		parts.tallies.save();
		return taken;
	});
	for (const { job, row } of steps) if (isTerminal(job.phase) && !isTerminal(row.job.phase)) wakeReaders(parts.waiters, job.id);
	for (const { row, job, action } of steps) if (action === 'resend') parts.dispatcher.send(job, row.payloadBytes, parts.texts.payload(row.n));
	await parts.dispatcher.revoke(withAction(steps, 'revoke').map(({ row }) => row.job));
	const gone = await askRegions(parts, withAction(steps, 'ask'));
	return gone || steps.some(({ action }) => action === 'dispatch');
}

function takeStep(parts: StoreParts, row: JobRow, now: number): Step {
	const { jobs, texts, tallies, timers, dispatcher } = parts;
	const { job, action } = watchJob(row.job, dispatcher.whereabouts(row.job), now, timers);
	if (action === 'delete') {
		jobs.remove(row.n);
		texts.remove(row.n);
		return { row, job, action };
	}
	jobs.save(row.n, job);
	countMove(tallies, row.job, job);
	if (job.phase === 'waiting' && row.job.phase === 'running') texts.clearAttempt(row.n);
	return { row, job, action };
}

/** Attempts that are provably nowhere in their region get a new one. True when there were any. */
async function askRegions(parts: StoreParts, steps: readonly Step[]): Promise<boolean> {
	const answers = await parts.dispatcher.ask(steps.map(({ job }) => job));
	const gone = answers.filter(({ state }) => state === 'gone');
	const now = Date.now();
	parts.storage.transactionSync(() => {
		for (const { id, epoch } of gone) {
			const row = parts.jobs.find(id);
			if (row === null || row.job.phase !== 'queued' || row.job.epoch !== epoch) continue;
			const job = waitAgain(row.job, now);
			parts.jobs.save(row.n, job);
			parts.tallies.move(row.job.phase, job.phase);
		}
		parts.tallies.save();
	});
	return gone.length > 0;
}

function withAction(steps: readonly Step[], action: WatchAction): Step[] {
	return steps.filter((step) => step.action === action);
}
