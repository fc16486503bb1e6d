/** The frozen workers of a region's hosts: which of them a start may thaw, and which are nobody's any more. */
import type { FrozenReport } from '@longshore/shared-schema/wire/bus';
import type { EndpointGrant } from '@longshore/shared-schema/wire/region';
import type { KnownHost, Registry } from './registry.ts';

export interface HostedFrozen extends FrozenReport {
	readonly hostId: string;
}

export class FrozenWorkers {
	readonly #registry: Pick<Registry, 'hosts'>;
	/** Those that a host would not thaw, with the report that still offered them. */
	readonly #refused = new Map<string, number>();

	constructor(registry: Pick<Registry, 'hosts'>) {
		this.#registry = registry;
	}

	/** All of them, by endpoint. */
	byEndpoint(): Map<string, HostedFrozen[]> {
		const byEndpoint = new Map<string, HostedFrozen[]>();
		for (const { figure, frozen } of this.#registry.hosts()) {
			for (const one of frozen) {
				const list = byEndpoint.get(one.endpointId);
				if (list === undefined) byEndpoint.set(one.endpointId, [{ ...one, hostId: figure.id }]);
				else list.push({ ...one, hostId: figure.id });
			}
		}
		return byEndpoint;
	}

	/** Those on the host that the next worker of the grant may be, the one that ran last first. `taken`: ids that are being started already. */
	thawable(host: KnownHost, { endpointId, version, spec }: EndpointGrant, taken: { has(id: string): boolean }): FrozenReport[] {
		if (spec.flashboot === 'OFF') return [];
		return host.frozen
			.filter((one) => one.ready && one.endpointId === endpointId && one.version === version && !taken.has(one.id) && this.#refused.get(one.id) !== host.n)
			.sort((a, b) => a.frozenAgoMs - b.frozenAgoMs || (a.id < b.id ? -1 : 1));
	}

	/** The host would not thaw it: not to be asked again before its next report. */
	refused(workerId: string, hostId: string): void {
		const n = this.#registry.hosts().find(({ figure }) => figure.id === hostId)?.n ?? 0;
		this.#refused.set(workerId, n);
		if (this.#refused.size > 1_000) for (const oldest of [...this.#refused.keys()].slice(0, 500)) this.#refused.delete(oldest);
	}
}

/** Why nobody will want the frozen worker any more; null: somebody may. */
export function whyUnwanted(one: Pick<FrozenReport, 'version'>, grant: EndpointGrant | undefined): string | null {
	if (grant === undefined) return 'endpoint no longer in this region';
	if (grant.spec.flashboot === 'OFF') return 'FlashBoot is off';
	return one.version === grant.version ? null : 'outdated';
}
