/** I1, I2, I3, I4: each acknowledged job ends once, for everybody alike, by the attempt of a worker that ran it, and never goes back. Pure. */
import type { EventOf, HistoryEvent, Recipe } from '../history/event.ts';
import { endOf, isEnd, isSameGeneration, type JobHistory } from './jobs.ts';
import type { Findings, Violation } from './violation.ts';

/** How jobs of a recipe may end. FAILED also where the endpoint's limit of lost attempts is used up: such an end says so. */
const ENDS: Readonly<Record<Recipe, readonly string[]>> = {
	quick: ['COMPLETED'],
	slow: ['COMPLETED'],
	stream: ['COMPLETED'],
	large: ['COMPLETED'],
	fail: ['FAILED'],
	crash: ['FAILED'],
	hang: ['FAILED'],
	cancel: ['CANCELLED', 'COMPLETED'],
	ttl: ['TIMED_OUT', 'COMPLETED'],
	purged: ['COMPLETED', 'CANCELLED'],
};
const RANK: Readonly<Record<string, number>> = { IN_QUEUE: 0, IN_PROGRESS: 1 };
const LOST_TOO_OFTEN = /^job timed out after \d+ retries/;

export function checkEnds(jobs: ReadonlyMap<string, JobHistory>, events: readonly HistoryEvent[]): Findings {
	const violations: Violation[] = [];
	let ended = 0;
	let redispatched = 0;
	for (const job of jobs.values()) {
		violations.push(...checkJob(job));
		if (job.reads.some(isEnd)) ended++;
		if (job.reads.some((read) => read.retries > 0)) redispatched++;
	}
	const offers = events.filter((event) => event.is === 'offer');
	for (const offer of offers) if (offer.verdict === 'accepted') violations.push({ invariant: 'I4', what: `${offer.id}: a ${offer.why} result was accepted` });
	const reads = events.filter((event) => event.is === 'read' && event.outcome === 'seen').length;
	const answered = offers.filter((offer) => offer.verdict !== 'none');
	return { violations, counts: { acknowledged: jobs.size, ended, reads, 'stale results offered': answered.length, redispatched } };
}

function checkJob(job: JobHistory): Violation[] {
	const first = job.reads.find(isEnd);
	if (first === undefined) {
		const last = job.reads.at(-1);
		return [{ invariant: 'I1', what: `${job.id} (${job.submit.recipe}) did not end; last seen ${last === undefined ? 'never' : (last.state ?? last.outcome)}` }];
	}
	return [...checkKnown(job, first), ...checkAllowedEnd(job, first), ...checkOneEnd(job), ...checkOrder(job), ...checkAttempt(job)];
}

/** Until its end was seen nobody may be told that there is no such job. */
function checkKnown(job: JobHistory, first: EventOf<'read'>): Violation[] {
	return job.reads.filter((read) => read.outcome === 'gone' && read.doneAt < first.at).map(() => ({ invariant: 'I1', what: `${job.id} was unknown before its end` }));
}

function checkAllowedEnd(job: JobHistory, end: EventOf<'read'>): Violation[] {
	const allowed = [...ENDS[job.submit.recipe], ...(job.cancels.length > 0 ? ['CANCELLED'] : [])];
	if (allowed.includes(end.state ?? '') || (end.state === 'FAILED' && LOST_TOO_OFTEN.test(end.error ?? ''))) return [];
	return [{ invariant: 'I2', what: `${job.id} (${job.submit.recipe}) ended ${end.state}: ${end.error ?? ''}` }];
}

function checkOneEnd(job: JobHistory): Violation[] {
	const ends = [
		...job.reads.filter(isEnd).map((read) => ({ end: endOf(read), from: read.at, to: read.doneAt, who: 'a reader' })),
		...job.hooks.map((hook) => ({ end: endOf(hook), from: hook.at, to: hook.at, who: 'a webhook' })),
	].sort((a, b) => a.to - b.to);
	return ends.slice(1).flatMap((now, index) => {
		const before = ends[index];
		if (before === undefined || before.end === now.end || !isSameGeneration(job, Math.min(before.from, now.from), now.to)) return [];
		return [{ invariant: 'I2', what: `${job.id}: ${before.end} for ${before.who}, then ${now.end} for ${now.who}` }];
	});
}

/** Reads that began after another one's answer must not see less; IN_PROGRESS falls back to IN_QUEUE only with one more lost attempt. */
function checkOrder(job: JobHistory): Violation[] {
	const violations: Violation[] = [];
	let latest: EventOf<'read'> | undefined;
	for (const read of job.reads) {
		if (read.outcome !== 'seen') continue;
		if (latest !== undefined && read.at >= latest.doneAt && isSameGeneration(job, latest.at, read.doneAt) && placeOf(read) < placeOf(latest))
			violations.push({ invariant: 'I3', what: `${job.id} went from ${latest.state} (retries ${latest.retries}) to ${read.state} (retries ${read.retries})` });
		latest = read;
	}
	return violations;
}

function placeOf(read: EventOf<'read'>): number {
	return isEnd(read) ? Number.POSITIVE_INFINITY : read.retries * 2 + (RANK[read.state ?? ''] ?? 0);
}

/** An output is that of an attempt which a worker really made, and answers this job's own input. */
function checkAttempt(job: JobHistory): Violation[] {
	const made = new Set(job.work.map((work) => work.attempt));
	return job.reads.filter(isEnd).flatMap((read): Violation[] => {
		if (read.state !== 'COMPLETED') return [];
		if (read.by === null || !made.has(read.by)) return [{ invariant: 'I4', what: `${job.id}: its output is of ${read.by ?? 'nobody'}, which no worker made` }];
		return read.n === job.submit.n ? [] : [{ invariant: 'I2', what: `${job.id}: its output answers submit ${read.n}, not ${job.submit.n}` }];
	});
}
