/** `POST /regions/v1/events`: reports of hosts in, one verdict each out, in order. */
import { EVENT_BATCH_BYTES_MAX } from '@longshore/shared-schema/limits';
import { eventsHead, type Verdict } from '@longshore/shared-schema/wire/region';
import type { Env } from '../../env.ts';
import { askByStore } from './by-store.ts';
import { enterRegion } from './enter.ts';
import { parseFramed } from './parse.ts';

export async function events(env: Env, request: Request): Promise<Response> {
	const { region, body } = await enterRegion(env, request, 2 * EVENT_BATCH_BYTES_MAX);
	return Response.json({ verdicts: await verdictsOn(env, region, body) });
}

/** One verdict on each event of a verified region's batch, in order. */
export async function verdictsOn(env: Env, region: string, body: Uint8Array): Promise<Verdict[]> {
	const { head, frames } = parseFramed(eventsHead, body, (parsed) => parsed.events.flatMap((event) => ('bytes' in event && event.bytes !== undefined ? [event.bytes] : [])));
	let next = 0;
	const reports = head.events.map((event) => ({ event, bytes: 'bytes' in event && event.bytes !== undefined ? (frames[next++]?.slice() ?? null) : null }));
	return askByStore<(typeof head.events)[number], Verdict>(env, head.events, 'stop', async (store, indexes) => {
		return store.report(
			region,
			indexes.flatMap((index) => reports[index] ?? []),
		);
	});
}
