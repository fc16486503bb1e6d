/** The checker: judges a history, alone, by every invariant, and says where a run was too small to mean anything. Pure. */
import type { EventOf, HistoryEvent } from '../history/event.ts';
import { checkCalls } from './calls.ts';
import { checkEnds } from './ends.ts';
import { checkFleet } from './fleet.ts';
import { checkHooks } from './hooks.ts';
import { gatherJobs } from './jobs.ts';
import { checkRates } from './rates.ts';
import { checkRetention } from './retention.ts';
import type { Findings, Violation } from './violation.ts';

/** The least of each count that makes a run worth something. */
export type Minimums = Readonly<Record<string, number>>;

export interface Verdict {
	readonly violations: readonly Violation[];
	readonly counts: Readonly<Record<string, number>>;
	/** Faults carried out, by kind. */
	readonly faults: Readonly<Record<string, number>>;
	/** Minimums that were not met: such a run shows nothing. */
	readonly unmet: readonly string[];
	/** No violation, and every minimum met. */
	readonly passed: boolean;
}

/** Throws when the history does not begin with its `begin`. */
export function judge(events: readonly HistoryEvent[], minimums: Minimums, options: { readonly isLong: boolean }): Verdict {
	const begin = events.find((event): event is EventOf<'begin'> => event.is === 'begin');
	if (begin === undefined) throw new Error('the history has no beginning');
	const jobs = gatherJobs(events);
	const parts: Findings[] = [
		checkEnds(jobs, events),
		checkRetention(jobs, { asyncMs: begin.retentionAsyncMs, syncMs: begin.retentionSyncMs }),
		checkCalls(jobs, events),
		checkHooks(jobs),
		checkFleet(events, options.isLong),
		checkRates(jobs, events),
	];
	const faults: Record<string, number> = {};
	for (const event of events) if (event.is === 'fault' && event.done) faults[event.kind] = (faults[event.kind] ?? 0) + 1;
	const total = Object.values(faults).reduce((sum, times) => sum + times, 0);
	const counts: Record<string, number> = Object.assign({ faults: total, 'kinds of faults': Object.keys(faults).length }, ...parts.map((part) => part.counts));
	const violations = parts.flatMap((part) => part.violations);
	const unmet = Object.entries(minimums)
		.filter(([name, least]) => (counts[name] ?? 0) < least)
		.map(([name, least]) => `${name}: ${counts[name] ?? 0}, at least ${least} are needed`);
	return { violations, counts, faults, unmet, passed: violations.length === 0 && unmet.length === 0 };
}
