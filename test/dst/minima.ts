/** A green run proves nothing about what it never met: how often each fault and each invariant must have occurred. */
import { FAULTS } from './faults.ts';
import type { INVARIANTS } from './ledger.ts';

/** Per simulated hour of faults, over all histories of a run together; far below what they bring, far above nothing. */
const CHECKS_PER_HOUR: Readonly<Record<keyof typeof INVARIANTS, number>> = {
	I1: 60,
	I2: 100,
	I3: 200,
	I4: 150,
	I5: 200,
	I6: 8,
	I7: 20,
	I8: 20,
	I9: 15,
	I10: 0.5,
	I11: 100,
	I12: 60,
	I13: 5,
};
/** The same for things that make those checks worth something. */
const EVENTS_PER_HOUR: Readonly<Record<string, number>> = {
	'jobs acknowledged': 60,
	'stale results offered': 0.3,
	'results repeated': 1,
	'late events refused': 1,
	'claims granted': 2,
	'claims refused': 0.1,
	'submits without an answer that were taken': 0.5,
	'submits without an answer that were not taken': 0.5,
	'submits repeated': 2,
	'webhooks repeated': 0.5,
	'workers at their maximum': 2,
	'expiries seen': 60,
	'jobs started anew': 2,
	purges: 0.5,
	ghosts: 0.05,
};
const FAULTS_PER_HOUR = 0.15;

/** What a run of `hours` with these counts has not met often enough, a line each. */
export function findVacuous(counts: Readonly<Record<string, number>>, hours: number): string[] {
	const wanted: [string, number][] = [
		...Object.entries(CHECKS_PER_HOUR),
		...Object.entries(EVENTS_PER_HOUR),
		...Object.keys(FAULTS).map((kind): [string, number] => [`fault: ${kind}`, FAULTS_PER_HOUR]),
	];
	return wanted.flatMap(([name, perHour]) => {
		const least = Math.max(1, Math.floor(perHour * hours));
		const met = counts[name] ?? 0;
		return met >= least ? [] : [`${name}: ${met}, at least ${least} are needed`];
	});
}

/** Sums of counts. */
export function addCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
	const sum: Record<string, number> = {};
	for (const counts of all) for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
	return sum;
}
