/** Puts the edge's and the regions' decisions about an endpoint together. Pure. */
import type { DecisionsAnswer } from '@longshore/shared-schema/wire/region-decisions';
import type { DecisionsV2, PlacementObstacle } from '@longshore/shared-schema/wire/rest-v2/decisions-answer';
import type { Share } from './allocate-grants.ts';

/** What one region answered; null: nothing. */
export interface AnswerOfRegion {
	readonly region: string;
	readonly answer: DecisionsAnswer | null;
}

/** `ownDecisions`: those of the edge, oldest first. `isoAgo`: the time so many milliseconds ago, ISO 8601. */
export function showDecisions(
	shares: readonly Share[],
	ownDecisions: readonly Omit<DecisionsV2['decisions'][number], 'by'>[],
	regions: readonly AnswerOfRegion[],
	obstacles: readonly PlacementObstacle[],
	isoAgo: (agoMs: number) => string,
): DecisionsV2 {
	const answers = regions.flatMap(({ region, answer }) => (answer === null ? [] : [{ region, ...answer }]));
	const ofRegions = answers.flatMap(({ region, decisions }) => decisions.map((decision) => ({ by: region, ...decision })));
	const decisions = [...ownDecisions.map((decision) => ({ by: 'edge', ...decision })), ...ofRegions];
	return {
		shares: shares.map(({ region, workersMax, workersMin, held, tiers }) => ({
			region,
			workersMax,
			workersMin,
			held: held ?? workersMax,
			tiers: tiers === undefined ? null : [...tiers],
		})),
		missing: answers.filter(({ missing }) => missing > 0).map(({ region, missing, blocked }) => ({ region, workers: missing, text: blocked })),
		obstacles: [...obstacles],
		failures: answers
			.flatMap(({ region, failures }) => failures.map(({ agoMs, ...failure }) => ({ region, ...failure, at: isoAgo(agoMs) })))
			.sort((a, b) => (a.at < b.at ? -1 : 1)),
		decisions: decisions.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)),
		unreachableRegions: regions.filter(({ answer }) => answer === null).map(({ region }) => region),
	};
}
