/** What the region directory tells a JobStore about the regions of its endpoint. */
import type { WorkerCounts } from './region.ts';

/** One region that holds a grant of an endpoint. */
export interface RegionRoute {
	readonly region: string;
	readonly url: string;
	/** Time since its last heartbeat. */
	readonly silentMs: number;
	readonly workersMax: number;
	readonly workers: WorkerCounts;
	readonly queued: number;
	readonly slotsFree: number;
	/** Why no worker can be placed, when that is so. */
	readonly blocked: string | null;
}

/** All regions of an endpoint, and the endpoint's own limits. */
export interface EndpointRoutes {
	readonly workersMax: number;
	readonly regions: readonly RegionRoute[];
	/** Host boots given up lately, over all regions. */
	readonly lostBoots: readonly string[];
}
