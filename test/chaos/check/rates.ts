/** What clients feel: the edge accepts while a region is down, and soon after healing as many jobs end as come. Pure. */
import type { EventOf, HistoryEvent } from '../history/event.ts';
import { isEnd, type JobHistory } from './jobs.ts';
import type { Findings, Violation } from './violation.ts';

const ACCEPTED_SHARE = 0.999;
const RATE_SHARE = 0.9;
const RECOVER_MS = 15_000;
/** Over which the rate after healing is measured. */
const WINDOW_MS = 8_000;
const END_MS = 60_000;
/** After a fault of the edge itself its door needs this long to be open again. */
const EDGE_BACK_MS = 5_000;

export function checkRates(jobs: ReadonlyMap<string, JobHistory>, events: readonly HistoryEvent[]): Findings {
	const phase = (name: string): number | undefined => events.find((event) => event.is === 'phase' && event.phase === name)?.at;
	const healedAt = phase('healed');
	const drainAt = phase('drain');
	const submits = events.filter((event) => event.is === 'submit' && event.verb === 'run') as EventOf<'submit'>[];
	const faults = events.filter((event) => event.is === 'fault' && event.done) as EventOf<'fault'>[];
	const down = submits.filter((submit) => isDuring(submit, faults, ({ region }) => region !== null, 0) && !isDuring(submit, faults, ({ edge }) => edge, EDGE_BACK_MS));
	const accepted = down.filter(({ outcome }) => outcome === 'ok').length;
	const violations: Violation[] = [];
	if (down.length > 0 && accepted < down.length * ACCEPTED_SHARE)
		violations.push({ invariant: 'rate', what: `${accepted} of ${down.length} submits were accepted while a region was down: fewer than ${ACCEPTED_SHARE * 100} %` });
	if (healedAt !== undefined && drainAt !== undefined) violations.push(...checkRecovery(jobs, submits, healedAt), ...checkDrain(jobs, drainAt));
	const share = down.length === 0 ? 0 : accepted / down.length;
	return {
		violations,
		counts: {
			'submits while a region was down': down.length,
			'accepted of them, per 1,000': Math.round(share * 1_000),
			'ended within, s after the last submit': lastEndS(jobs, drainAt),
		},
	};
}

function isDuring(call: { readonly at: number; readonly doneAt: number }, faults: readonly EventOf<'fault'>[], of: (fault: EventOf<'fault'>) => boolean, afterMs: number): boolean {
	return faults.some((fault) => of(fault) && call.doneAt >= fault.at && call.at <= fault.healedAt + afterMs);
}

function checkRecovery(jobs: ReadonlyMap<string, JobHistory>, submits: readonly EventOf<'submit'>[], healedAt: number): Violation[] {
	const within = (at: number): boolean => at >= healedAt + RECOVER_MS && at < healedAt + RECOVER_MS + WINDOW_MS;
	const came = submits.filter(({ doneAt, outcome }) => outcome === 'ok' && within(doneAt)).length;
	const ended = [...jobs.values()].filter((job) => job.submit.verb === 'run' && within(job.reads.find(isEnd)?.doneAt ?? 0)).length;
	if (came === 0) return [{ invariant: 'rate', what: 'no job came in the window after healing in which the rate is measured' }];
	return ended >= came * RATE_SHARE ? [] : [{ invariant: 'rate', what: `${ended} jobs ended while ${came} came, ${RECOVER_MS / 1_000} s after healing` }];
}

function checkDrain(jobs: ReadonlyMap<string, JobHistory>, drainAt: number): Violation[] {
	const late = [...jobs.values()].filter((job) => (job.reads.find(isEnd)?.doneAt ?? 0) > drainAt + END_MS);
	return late.length === 0 ? [] : [{ invariant: 'rate', what: `${late.length} jobs ended more than ${END_MS / 1_000} s after the last submit` }];
}

function lastEndS(jobs: ReadonlyMap<string, JobHistory>, drainAt: number | undefined): number {
	if (drainAt === undefined) return 0;
	let last = drainAt;
	for (const job of jobs.values()) last = Math.max(last, job.reads.find(isEnd)?.doneAt ?? 0);
	return Math.round((last - drainAt) / 1_000);
}
