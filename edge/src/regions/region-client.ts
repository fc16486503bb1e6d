/** One signed call to a region. It does not retry: who calls knows what a missing answer means. */
import type { Env } from '../env.ts';
import { settingsOf } from '../env.ts';
import { signedHeaders } from './signature.ts';

/** A region's answer that is not a 2xx, with the beginning of its words. */
export class RegionRefusal extends Error {
	readonly status: number;
	constructor(status: number, answer: string) {
		super(`region answered ${status}: ${answer}`);
		this.name = 'RegionRefusal';
		this.status = status;
	}
}

/** Posts a body to a region's broker and returns the parsed JSON answer. Throws on a network error, a time-out, or `RegionRefusal`. */
export async function postToRegion(env: Env, regionUrl: string, path: string, body: Uint8Array, timeoutMs: number): Promise<unknown> {
	const headers = await signedHeaders(settingsOf(env).LONGSHORE_EDGE_PRIVATE_KEY, 'POST', path, body, Date.now());
	const request = new Request(regionUrl + path, { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
	const response = await (env.REGION_NET === undefined ? fetch(request) : env.REGION_NET.fetch(request));
	if (!response.ok) {
		throw new RegionRefusal(response.status, (await response.text()).slice(0, 300));
	}
	return response.json();
}

/** `postToRegion` with a JSON body. */
export function postJsonToRegion(env: Env, regionUrl: string, path: string, body: unknown, timeoutMs: number): Promise<unknown> {
	return postToRegion(env, regionUrl, path, new TextEncoder().encode(JSON.stringify(body)), timeoutMs);
}
