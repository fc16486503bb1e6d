/** The catalogue as this isolate knows it: a changed one is seen within some seconds. */
import type { Catalog } from '@longshore/shared-schema/catalog/catalog';
import type { Env } from '../env.ts';

const CACHE_MS = 5_000;
let cache: { catalog: Catalog; until: number } | undefined;

export async function catalogOf(env: Env): Promise<Catalog> {
	const now = Date.now();
	if (cache === undefined || now >= cache.until) cache = { catalog: await env.REGION_DIRECTORY.getByName('all').catalog(), until: now + CACHE_MS };
	return cache.catalog;
}

/** Forgets the copy, after a change made through this isolate. */
export function forgetCatalog(): void {
	cache = undefined;
}
