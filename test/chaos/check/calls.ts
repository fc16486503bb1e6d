/** I9, I10, I11, I12 and streams: submits with one key, purges, cancels and retries did exactly what they said. Pure. */
import type { EventOf, HistoryEvent } from '../history/event.ts';
import { isEnd, type JobHistory } from './jobs.ts';
import type { Findings, Violation } from './violation.ts';

export function checkCalls(jobs: ReadonlyMap<string, JobHistory>, events: readonly HistoryEvent[]): Findings {
	const submits = events.filter((event) => event.is === 'submit');
	const purges = events.filter((event) => event.is === 'purge');
	const unknown = events.filter((event) => (event.is === 'submit' || event.is === 'cancel' || event.is === 'retry') && event.outcome === 'unknown');
	const keys = checkKeys(submits);
	return {
		violations: [...keys.violations, ...checkPurges(jobs, purges), ...checkCancels(jobs), ...checkRetries(jobs), ...checkStreams(jobs), ...checkTenants(events)],
		counts: {
			...keys.counts,
			purges: purges.filter(({ outcome }) => outcome === 'ok').length,
			'calls without an answer': unknown.length,
			cancels: count(jobs, (job) => job.cancels.some(({ outcome }) => outcome === 'ok')),
			retries: count(jobs, (job) => job.retries.some(({ outcome }) => outcome === 'ok')),
			'streams heard to the end': count(jobs, (job) => job.streams.some(({ whole }) => whole)),
		},
	};
}

const count = (jobs: ReadonlyMap<string, JobHistory>, of: (job: JobHistory) => boolean): number => [...jobs.values()].filter(of).length;

/** All answers to submits with one key name one job. */
function checkKeys(submits: readonly EventOf<'submit'>[]): Findings {
	const byKey = new Map<string, Set<string>>();
	let repeated = 0;
	for (const { key, id } of submits) {
		if (key === null || id === null) continue;
		const ids = byKey.get(key) ?? new Set();
		if (ids.size > 0) repeated++;
		byKey.set(key, ids.add(id));
	}
	const violations = [...byKey].flatMap(([key, ids]): Violation[] => (ids.size > 1 ? [{ invariant: 'I9', what: `key ${key} made ${[...ids].join(' and ')}` }] : []));
	return { violations, counts: { 'repeated submits': repeated } };
}

/** A job that was submitted after a purge had returned is not purged; one acknowledged before it was called does not stay queued. */
function checkPurges(jobs: ReadonlyMap<string, JobHistory>, purges: readonly EventOf<'purge'>[]): Violation[] {
	return [...jobs.values()].flatMap((job): Violation[] => {
		const mine = purges.filter(({ endpoint }) => endpoint === job.submit.endpoint);
		const end = job.reads.find(isEnd);
		const removed = end?.state === 'CANCELLED' && job.cancels.length === 0;
		const lastTry = job.reads.find(isEnd)?.doneAt ?? Number.POSITIVE_INFINITY;
		if (removed && !mine.some((purge) => purge.doneAt >= job.submit.at && purge.at <= lastTry))
			return [{ invariant: 'I10', what: `${job.id} was purged by no purge that could have met it` }];
		const stayed = mine.find((purge) => purge.outcome === 'ok' && purge.at > job.submit.doneAt && job.submit.outcome === 'ok' && wasQueuedAfter(job, purge));
		return stayed === undefined ? [] : [{ invariant: 'I10', what: `${job.id} was still queued after a purge that came later than it` }];
	});
}

/** Seen queued, by a read that began when the purge was over, without a lost attempt that explains it. */
function wasQueuedAfter(job: JobHistory, purge: EventOf<'purge'>): boolean {
	return job.reads.some((read) => read.state === 'IN_QUEUE' && read.at > purge.doneAt && read.retries === 0);
}

/** What a cancel said is the end that everybody sees afterwards. */
function checkCancels(jobs: ReadonlyMap<string, JobHistory>): Violation[] {
	return [...jobs.values()].flatMap((job) =>
		job.cancels.flatMap((cancel): Violation[] => {
			const later = job.reads.find((read) => read.at >= cancel.doneAt && read.outcome === 'seen');
			if (cancel.outcome !== 'ok' || later === undefined || later.state === cancel.state) return [];
			return [{ invariant: 'I12', what: `${job.id}: cancel said ${cancel.state}, a later reader ${later.state}` }];
		}),
	);
}

/** A retry that was accepted opens the job again: it ends a second time. One that nobody knows of did so or left the first end alone. */
function checkRetries(jobs: ReadonlyMap<string, JobHistory>): Violation[] {
	return [...jobs.values()].flatMap((job) =>
		job.retries.flatMap((retry): Violation[] => {
			if (retry.outcome !== 'ok' || job.reads.some((read) => isEnd(read) && read.at >= retry.doneAt)) return [];
			return [{ invariant: 'I12', what: `${job.id} did not end again after its retry` }];
		}),
	);
}

/** Chunks come in order, each once, of one run: after a lost attempt they start anew. */
function checkStreams(jobs: ReadonlyMap<string, JobHistory>): Violation[] {
	return [...jobs.values()].flatMap((job) =>
		job.streams.flatMap(({ chunks }): Violation[] => {
			const wrong = chunks.findIndex((chunk, index) => index > 0 && chunk !== (chunks[index - 1] ?? 0) + 1 && chunk !== 0);
			return wrong < 0 ? [] : [{ invariant: 'I2', what: `${job.id}: chunk ${chunks[wrong]} came behind ${chunks[wrong - 1]}` }];
		}),
	);
}

function checkTenants(events: readonly HistoryEvent[]): Violation[] {
	return events.flatMap((event): Violation[] => (event.is === 'foreign' ? [{ invariant: 'I11', what: `${event.path} showed another tenant's text` }] : []));
}
