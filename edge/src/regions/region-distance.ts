/** How far regions are from this isolate: the time of a small call there and back, measured now and then beside the requests. */
import type { Env } from '../env.ts';

const MEASURE_EVERY_MS = 30_000;
const TIMEOUT_MS = 5_000;
/** Weight of a new measurement: one slow call does not move a region. */
const NEW_PART = 0.3;

const known = new Map<string, { ms: number | null; at: number }>();

/** The distance of a region by its URL; null: not measured yet. ms. */
export function distanceOf(url: string): number | null {
	return known.get(url)?.ms ?? null;
}

/** Measures those that were not measured lately. */
export async function measureDistances(env: Env, urls: readonly string[]): Promise<void> {
	await Promise.all(urls.filter((url) => Date.now() - (known.get(url)?.at ?? 0) > MEASURE_EVERY_MS).map((url) => measure(env, url)));
}

async function measure(env: Env, url: string): Promise<void> {
	const before = known.get(url)?.ms ?? null;
	const at = Date.now();
	known.set(url, { ms: before, at });
	const request = new Request(`${url}/livez`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
	try {
		await (await (env.REGION_NET === undefined ? fetch(request) : env.REGION_NET.fetch(request))).arrayBuffer();
		const ms = Date.now() - at;
		known.set(url, { ms: before === null ? ms : before + (ms - before) * NEW_PART, at });
	} catch {
		// Out of reach: the requests themselves find that out, and what it was stays the best guess.
	}
}
