/** What regions' leading brokers last said of endpoints, as far as the allocation of grants needs it. In memory only. */
import type { RegionHeartbeat } from '@longshore/shared-schema/wire/region';
import type { RegionUse } from '../core/allocate-grants.ts';
import { useOf, usePrint } from '../core/region-figures.ts';

/** A region that found no place for an endpoint is not tried again for this long, unless it still holds a share and says otherwise: two such regions must not hand a share back and forth. */
const BLOCKED_KEEP_MS = 10_000;

/** The last word of each region's leader. */
export class RegionUses {
	readonly #beats = new Map<string, RegionHeartbeat>();
	readonly #prints = new Map<string, string>();
	/** Until when `<endpoint>/<region>` counts as blocked. */
	readonly #blockedUntil = new Map<string, number>();

	/** Takes a heartbeat in; true when the allocation of grants may now come out differently. */
	hear(region: string, heartbeat: RegionHeartbeat, now: number): boolean {
		if (heartbeat.leads === false) return false;
		this.#beats.set(region, heartbeat);
		for (const [id, { blocked }] of Object.entries(heartbeat.endpoints)) {
			if (blocked !== undefined) this.#blockedUntil.set(`${id}/${region}`, now + BLOCKED_KEEP_MS);
		}
		for (const [key, until] of this.#blockedUntil) if (until <= now) this.#blockedUntil.delete(key);
		const print = usePrint(heartbeat);
		const changed = this.#prints.get(region) !== print;
		this.#prints.set(region, print);
		return changed;
	}

	/** By region. One that has not spoken since this object's start is absent, and so is one that does not know the endpoint yet. */
	of(endpointId: string, now: number): Map<string, RegionUse> {
		const uses = new Map<string, RegionUse>();
		for (const [region, beat] of this.#beats) {
			const use = useOf(beat, endpointId);
			const blocked = (this.#blockedUntil.get(`${endpointId}/${region}`) ?? 0) > now;
			if (use !== null) uses.set(region, { ...use, blocked: use.blocked || (blocked && use.alive === 0) });
			else if (blocked) uses.set(region, { revision: 0, alive: 0, blocked });
		}
		return uses;
	}

	/** Whether any region finds no place for the endpoint. */
	isBlocked(endpointId: string): boolean {
		for (const beat of this.#beats.values()) if (beat.endpoints[endpointId]?.blocked !== undefined) return true;
		return false;
	}
}
