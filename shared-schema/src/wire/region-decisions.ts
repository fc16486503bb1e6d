/** Edge → region: what was decided about an endpoint's workers lately and why, asked for by people and not kept. */
import * as z from 'zod';
import { ID_PATTERN } from '../limits.ts';

const id = z.string().regex(ID_PATTERN);

/** Body of `POST decisions`. */
export const decisionsRequest = z.object({ endpointId: id });

/** A decision: a sentence, and what it rested on in machine-readable form. */
export const regionDecision = z.object({
	at: z.iso.datetime(),
	kind: z.enum(['scale', 'place', 'start', 'stop', 'blocked']),
	text: z.string().max(4_000),
	inputs: z.record(z.string(), z.unknown()),
});

/** A worker that did not come up or ended badly. */
export const startFailure = z.object({
	workerId: id,
	hostId: id,
	agoMs: z.number().min(0),
	reason: z.string().max(4_000),
	exitCode: z.int().nullable(),
	/** Last lines of its log. */
	lastLog: z.string().max(8_000),
});

/** Answer of `POST decisions`; all of it empty for an endpoint that the region does not know. */
export const decisionsAnswer = z.object({
	decisions: z.array(regionDecision).max(1_000),
	failures: z.array(startFailure).max(100),
	/** Workers that are wanted and find no place, and why. */
	missing: z.int().min(0),
	blocked: z.string().max(300).nullable(),
});
export type DecisionsAnswer = z.infer<typeof decisionsAnswer>;
