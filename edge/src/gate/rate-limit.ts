/**
 * RunPod's limits a route, caller and endpoint: requests in ten seconds and requests at one time, the larger of a base and the
 * running workers' part. Counted in the isolate: exact where one edge process serves (self-hosted), per isolate on Cloudflare.
 */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { RATE_LIMITS, type RateLimit, type RateRoute, SYNC_WAIT_MS } from '@longshore/shared-schema/limits';
import type { EndpointRecord } from '../core/endpoint-record.ts';
import { countEvent, createWindow, type Window } from '../core/sliding-window.ts';
import { type Env, settingsOf } from '../env.ts';

const COUNTERS_MAX = 20_000;
/** Longer than any call is held. */
const SLOT_MS_MAX = SYNC_WAIT_MS.max + 60_000;
/** How long a count of running workers is good. */
const WORKERS_CACHE_MS = 1_000;

/** A request under way. One that outlives `until` has lost its client without a sign, and no longer counts. */
interface Slot {
	readonly counter: Counter;
	readonly until: number;
}

interface Counter {
	readonly window: Window;
	readonly inFlight: Set<Slot>;
}

const counters = new Map<string, Counter>();
const admitted = new WeakMap<Request, Slot>();
const heldUntil = new WeakMap<Response, Promise<void>>();
const workers = new Map<string, { running: number; until: number }>();

/** Lets the request in or throws `rate_limited` with the time after which there is room. `leave` must follow. */
export async function admit(env: Env, request: Request, endpoint: EndpointRecord, route: RateRoute): Promise<void> {
	if (settingsOf(env).LONGSHORE_RATE_LIMITS === 'off') return;
	const counter = counterOf(`${endpoint.accountId}/${endpoint.id}/${route}`);
	const limit = RATE_LIMITS[route];
	if (inFlight(counter, limit.concurrent) >= limit.concurrent && counter.inFlight.size >= (await raised(env, endpoint, limit.concurrent, limit))) {
		throw new LongshoreError('rate_limited', `more than ${counter.inFlight.size} ${route} requests at one time on this endpoint: wait for some to end`, 1);
	}
	const now = Date.now();
	let outcome = countEvent(counter.window, limit.per10s, now);
	if (outcome !== 'counted') {
		const more = await raised(env, endpoint, limit.per10s, limit);
		if (more > limit.per10s) outcome = countEvent(counter.window, more, now);
	}
	if (outcome !== 'counted') {
		const seconds = Math.max(1, Math.ceil(outcome.retryAfterMs / 1_000));
		throw new LongshoreError('rate_limited', `more than ${limit.per10s} ${route} requests in 10 s on this endpoint: try again in ${seconds} s`, seconds);
	}
	const slot: Slot = { counter, until: now + SLOT_MS_MAX };
	counter.inFlight.add(slot);
	admitted.set(request, slot);
}

/** The request is answered; a held answer counts until its body has ended. */
export function leave(request: Request, response: Response | null): void {
	const slot = admitted.get(request);
	if (slot === undefined) return;
	admitted.delete(request);
	const release = (): void => {
		slot.counter.inFlight.delete(slot);
	};
	const until = response === null ? undefined : heldUntil.get(response);
	if (until === undefined) return release();
	void until.then(release, release);
	request.signal.addEventListener('abort', release, { once: true });
}

/** Says that `response`'s body ends with `until`. */
export function holdUntil(response: Response, until: Promise<void>): Response {
	heldUntil.set(response, until);
	return response;
}

/** Requests under way; when they reach `limit`, those that have lost their client are taken out first. */
function inFlight({ inFlight: slots }: Counter, limit: number): number {
	const now = Date.now();
	if (slots.size >= limit) for (const slot of slots) if (now >= slot.until) slots.delete(slot);
	return slots.size;
}

/** `max(base, running workers × part of a worker)`. */
async function raised(env: Env, endpoint: EndpointRecord, base: number, limit: RateLimit): Promise<number> {
	const now = Date.now();
	let known = workers.get(endpoint.id);
	if (known === undefined || now >= known.until) {
		const counts = await env.REGION_DIRECTORY.getByName('all').workers(endpoint.id);
		known = { running: counts.running + counts.idle, until: now + WORKERS_CACHE_MS };
		workers.set(endpoint.id, known);
	}
	return Math.max(base, Math.floor(known.running * base * limit.workerShare));
}

function counterOf(key: string): Counter {
	let counter = counters.get(key);
	if (counter === undefined) {
		if (counters.size >= COUNTERS_MAX) dropIdle();
		counter = { window: createWindow(), inFlight: new Set() };
		counters.set(key, counter);
	}
	return counter;
}

function dropIdle(): void {
	for (const [key, { inFlight }] of counters) if (inFlight.size === 0) counters.delete(key);
}
