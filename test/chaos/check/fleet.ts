/** I7 and I13: workers never exceed the maximum, and what the stack holds after the run is what it held before. Pure. */
import type { EventOf, HistoryEvent } from '../history/event.ts';
import type { Findings, Violation } from './violation.ts';

/** Growth that is still the same size. */
const GROWTH = 1.05;

/** `isLong`: long enough that growth means something. */
export function checkFleet(events: readonly HistoryEvent[], isLong: boolean): Findings {
	const samples = events.filter((event) => event.is === 'census') as EventOf<'census'>[];
	const above = samples.filter(({ alive, max }) => alive > max);
	const violations: Violation[] = above
		.slice(0, 5)
		.map(({ endpoint, alive, max, at }) => ({ invariant: 'I7', what: `${alive} workers of ${endpoint} at ${at}, at most ${max} are allowed` }));
	if (isLong) violations.push(...checkGrowth(events));
	return { violations, counts: { 'worker samples': samples.length, 'samples at the maximum': samples.filter(({ alive, max }) => alive === max).length } };
}

function checkGrowth(events: readonly HistoryEvent[]): Violation[] {
	const at = (when: string): EventOf<'footprint'> | undefined => events.find((event): event is EventOf<'footprint'> => event.is === 'footprint' && event.when === when);
	const start = at('start');
	const end = at('end');
	if (start === undefined || end === undefined) return [{ invariant: 'I13', what: 'nobody measured what the stack holds' }];
	return (['residentBytes', 'descriptors', 'messages', 'files'] as const).flatMap((what): Violation[] =>
		end[what] <= start[what] * GROWTH ? [] : [{ invariant: 'I13', what: `${what} grew from ${start[what]} to ${end[what]}` }],
	);
}
