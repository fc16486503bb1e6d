/** The regions and their hosts as the edge knows them from heartbeats. */
import type { HostFigure } from '@longshore/shared-schema/wire/region';
import type { Session } from '../session.ts';
import { notFound } from './client.ts';

export interface RegionView {
	readonly id: string;
	readonly url: string;
	/** Null: not heard since the edge started. Milliseconds. */
	readonly heartbeatAgeMs: number | null;
	readonly hosts: readonly HostFigure[];
	readonly endpoints: Readonly<
		Record<string, { readonly workers: Readonly<Record<string, number>>; readonly queued: number; readonly slotsFree: number; readonly blocked?: string }>
	>;
}

/** A host with the region that it is in. */
export interface HostView extends HostFigure {
	readonly region: string;
}

/** All regions, or the one named. Throws `Failure` for an unknown name. */
export async function listRegions(session: Session, only?: string): Promise<RegionView[]> {
	const answer = await session.operator().call('GET', '/admin/regions');
	const regions = answer['regions'] as RegionView[];
	if (only === undefined) return regions;
	const found = regions.filter(({ id }) => id === only);
	if (found.length > 0) return found;
	throw notFound(
		'region',
		only,
		regions.map(({ id }) => id),
		'longshore region list',
	);
}

export function hostsOf(regions: readonly RegionView[]): HostView[] {
	return regions.flatMap((region) => region.hosts.map((host) => ({ ...host, region: region.id })));
}
