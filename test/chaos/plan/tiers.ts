/** How long a run is, how much it does, and what it has to have seen to count. */
import type { Minimums } from '../check/judge.ts';

export interface Tier {
	readonly name: 'short' | 'ci' | 'soak';
	/** In which jobs come and nothing goes wrong yet. */
	readonly warmUpMs: number;
	/** In which things go wrong. */
	readonly faultsMs: number;
	/** In which jobs still come and nothing is broken any more: the rate is measured from 15 s after healing. */
	readonly healedMs: number;
	/** From the last end to the last measurement: what is cleared at intervals must be clear by then. */
	readonly settleMs: number;
	readonly jobsPerS: number;
	/** Mean pause between the beginnings of two faults. */
	readonly faultEveryMs: number;
	readonly minimums: Minimums;
}

/** The whole-run minimums of the CI tier. */
const CI: Minimums = {
	faults: 60,
	'kinds of faults': 20,
	acknowledged: 7_000,
	reads: 20_000,
	'stale results offered': 50,
	redispatched: 30,
	expiries: 500,
	'reads near an expiry': 50,
	webhooks: 300,
	'webhooks tried again': 20,
	'worker samples': 2_400,
	'samples at the maximum': 20,
	'repeated submits': 200,
	purges: 30,
	cancels: 100,
	retries: 30,
	'streams heard to the end': 50,
	'calls without an answer': 50,
	'submits while a region was down': 300,
};

/** A tier by its length: a soak's minimums grow with it. */
export function soakOf(minutes: number): Tier {
	const share = minutes / 30;
	const minimums = { ...CI, faults: Math.floor(450 * share), 'kinds of faults': 24, acknowledged: Math.floor(50_000 * share), 'stale results offered': Math.floor(500 * share) };
	return { name: 'soak', warmUpMs: 60_000, faultsMs: minutes * 60_000, healedMs: 25_000, settleMs: 100_000, jobsPerS: 33, faultEveryMs: 3_200, minimums };
}

export const CI_TIER: Tier = { name: 'ci', warmUpMs: 5_000, faultsMs: 225_000, healedMs: 25_000, settleMs: 3_000, jobsPerS: 33, faultEveryMs: 2_900, minimums: CI };

/** For machines that have a minute: some of everything. */
export const SHORT_TIER: Tier = {
	name: 'short',
	warmUpMs: 3_000,
	settleMs: 3_000,
	faultsMs: 50_000,
	healedMs: 24_000,
	jobsPerS: 15,
	faultEveryMs: 2_700,
	minimums: {
		faults: 10,
		'kinds of faults': 8,
		acknowledged: 600,
		reads: 1_500,
		'stale results offered': 10,
		expiries: 30,
		webhooks: 20,
		'worker samples': 400,
		'repeated submits': 10,
	},
};
