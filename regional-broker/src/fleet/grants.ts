/** Holds what the edge lets this region run. In memory only: after a restart the first heartbeat's answer brings all of it back. */
import type { EndpointGrant, EndpointPush } from '@longshore/shared-schema/wire/region';

/** Endpoints that are remembered after they were taken back. */
const REMOVED_KEPT = 10_000;

export interface GrantsChange {
	readonly changed: readonly string[];
	readonly removed: readonly string[];
}

export class Grants {
	readonly #grants = new Map<string, EndpointGrant>();
	/** Revisions of grants that were taken back: one that was on its way for long must not bring them back. */
	readonly #removed = new Map<string, number>();
	#known = false;

	/** True once the edge has answered a heartbeat: only then does a missing grant mean "not ours". */
	areKnown(): boolean {
		return this.#known;
	}

	markKnown(): void {
		this.#known = true;
	}

	get(endpointId: string): EndpointGrant | undefined {
		return this.#grants.get(endpointId);
	}

	all(): EndpointGrant[] {
		return [...this.#grants.values()];
	}

	/** Applies what is newer; an older revision that arrives late changes nothing. */
	apply(push: EndpointPush): GrantsChange {
		const changed: string[] = [];
		for (const grant of push.endpoints) {
			const seen = this.#grants.get(grant.endpointId)?.revision ?? this.#removed.get(grant.endpointId) ?? 0;
			if (seen >= grant.revision) continue;
			this.#removed.delete(grant.endpointId);
			this.#grants.set(grant.endpointId, grant);
			changed.push(grant.endpointId);
		}
		const removed = push.removed.filter((endpointId) => this.#remove(endpointId));
		return { changed, removed };
	}

	#remove(endpointId: string): boolean {
		const grant = this.#grants.get(endpointId);
		if (grant === undefined) return false;
		this.#grants.delete(endpointId);
		this.#removed.set(endpointId, grant.revision);
		for (const oldest of this.#removed.keys()) if (this.#removed.size > REMOVED_KEPT) this.#removed.delete(oldest);
		return true;
	}
}
