/** `POST decisions`: what was decided about an endpoint's workers lately, which of them failed, and what is missing. */
import { type DecisionsAnswer, decisionsRequest } from '@longshore/shared-schema/wire/region-decisions';
import type { Backoffs } from '../fleet/backoffs.ts';
import type { Decisions } from '../fleet/decisions.ts';
import type { Scaler } from '../fleet/scaler.ts';
import { type Answer, badRequest } from './answer.ts';

export interface DecisionSources {
	readonly decisions: Pick<Decisions, 'of'>;
	readonly backoffs: Pick<Backoffs, 'recent'>;
	readonly scaler: Pick<Scaler, 'figures'>;
	readonly now: () => number;
}

/** The verb over its parts. */
export function createDecisions({ decisions, backoffs, scaler, now }: DecisionSources): (body: unknown) => Promise<Answer> {
	return async (body) => {
		const parsed = decisionsRequest.safeParse(body);
		if (!parsed.success) return badRequest(`decisions: ${parsed.error.message.slice(0, 500)}`);
		const { endpointId } = parsed.data;
		const { workers, blocked } = scaler.figures(endpointId);
		const answer: DecisionsAnswer = {
			decisions: decisions.of(endpointId).map((decision) => ({ ...decision, inputs: { ...decision.inputs } })),
			failures: backoffs.recent(endpointId).map(({ atMs, ...failure }) => ({ ...failure, agoMs: Math.round(now() - atMs) })),
			missing: workers.throttled,
			blocked,
		};
		return { status: 200, body: answer };
	};
}
