/** The region's hosts as placement sees them for one endpoint: with what was ordered there and no report shows yet. */
import type { EndpointGrant } from '@longshore/shared-schema/wire/region';
import type { PlaceHost } from '../core/place-worker.ts';
import type { Backoffs } from './backoffs.ts';
import type { Duties } from './duties.ts';
import type { FrozenWorkers } from './frozen-workers.ts';
import type { PendingStart } from './muster.ts';
import type { Registry } from './registry.ts';

export interface PlaceHostsParts {
	readonly registry: Pick<Registry, 'hosts'>;
	readonly duties: Pick<Duties, 'of'>;
	readonly backoffs: Pick<Backoffs, 'leftMs' | 'reason'>;
}

/** `starts`: by worker id. */
export function placeHosts(parts: PlaceHostsParts, frozen: FrozenWorkers, starts: ReadonlyMap<string, PendingStart>, grant: EndpointGrant): PlaceHost[] {
	const { endpointId } = grant;
	return parts.registry.hosts().map((host) => {
		const { figure, workers, n } = host;
		const pending = [...starts.values()].filter((start) => start.hostId === figure.id);
		const of = (list: readonly { readonly endpointId: string }[]): number => list.filter((worker) => worker.endpointId === endpointId).length;
		return {
			...figure,
			gpusOut: figure.gpuFaults?.length ?? 0,
			// A host that is only remembered cannot be told anything yet.
			draining: figure.draining || n === 0 || parts.duties.of(figure.id) !== 'open',
			gpusFree: figure.gpusFree - pending.reduce((sum, start) => sum + start.gpus, 0),
			workersOfEndpoint: of(workers) + of(pending),
			workers: workers.length + pending.length,
			backoffMs: parts.backoffs.leftMs(endpointId, figure.id),
			failure: parts.backoffs.reason(endpointId, figure.id),
			frozen: frozen.thawable(host, grant, starts).length,
		};
	});
}
