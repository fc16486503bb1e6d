/** What a simulation runs on: hosts in regions, endpoints, arrivals, and hosts that come and go. */
import type { EndpointSpec } from '../../shared-schema/src/endpoint/endpoint.ts';
import type { Random } from './random.ts';

export interface SimHost {
	readonly id: string;
	readonly region: string;
	readonly dataCenterId: string;
	readonly gpuType: string;
	readonly gpus: number;
}

export interface SimEndpoint {
	readonly id: string;
	readonly spec: EndpointSpec;
	/** Jobs that a worker runs at a time, each as fast as alone. */
	readonly concurrency: number;
	/** From the start of a worker to its readiness on a host that holds the model. */
	readonly coldStartMs: (random: Random) => number;
	/** What a host without the model adds; it holds it from then on. */
	readonly downloadMs: number;
}

/** Columns of equal length, in the order of time. */
export interface Arrivals {
	readonly atMs: readonly number[];
	/** Index into `endpoints`. */
	readonly endpoint: readonly number[];
	readonly execMs: readonly number[];
}

/** A host goes (its workers are lost at once, as spot instances are) or comes back. */
export interface HostChange {
	readonly atMs: number;
	readonly hostId: string;
	readonly up: boolean;
}

export interface Scenario {
	readonly name: string;
	readonly regions: readonly string[];
	readonly hosts: readonly SimHost[];
	readonly endpoints: readonly SimEndpoint[];
	readonly arrivals: Arrivals;
	readonly hostChanges: readonly HostChange[];
	/** The clock stops here; what then waits or runs is counted as such. */
	readonly untilMs: number;
	/** Where the figures come from. */
	readonly source: string;
}

/** After the last arrival, so that what came can end. */
export const TAIL_MS = 15 * 60_000;

/** Regions `r01`… of equal hosts, each with two data centres; GPU types go round, so that every region has every type. */
export function makeHosts(options: { readonly regions: number; readonly hostsPerRegion: number; readonly gpusPerHost: number; readonly gpuTypes: readonly string[] }): {
	regions: string[];
	hosts: SimHost[];
} {
	const regions = Array.from({ length: options.regions }, (_, index) => `r${String(index + 1).padStart(2, '0')}`);
	const hosts = regions.flatMap((region) =>
		Array.from({ length: options.hostsPerRegion }, (_, index) => ({
			id: `${region}-h${String(index + 1).padStart(3, '0')}`,
			region,
			dataCenterId: `${region.toUpperCase()}-${(index % 2) + 1}`,
			gpuType: options.gpuTypes[index % options.gpuTypes.length] ?? '',
			gpus: options.gpusPerHost,
		})),
	);
	return { regions, hosts };
}

/** Puts rows in the order of time and turns them into columns. */
export function toArrivals(rows: readonly { readonly atMs: number; readonly endpoint: number; readonly execMs: number }[]): Arrivals {
	const sorted = [...rows].sort((a, b) => a.atMs - b.atMs);
	return { atMs: sorted.map(({ atMs }) => atMs), endpoint: sorted.map(({ endpoint }) => endpoint), execMs: sorted.map(({ execMs }) => execMs) };
}
