/** The door for regions: body bound, signature, known region; only then is anything parsed. */
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import type { Env } from '../../env.ts';
import { readBody } from '../../gate/body.ts';
import { claimedSigner, verifySigned } from '../../regions/signature.ts';
import type { RegionEntry } from '../../stores/region-directory.ts';

const CACHE_MS = 5_000;
const cache = new Map<string, { entry: RegionEntry; until: number }>();

/** A verified request of a region. */
export interface RegionRequest {
	readonly region: string;
	readonly body: Uint8Array;
}

/** Verifies who sent the request. Throws `bad_signature` or `body_too_large`; nothing has been read or changed then. */
export async function enterRegion(env: Env, request: Request, bytesMax: number): Promise<RegionRequest> {
	const now = Date.now();
	const body = await readBody(request, bytesMax);
	const region = claimedSigner(request, now);
	const entry = await findRegion(env, region, now);
	if (entry === null) throw new LongshoreError('bad_signature', 'region request refused: unknown signer');
	await verifySigned(request, entry.publicKey, body, now);
	return { region, body };
}

/** Forgets the isolate's copy of a region that was changed through it. */
export function forgetRegion(region: string): void {
	cache.delete(region);
}

async function findRegion(env: Env, region: string, now: number): Promise<RegionEntry | null> {
	const known = cache.get(region);
	if (known !== undefined && now < known.until) return known.entry;
	const entry = await env.REGION_DIRECTORY.getByName('all').region(region);
	if (entry !== null) cache.set(region, { entry, until: now + CACHE_MS });
	return entry;
}
