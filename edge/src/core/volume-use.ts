/** How much lies on network volumes, from what hosts of all regions have measured. Pure. */
import type { HostFigure } from '@longshore/shared-schema/wire/region';

/** One measurement. Epoch milliseconds. */
export interface VolumeUseAt {
	readonly usedBytes: number;
	readonly atMs: number;
}

/** The newest measurement of each volume, by its id. `nowMs`: epoch milliseconds; a heartbeat's age is left out of it. */
export function volumeUses(hosts: readonly Pick<HostFigure, 'volumes'>[], nowMs: number): ReadonlyMap<string, VolumeUseAt> {
	const newest = new Map<string, VolumeUseAt>();
	for (const { id, usedBytes, measuredAgoMs } of hosts.flatMap(({ volumes }) => volumes ?? [])) {
		const atMs = nowMs - measuredAgoMs;
		const known = newest.get(id);
		if (known === undefined || known.atMs < atMs) newest.set(id, { usedBytes, atMs });
	}
	return newest;
}
