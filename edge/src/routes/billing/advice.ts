/** `GET /v2/billing/advice`: flex against active against dedicated for an endpoint's measured load or one typed in. */
import type { Catalog } from '@longshore/shared-schema/catalog/catalog';
import { LongshoreError } from '@longshore/shared-schema/errors/error';
import { type AdviceLoad, advise, HOURS_PER_MONTH } from '../../core/advise.ts';
import { measuredLoad } from '../../core/measured-load.ts';
import type { Env } from '../../env.ts';
import { authenticate, type Caller, requireScope } from '../../gate/authenticate.ts';
import { catalogOf } from '../../gate/catalog.ts';
import { findEndpoint } from '../../gate/endpoint.ts';
import type { UsageRow } from '../../stores/usage-table.ts';
import { type AdviceQuery, adviceQueryOf, pricedPools } from './advice-query.ts';

/** Measured loads look back this far. */
const LOOK_BACK_MS = 30 * 86_400_000;

export async function readAdvice(env: Env, request: Request): Promise<Response> {
	const caller = await authenticate(env, request);
	requireScope(caller, 'read');
	const query = adviceQueryOf(request);
	const catalog = await catalogOf(env);
	const { load, pool: measuredPool } = await loadOf(env, caller, query, catalog);
	const pool = catalog.pools.find(({ id }) => id === (query.gpuPool ?? measuredPool));
	const flexPerSecond = query.flexPerSecond ?? pool?.flexPerSecond;
	if (flexPerSecond === null || flexPerSecond === undefined) {
		throw new LongshoreError('invalid_request', `${pool?.id ?? 'the endpoint’s GPU type'} has no price in the catalogue: give flexPerSecond, or another gpuPool`);
	}
	const ownPrice = query.flexPerSecond !== undefined && query.activePerSecond === undefined;
	const prices = { flexPerSecond, activePerSecond: query.activePerSecond ?? (ownPrice ? null : (pool?.activePerSecond ?? null)), dedicatedPerHour: query.dedicatedPerHour ?? null };
	const tiers = pricedPools(catalog, query.memoryGb ?? pool?.memoryGb ?? 0).map((tier) => ({
		gpuPool: tier.id,
		memoryGb: tier.memoryGb,
		flexPerMonth: advise(load, { ...tier, dedicatedPerHour: null }).perMonth.flex,
	}));
	return Response.json({
		load: { hours: load.busySecondsPerHour.length, overheadPerBusySecond: load.overheadPerBusySecond, measured: query.endpointId !== undefined },
		prices: {
			...prices,
			gpuPool: query.flexPerSecond === undefined ? (pool?.id ?? null) : null,
			source: query.flexPerSecond === undefined ? catalog.source : 'given in the request',
		},
		...advise(load, prices),
		recommendedTier: tiers[0]?.gpuPool ?? null,
		tiers,
	});
}

async function loadOf(env: Env, caller: Caller, query: AdviceQuery, catalog: Catalog): Promise<{ load: AdviceLoad; pool: string | null }> {
	if (query.endpointId === undefined) {
		const busyS = (query.busyHoursPerMonth ?? (query.utilisation ?? 0) * HOURS_PER_MONTH) * 3_600;
		return { load: { busySecondsPerHour: new Array<number>(HOURS_PER_MONTH).fill(busyS / HOURS_PER_MONTH), overheadPerBusySecond: 0 }, pool: null };
	}
	const record = await findEndpoint(env, caller, query.endpointId);
	if (record === null) throw new LongshoreError('unknown_endpoint', 'endpoint not found');
	const rows = await env.ENDPOINT_STORE.getByName(record.id).usage(Date.now() - LOOK_BACK_MS, Number.MAX_SAFE_INTEGER);
	const load = measuredLoad(rows);
	if (load === null) throw new LongshoreError('invalid_request', 'endpointId: no job of it has run in the last 30 days; type a load in with utilisation or busyHoursPerMonth');
	return { load, pool: poolOf(catalog, rows) };
}

/** The pool in which most of the time was booked. */
function poolOf(catalog: Catalog, rows: readonly UsageRow[]): string | null {
	const byType = Map.groupBy(rows, (row) => row.gpu_type);
	const [most] = [...byType].sort(([, a], [, b]) => sumOf(b) - sumOf(a));
	return catalog.gpus.find(({ id }) => id === most?.[0])?.pool ?? null;
}

function sumOf(rows: readonly UsageRow[]): number {
	return rows.reduce((total, row) => total + row.running, 0);
}
