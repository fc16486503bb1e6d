/** One post of events to the edge, and what came of it. Retries nothing. */
import { EDGE_PATHS, eventsAnswer, type Verdict } from '@longshore/shared-schema/wire/region';
import type { EdgeClient } from '../edge/edge-client.ts';
import { errorText } from '../log.ts';
import { encodeBatch, type Slice } from './parcel.ts';

/** `verdicts`: one an event, in order. `refused`: the edge will not have these events, whenever they come. `problem`: it could not say. */
export type PostOutcome = { readonly verdicts: readonly Verdict[] } | { readonly refused: string } | { readonly problem: string };

/** Posts the slices as one batch; `nowMs` is the wall clock, by which their events age. */
export async function postEvents(edge: EdgeClient, slices: readonly Slice[], nowMs: number, timeoutMs: number): Promise<PostOutcome> {
	try {
		const body = encodeBatch(slices, nowMs);
		const answer = await edge.send({ method: 'POST', path: EDGE_PATHS.events, body, headers: { 'content-type': 'application/octet-stream' }, timeoutMs });
		if (answer.status !== 200) {
			const text = `the edge answers events with ${answer.status}: ${answer.body.toString('utf8', 0, 200)}`;
			return isFinalRefusal(answer.status) ? { refused: text } : { problem: text };
		}
		const { verdicts } = eventsAnswer.parse(JSON.parse(answer.body.toString()));
		const events = slices.reduce((sum, slice) => sum + slice.events.length, 0);
		return verdicts.length === events ? { verdicts } : { problem: `the edge gave ${verdicts.length} verdicts on ${events} events` };
	} catch (error) {
		return { problem: errorText(error) };
	}
}

/** 401 and 403 mean that keys or clocks disagree and 408, 425 and 429 ask for patience: none says that an event is bad. */
function isFinalRefusal(status: number): boolean {
	return status >= 400 && status < 500 && ![401, 403, 404, 408, 425, 429].includes(status);
}
