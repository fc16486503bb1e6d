/** I5: a result is there for every read within its retention, and for none later than a second after it. Pure. */
import type { EventOf } from '../history/event.ts';
import { isEnd, type JobHistory } from './jobs.ts';
import type { Findings, Violation } from './violation.ts';

export interface RetentionOptions {
	readonly asyncMs: number;
	readonly syncMs: number;
}

const LATE_MS = 1_000;
/** Reads within this distance of the end of the retention show that it is exact. */
const NEAR_MS = 1_000;

/** The end lies between the last look that did not see it (sent then) and the first that did (answered then). Jobs that were retried are left out. */
export function checkRetention(jobs: ReadonlyMap<string, JobHistory>, { asyncMs, syncMs }: RetentionOptions): Findings {
	const violations: Violation[] = [];
	let expiries = 0;
	let near = 0;
	for (const job of jobs.values()) {
		const end = job.reads.find(isEnd);
		if (end === undefined || job.retries.length > 0) continue;
		const retentionMs = job.submit.verb === 'runsync' ? syncMs : asyncMs;
		const before = job.reads.filter((read) => read.outcome === 'seen' && !isEnd(read) && read.at <= end.doneAt).at(-1);
		const earliest = (before?.at ?? job.submit.at) + retentionMs;
		const latest = end.doneAt + retentionMs;
		for (const read of job.reads) {
			violations.push(...judge(job.id, read, earliest, latest, end.doneAt));
			if (read.outcome !== 'unknown' && read.doneAt > earliest - NEAR_MS && read.at < latest + LATE_MS + NEAR_MS) near++;
		}
		if (job.reads.some((read) => read.outcome === 'gone' && read.at > earliest)) expiries++;
	}
	return { violations, counts: { expiries, 'reads near an expiry': near } };
}

function judge(id: string, read: EventOf<'read'>, earliest: number, latest: number, endedBy: number): Violation[] {
	if (read.outcome === 'gone' && read.at >= endedBy && read.doneAt < earliest)
		return [{ invariant: 'I5', what: `${id} was gone ${Math.round(earliest - read.doneAt)} ms or more before its retention ended` }];
	if (read.outcome === 'seen' && read.at > latest + LATE_MS) return [{ invariant: 'I5', what: `${id} was there ${Math.round(read.at - latest)} ms or more after its retention` }];
	return [];
}
