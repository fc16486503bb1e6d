/** Workers and releases of an endpoint as REST v2 shows them, from what its regions answered. Pure. */
import type { RegionWorker } from '@longshore/shared-schema/wire/region-workers';
import type { ReleasesV2, WorkerSummaryV2, WorkersV2, WorkerV2 } from '@longshore/shared-schema/wire/rest-v2/fleet-answers';
import type { ReleaseDiffEntry } from '@longshore/shared-schema/wire/rest-v2/release-diff';
import type { ReleaseNote } from './release-note.ts';

/** What one region said; `workers` null: it did not answer. `throttled`: workers that it would start if there were room. */
export interface RegionFleet {
	readonly region: string;
	readonly workers: readonly RegionWorker[] | null;
	readonly throttled: number;
}

/** Time of the answer, epoch milliseconds, and how a time is written (ISO 8601). */
export interface ViewClock {
	readonly now: number;
	iso(atMs: number): string;
}

/** Workers that wait for room are shown up to this many a region. */
const THROTTLED_SHOWN_MAX = 100;

/** All workers with their sums. `version` is the endpoint's current release. */
export function showWorkers(fleets: readonly RegionFleet[], releases: readonly ReleaseNote[], version: number, gpuCount: number, clock: ViewClock): WorkersV2 {
	const imageOf = new Map(releases.map((release) => [release.version, release.image]));
	const workers = fleets.flatMap(({ region, workers: known, throttled }) => [
		...(known ?? []).map((worker) => showWorker(worker, region, imageOf.get(worker.version) ?? null, version, clock)),
		...Array.from({ length: Math.min(throttled, THROTTLED_SHOWN_MAX) }, (_, n) => waiting(region, n, imageOf.get(version) ?? null, version, gpuCount)),
	]);
	return { workers, summary: summarize(workers), endpointVersion: version, unreachableRegions: unreachable(fleets) };
}

/** The releases with the progress of the current one. */
export function showReleases(fleets: readonly RegionFleet[], releases: readonly ReleaseNote[], endpointId: string, version: number, clock: ViewClock): ReleasesV2 {
	const workers = fleets.flatMap(({ workers: known }) => known ?? []);
	const running = (wanted: number): number => workers.filter((worker) => worker.version === wanted).length;
	const [workersOnLatest, workersTotal] = [running(version), workers.length];
	return {
		endpointVersion: version,
		rollout: {
			inProgress: workersOnLatest < workersTotal,
			workersOnLatest,
			workersTotal,
			percentOnLatest: workersTotal === 0 ? 0 : Math.floor((workersOnLatest / workersTotal) * 100),
		},
		releases: releases.map((release) => ({
			id: `${endpointId}-${release.version}`,
			version: release.version,
			source: 'MANUAL',
			buildId: null,
			createdByUserId: release.createdBy,
			workerCount: running(release.version),
			createdAt: clock.iso(release.createdAt),
			diff: JSON.parse(release.diffText) as ReleaseDiffEntry[],
		})),
		unreachableRegions: unreachable(fleets),
	};
}

const STATUS = { initializing: 'INITIALIZING', idle: 'IDLE', running: 'RUNNING', unhealthy: 'UNHEALTHY' } as const;

const START = { cold: 'COLD', frozen: 'FROZEN' } as const;

function showWorker(worker: RegionWorker, region: string, image: string | null, version: number, clock: ViewClock): WorkerV2 {
	return {
		id: worker.id,
		status: STATUS[worker.state],
		isStale: worker.version !== version,
		version: worker.version,
		gpuCount: worker.gpuCount,
		image,
		uptimeSeconds: Math.floor(worker.startedAgoMs / 1_000),
		gpuTypeId: worker.gpuCount === 0 ? null : worker.gpuType,
		dataCenterId: worker.dataCenterId,
		startedAt: clock.iso(clock.now - worker.startedAgoMs),
		region,
		hostId: worker.hostId,
		isDraining: worker.draining,
		jobsInHand: worker.jobs,
		start: worker.start === undefined ? null : { kind: START[worker.start.kind], readyMs: worker.start.readyMs === null ? null : Math.round(worker.start.readyMs) },
		preparing: worker.preparing ?? null,
		ports: worker.ports ?? [],
	};
}

/** A worker that has no place yet, as RunPod shows one: without a GPU type, a data centre or a start. */
function waiting(region: string, n: number, image: string | null, version: number, gpuCount: number): WorkerV2 {
	const place = { uptimeSeconds: null, gpuTypeId: null, dataCenterId: null, startedAt: null, hostId: null };
	const idle = { isDraining: false, jobsInHand: 0, start: null, preparing: null, ports: [] };
	return { id: `waiting-${region}-${n + 1}`, status: 'THROTTLED', isStale: false, version, gpuCount, image, ...place, region, ...idle };
}

function summarize(workers: readonly WorkerV2[]): WorkerSummaryV2 {
	const of = (status: WorkerV2['status']): number => workers.filter((worker) => worker.status === status).length;
	return { running: of('RUNNING'), idle: of('IDLE'), initializing: of('INITIALIZING'), throttled: of('THROTTLED'), unhealthy: of('UNHEALTHY'), total: workers.length };
}

function unreachable(fleets: readonly RegionFleet[]): string[] {
	return fleets.filter(({ workers }) => workers === null).map(({ region }) => region);
}
