/** What advice is asked for: a load, measured or typed in, and the prices to compare. */
import type { Catalog } from '@longshore/shared-schema/catalog/catalog';
import { GPU_POOL_IDS } from '@longshore/shared-schema/catalog/pools';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import * as z from 'zod';
import { describeIssues } from '../../core/describe-issues.ts';

const price = z.coerce.number().positive().max(10_000);
export const adviceQuery = z.strictObject({
	endpointId: z.string().max(64).optional(),
	utilisation: z.coerce.number().min(0).max(1_000).optional(),
	busyHoursPerMonth: z.coerce.number().min(0).max(720_000).optional(),
	gpuPool: z.enum(GPU_POOL_IDS).optional(),
	memoryGb: z.coerce.number().min(0).max(10_000).optional(),
	flexPerSecond: price.optional(),
	activePerSecond: price.optional(),
	dedicatedPerHour: price.optional(),
});
export type AdviceQuery = z.infer<typeof adviceQuery>;

/** Throws `invalid_request` that names the parameter, or the one that is missing. */
export function adviceQueryOf(request: Request): AdviceQuery {
	const given = Object.fromEntries(new URL(request.url).searchParams);
	const parsed = adviceQuery.safeParse(given);
	if (!parsed.success) throw new LongshoreError('invalid_request', describeIssues(parsed.error, adviceQuery, given).join('; '));
	const { endpointId, utilisation, busyHoursPerMonth, gpuPool, flexPerSecond } = parsed.data;
	const loads = [endpointId, utilisation, busyHoursPerMonth].filter((load) => load !== undefined).length;
	if (loads !== 1)
		throw new LongshoreError('invalid_request', 'give exactly one of endpointId (its measured load), utilisation (busy share of one GPU, 0.4) and busyHoursPerMonth');
	if (endpointId === undefined && gpuPool === undefined && flexPerSecond === undefined) {
		throw new LongshoreError('invalid_request', `gpuPool must name the tier (one of ${GPU_POOL_IDS.join(', ')}), or flexPerSecond its price`);
	}
	return parsed.data;
}

/** Pools with a price and at least so much memory, the cheapest first. */
export function pricedPools(catalog: Catalog, memoryGb: number) {
	return catalog.pools
		.flatMap(({ id, memoryGb: has, flexPerSecond, activePerSecond }) => (flexPerSecond === null || has < memoryGb ? [] : [{ id, memoryGb: has, flexPerSecond, activePerSecond }]))
		.sort((a, b) => a.flexPerSecond - b.flexPerSecond);
}
