/** Finds the region that a command is for and calls its broker with that region's operator token. */
import { Failure } from '../failure.ts';
import type { Session } from '../session.ts';
import { type ApiClient, notFound } from './client.ts';
import { hostsOf, listRegions } from './regions.ts';

/** A region's broker. */
export interface RegionCaller extends ApiClient {
	readonly id: string;
}

/** The region named, that of the host named, or the only one there is. Throws `Failure`. */
export async function regionOf(session: Session, name: string | undefined, hostId?: string): Promise<RegionCaller> {
	const regions = await listRegions(session, name);
	const host = name === undefined && hostId !== undefined ? hostsOf(regions).find(({ id }) => id === hostId) : undefined;
	const region = host === undefined ? regions[0] : regions.find(({ id }) => id === host.region);
	if (region === undefined) throw new Failure('no region is registered', 'A broker cannot take work before PUT /admin/regions/{id}.');
	if (host === undefined && regions.length > 1) {
		if (hostId === undefined) throw new Failure(`there are several regions: ${regions.map(({ id }) => id).join(', ')}`, `Say which: --region ${region.id}`);
		throw notFound(
			'host',
			hostId,
			hostsOf(regions).map(({ id }) => id),
			'longshore host list    (or name its region: --region)',
		);
	}
	return callerOf(session, region.id, region.url);
}

/** The region's address as this machine reaches it: a local stack's own list, else what the edge uses. */
export function callerOf(session: Session, id: string, url: string): RegionCaller {
	const local = session.context.local?.regions.find((one) => one.id === id);
	return { id, ...session.region(id, local?.url ?? url) };
}
