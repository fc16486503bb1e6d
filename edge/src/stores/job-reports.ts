/** Applies a batch of hosts' reports to the rows of a JobStore in one transaction. */
import { isUtf8 } from 'node:buffer';
import { dueAt, isTerminal, type Job } from '@longshore/shared-schema/job/job';
import { applyReport, type ReportOutcome } from '@longshore/shared-schema/job/report';
import type { JobEvent, Verdict } from '@longshore/shared-schema/wire/region';
import { streamKey } from './job-stream.ts';
import type { JobRow } from './job-table.ts';
import { countMove, findLive, type StoreParts, transact } from './store-parts.ts';
import { fitsInRow } from './text-table.ts';
import { armWebhook } from './webhook-log.ts';

/** One event and the bytes of its frame, if it has one. */
export interface Report {
	readonly event: JobEvent;
	readonly bytes: Uint8Array | null;
}

/** Verdicts in order, and whether a job now waits for another region. */
export interface ReportsOutcome {
	readonly verdicts: Verdict[];
	readonly waiting: boolean;
}

/** All or nothing: an error leaves every row as it was, and the region sends the batch again. */
export function applyReports(parts: StoreParts, region: string, reports: readonly Report[], now: number): ReportsOutcome {
	const woken = new Set<string>();
	let waiting = false;
	const verdicts = transact(parts, () => {
		const given = reports.map(settleText).map((report): Verdict => {
			const row = findLive(parts, report.event.id, now);
			const outcome = applyReport(row?.job ?? null, report.event, region, now, parts.timers);
			if (row === null || (outcome.job === null && outcome.keep === 'nothing')) return outcome.verdict;
			if (!store(parts, row, report, outcome)) return 'upload';
			if (outcome.job !== null) {
				if (isTerminal(outcome.job.phase)) {
					woken.add(row.job.id).add(streamKey(row.job.id));
					armWebhook(parts, row.n, outcome.job.phase, now);
				}
				if (outcome.job.phase === 'waiting') waiting = true;
			}
			if (outcome.keep === 'chunk') woken.add(streamKey(row.job.id));
			return outcome.verdict;
		});
		parts.tallies.save();
		return given;
	});
	for (const key of woken) parts.waiters.wake(key);
	return { verdicts, waiting };
}

/** A text that is no UTF-8 can be in no JSON answer: the job of a result fails by it, of anything else it is dropped. It must not hold up other events. */
function settleText(report: Report): Report {
	const { event, bytes } = report;
	if (bytes === null || isUtf8(bytes)) return report;
	if (event.kind !== 'result') return { event, bytes: null };
	return { event: { ...event, error: event.error ?? 'the output is not valid UTF-8' }, bytes: null };
}

/** Writes an outcome. False when an announced upload is not there. */
function store(parts: StoreParts, row: JobRow, { event, bytes }: Report, outcome: ReportOutcome): boolean {
	const { jobs, texts, tallies, clock } = parts;
	const job = outcome.job ?? row.job;
	if (outcome.keep === 'output') {
		if (event.kind === 'result' && event.uploadedBytes !== undefined && !texts.adoptUpload(row.n, event.epoch, event.uploadedBytes)) return false;
		saveResult(parts, row, job, bytes, event.kind === 'result' && event.uploadedBytes !== undefined);
	} else {
		if (outcome.job !== null) jobs.save(row, job);
		if (outcome.keep === 'progress' && bytes !== null) texts.setOutput(row.n, event.epoch, bytes);
		if (outcome.keep === 'chunk' && bytes !== null && (event.kind === 'chunk' || event.kind === 'progress')) texts.addStreamChunk(row.n, event.epoch, event.n, bytes);
		if (job.phase === 'waiting') texts.clearAttempt(row.n);
	}
	countMove(tallies, row.job, job);
	clock.arm(dueAt(job));
	return true;
}

/** The usual end, a small output and nothing before it, is one statement. */
function saveResult({ jobs, texts }: StoreParts, row: JobRow, job: Job, bytes: Uint8Array | null, uploaded: boolean): void {
	if (bytes !== null && fitsInRow(bytes) && row.outputBytes === null) {
		jobs.saveWithOutput(row, job, bytes);
		return;
	}
	jobs.save(row, job);
	if (bytes !== null) texts.setOutput(row.n, job.epoch, bytes);
	else if (!uploaded && row.outputBytes !== null) texts.clearOutput(row.n);
}
