/** Holds what the edge lets this region run. In memory only: after a restart the first heartbeat's answer brings all of it back. */
import type { EndpointGrant, EndpointPush } from '@longshore/shared-schema/wire/region';

export interface GrantsChange {
	readonly changed: readonly string[];
	readonly removed: readonly string[];
}

export class Grants {
	readonly #grants = new Map<string, EndpointGrant>();
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
			const held = this.#grants.get(grant.endpointId);
			if (held !== undefined && held.revision >= grant.revision) continue;
			this.#grants.set(grant.endpointId, grant);
			changed.push(grant.endpointId);
		}
		const removed = push.removed.filter((endpointId) => this.#grants.delete(endpointId));
		return { changed, removed };
	}
}
