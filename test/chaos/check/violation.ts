/** What a part of the checker finds: broken promises in words, and how often it could have found one. */

/** The invariants of the promise; the numbers are those of the failure model. */
export const INVARIANTS = {
	I1: 'every acknowledged job ends, and is known until then',
	I2: 'one end a job, the same for every reader and receiver',
	I3: 'what readers see never goes back',
	I4: 'no stale result counts',
	I5: 'a result is readable for exactly its retention',
	I6: 'webhooks arrive, signed, with the job’s own end',
	I7: 'never more workers than the maximum',
	I9: 'one job a key',
	I10: 'a purge takes what was there before it, and nothing that came after',
	I11: 'nobody sees another tenant’s text',
	I12: 'a cancelled or retried job did or did not, nothing between',
	I13: 'nothing grows for ever',
	rate: 'the edge accepts while a region is down, and the rate comes back',
} as const;
export type Invariant = keyof typeof INVARIANTS;

export interface Violation {
	readonly invariant: Invariant;
	readonly what: string;
}

/** A part's findings: `counts` are named as in the minimums. */
export interface Findings {
	readonly violations: readonly Violation[];
	readonly counts: Readonly<Record<string, number>>;
}
