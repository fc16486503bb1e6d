/** What a JobStore does when its alarm rings: every job whose timer has run out takes one step of the job machine. */
import { waitAgain } from '@longshore/shared-schema/job/dispatch';
import { loseAttempt } from '@longshore/shared-schema/job/finish';
import { goneCause } from '@longshore/shared-schema/job/gone';
import { isTerminal, type Job } from '@longshore/shared-schema/job/job';
import { doubtRun, type WatchAction, watchJob } from '@longshore/shared-schema/job/watch';
import type { InventoryAnswer } from '@longshore/shared-schema/wire/region';
import { logError } from '../log.ts';
import { wakeReaders } from './job-stream.ts';
import type { JobRow } from './job-table.ts';
import { countMove, type StoreParts, saveJob, transact } from './store-parts.ts';
import { armWebhook } from './webhook-log.ts';

/** Why an attempt is lost whose host lives and does not have it. */
const FORGOTTEN_TEXT = 'its host does not have it any more: it neither runs there nor has a result';
/** Jobs handled in one alarm; the alarm rings again at once while more are due. */
const SWEEP_JOBS_MAX = 1_000;

interface Step {
	readonly row: JobRow;
	readonly job: Job;
	readonly action: WatchAction;
}

/** `calls`: regions are being told and asked; one that never answers must hold up no timer, so nobody waits for it. */
export interface SweepOutcome {
	readonly waiting: boolean;
	readonly calls: Promise<void>;
}

/** Runs due timers. `waiting` when jobs are left without a region. */
export function sweep(parts: StoreParts, now: number): SweepOutcome {
	const steps = transact(parts, () => {
		const taken = parts.jobs.due(now, SWEEP_JOBS_MAX).map((row) => takeStep(parts, row, now));
		parts.idempotency.sweep(now);
		parts.gone.sweep(now);
		parts.tallies.save();
		return taken;
	});
	for (const { job, row } of steps) if (isTerminal(job.phase) && !isTerminal(row.job.phase)) wakeReaders(parts.waiters, job.id);
	for (const { row, job, action } of steps) if (action === 'resend') parts.dispatcher.send(job, row.payloadBytes, parts.texts.inlinePayload(row.n, row.payloadBytes));
	return { waiting: steps.some(({ action }) => action === 'dispatch'), calls: callRegions(parts, steps) };
}

async function callRegions(parts: StoreParts, steps: readonly Step[]): Promise<void> {
	try {
		const revoked = withAction(steps, 'revoke').map(({ row }) => row.job);
		await Promise.all([parts.dispatcher.revoke(revoked), askRegions(parts, withAction(steps, 'ask'))]);
	} catch (error) {
		logError('regions not told or asked', error);
	}
}

function takeStep(parts: StoreParts, row: JobRow, now: number): Step {
	const { jobs, texts, webhooks, gone, tallies, timers, dispatcher } = parts;
	const { job: watched, action } = watchJob(row.job, dispatcher.whereabouts(row.job), now, timers);
	if (action === 'delete') {
		jobs.remove(row);
		texts.remove(row.n);
		webhooks.remove(row.n);
		const cause = goneCause(row.job, timers);
		if (cause !== 'expired') gone.remember(row.job.id, cause, now);
		return { row, job: watched, action };
	}
	if (watched.phase === 'waiting' && row.job.phase === 'running') texts.clearAttempt(row.n);
	// Here and now: its timer is set for the next try, so a later look for jobs that are ready would pass it over.
	const assigned = action === 'dispatch' ? dispatcher.assign(watched, now) : null;
	const job = assigned ?? watched;
	jobs.save(row, job);
	countMove(tallies, row.job, job);
	if (!isTerminal(row.job.phase)) armWebhook(parts, row.n, job.phase, now);
	return { row, job, action: assigned === null ? action : 'resend' };
}

/** Queued attempts that are provably nowhere in their region wait for a new one; running ones are lost when their host does not know them, twice in a row. */
async function askRegions(parts: StoreParts, steps: readonly Step[]): Promise<void> {
	const { dispatcher } = parts;
	const askedAt = Date.now();
	for (const { job } of steps) if (job.phase === 'running') dispatcher.runs.ask(job, askedAt);
	const answers = await dispatcher.ask(steps.map(({ job }) => job));
	const now = Date.now();
	const ended = transact(parts, () => answers.filter((answer) => applyAnswer(parts, answer, now)));
	for (const { id } of ended) wakeReaders(parts.waiters, id);
}

/** True when the job has ended by it. */
function applyAnswer(parts: StoreParts, { id, epoch, state }: InventoryAnswer['results'][number], now: number): boolean {
	const { dispatcher, timers, texts } = parts;
	if (state === 'running') dispatcher.runs.held({ id, epoch });
	if (state !== 'gone' && state !== 'forgotten') return false;
	const row = parts.jobs.find(id);
	if (row === null || row.job.epoch !== epoch || row.job.phase !== (state === 'gone' ? 'queued' : 'running')) return false;
	if (state === 'gone') {
		saveJob(parts, row, waitAgain(row.job, now));
		return false;
	}
	if (!dispatcher.runs.forgotten(row.job)) {
		saveJob(parts, row, doubtRun(row.job, now, timers));
		return false;
	}
	const lost = loseAttempt(row.job, FORGOTTEN_TEXT, now, timers);
	if (lost.phase === 'waiting') texts.clearAttempt(row.n);
	saveJob(parts, row, lost);
	armWebhook(parts, row.n, lost.phase, now);
	return isTerminal(lost.phase);
}

function withAction(steps: readonly Step[], action: WatchAction): Step[] {
	return steps.filter((step) => step.action === action);
}
