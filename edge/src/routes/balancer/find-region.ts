/** Finds the region for a load-balanced request: one with a worker, or waits for one. What is known here lives in the isolate and may be a second old; the region's broker has the last word. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { type Affinity, awaitWorkerAnswer, BALANCER_AWAIT_PATH, type BalancerRefusal } from '@longshore/shared-schema/wire/load-balancer';
import type { EndpointRoutes, RegionRoute } from '@longshore/shared-schema/wire/route';
import { type BalancedLoad, chooseBalancedRegion } from '../../core/choose-balanced-region.ts';
import { type Env, settingsOf } from '../../env.ts';
import { logError } from '../../log.ts';
import { postJsonToRegion } from '../../regions/region-client.ts';
import { distanceOf, measureDistances } from '../../regions/region-distance.ts';
import { askWorkers } from '../../regions/region-workers.ts';
import { SILENT_MS_MAX } from '../../stores/job-dispatcher.ts';

/** A region is asked again at least this often, because another one may have a worker first. ms. */
export const TURN_MS = 2_000;
const PAUSE_MS = 250;
/** A region answers that late at most. ms. */
const ANSWER_MS = 5_000;
const FAILING_MS = 5_000;
const REMEMBERED_MAX = 10_000;

const routesKnown = new Map<string, { at: number; value: EndpointRoutes }>();
const inFlight = new Map<string, number>();
const failedAt = new Map<string, number>();
/** Regions of workers that have answered here. */
const regionOfWorker = new Map<string, string>();

/** A region's place, and how long the request may still wait there. */
export interface Place {
	readonly region: string;
	readonly url: string;
	readonly waitMs: number;
}

/** Notes a request under way in a region (1) or over (-1). */
export function noteInFlight(region: string, by: 1 | -1): void {
	const count = (inFlight.get(region) ?? 0) + by;
	if (count > 0) inFlight.set(region, count);
	else inFlight.delete(region);
}

/** A region was out of reach. */
export function noteFailed(region: string): void {
	failedAt.set(region, Date.now());
}

/** What is known of the endpoint's regions has turned out to be old. */
export function forgetRoutes(endpointId: string): void {
	routesKnown.delete(endpointId);
}

/** A worker has answered from a region. */
export function noteWorker(workerId: string, region: string): void {
	if (regionOfWorker.size >= REMEMBERED_MAX) regionOfWorker.clear();
	regionOfWorker.set(workerId, region);
}

/** The place for a request, or why there is none. `signal`: its client has left. */
export async function findPlace(
	env: Env,
	ctx: ExecutionContext,
	endpointId: string,
	affinity: Affinity | null,
	deadline: number,
	signal: AbortSignal,
): Promise<Place | BalancerRefusal> {
	if (affinity !== null) {
		const place = await placeOfWorker(env, endpointId, affinity);
		if (place !== null) return place;
	}
	while (!signal.aborted) {
		const { regions, workersMax } = await routesOf(env, endpointId);
		if (workersMax === 0) return 'no_workers';
		if (regions.filter((route) => route.workersMax > 0).length > 1)
			ctx.waitUntil(
				measureDistances(
					env,
					regions.map(({ url }) => url),
				),
			);
		const chosen = chooseBalancedRegion(regions, loadsOf(regions), SILENT_MS_MAX);
		const leftMs = Math.max(0, deadline - Date.now());
		if (chosen?.ready === true) return { region: chosen.route.region, url: chosen.route.url, waitMs: leftMs };
		if (leftMs === 0) return 'timed_out';
		if (chosen === null) await scheduler.wait(Math.min(PAUSE_MS, leftMs));
		else if (await awaitWorker(env, chosen.route, endpointId, Math.min(TURN_MS, leftMs)))
			return { region: chosen.route.region, url: chosen.route.url, waitMs: Math.max(0, deadline - Date.now()) };
	}
	throw new LongshoreError('unavailable', 'the client has left', 1);
}

/** Where the worker that is wished for runs; `affinity_worker_gone` when it must be that one and no region knows it. */
async function placeOfWorker(env: Env, endpointId: string, { workerId, strict }: Affinity): Promise<Place | BalancerRefusal | null> {
	const { regions } = await routesOf(env, endpointId);
	const settings = settingsOf(env);
	const waitMs = strict ? settings.LONGSHORE_BALANCER_STRICT_WAIT_MS : settings.LONGSHORE_BALANCER_WAIT_MS;
	let region = regionOfWorker.get(workerId);
	if (region === undefined) {
		const fleets = await askWorkers(env, endpointId);
		region = fleets.find(({ workers }) => workers?.some(({ id }) => id === workerId) === true)?.region;
		// A region that did not answer may have it: then nobody knows that it is gone.
		if (region === undefined) return strict ? (fleets.some(({ workers }) => workers === null) ? 'worker_timeout' : 'affinity_worker_gone') : null;
		noteWorker(workerId, region);
	}
	const route = regions.find((candidate) => candidate.region === region);
	// A wish is no reason to wait where there is a choice.
	if (route === undefined || (!strict && (route.workers.idle + route.workers.running === 0 || isFailing(region)))) return strict ? 'affinity_worker_gone' : null;
	return { region, url: route.url, waitMs };
}

async function awaitWorker(env: Env, { region, url }: RegionRoute, endpointId: string, waitMs: number): Promise<boolean> {
	try {
		const answer = awaitWorkerAnswer.parse(await postJsonToRegion(env, url, BALANCER_AWAIT_PATH, { endpointId, waitMs }, waitMs + ANSWER_MS));
		// The share has moved: who asks too soon only hears the same.
		if (!answer.ready && answer.refusal === 'no_grant') await scheduler.wait(PAUSE_MS);
		return answer.ready;
	} catch (error) {
		noteFailed(region);
		logError('region not asked for a worker', error, { region, endpoint: endpointId });
		await scheduler.wait(PAUSE_MS);
		return false;
	}
}

async function routesOf(env: Env, endpointId: string): Promise<EndpointRoutes> {
	const known = routesKnown.get(endpointId);
	if (known !== undefined && Date.now() - known.at < settingsOf(env).LONGSHORE_DIRECTORY_CACHE_MS) return known.value;
	const value = await env.REGION_DIRECTORY.getByName('all').routes(endpointId);
	if (routesKnown.size >= REMEMBERED_MAX) routesKnown.clear();
	routesKnown.set(endpointId, { at: Date.now(), value: value as EndpointRoutes });
	return value as EndpointRoutes;
}

function isFailing(region: string): boolean {
	return Date.now() - (failedAt.get(region) ?? 0) < FAILING_MS;
}

function loadsOf(regions: readonly RegionRoute[]): Map<string, BalancedLoad> {
	return new Map(regions.map(({ region, url }) => [region, { inFlight: inFlight.get(region) ?? 0, distanceMs: distanceOf(url), failing: isFailing(region) }]));
}
