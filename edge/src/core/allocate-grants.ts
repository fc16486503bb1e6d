/**
 * How an endpoint's workers are shared among regions. Pure. The workers that regions may be running never exceed the maximum: a share that
 * was lowered counts as it was until its region has confirmed the smaller one and stopped what is above it, or has been given up.
 */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { gpuTiers } from '@longshore/shared-schema/endpoint/gpu-preference';
import { type PlaceRules, type RegionCapacity, rankUnits, type Unit } from './grant-units.ts';
import { shareMinimum } from './share-minimum.ts';

/** A region's share of an endpoint's workers. */
export interface Share {
	readonly region: string;
	readonly workersMax: number;
	readonly workersMin: number;
	/** Workers that the region may have as far as anybody knows: counts against the maximum. Absent: as many as `workersMax`. */
	readonly held?: number;
	/** Revision of the endpoint in which the share was lowered last: a region that confirms it has seen that. */
	readonly since?: number;
	/** Tiers (pools, or GPU types where the endpoint names some) that the region may use now; absent: all of the endpoint's. */
	readonly tiers?: readonly string[];
}

/** What a region's leading broker says of the endpoint. */
export interface RegionUse {
	/** Revision of the grant that it acts on. */
	readonly revision: number;
	/** Workers that run, start or stop there. */
	readonly alive: number;
	/** A worker of the current release takes jobs there; absent: not known to. */
	readonly isServing?: boolean;
	/** It wants to start a worker and finds no place. */
	readonly blocked: boolean;
}

export type AllocateSpec = PlaceRules & Pick<EndpointSpec, 'workersMin' | 'workersMax'>;

/** New shares in the order of preference. `revision`: the one that they will have if anything changed. `uses`: by region; a region that said nothing keeps what it holds. */
export function allocateGrants(
	spec: AllocateSpec,
	before: readonly Share[],
	regions: readonly RegionCapacity[],
	uses: ReadonlyMap<string, RegionUse> = new Map(),
	revision = 0,
): Share[] {
	const units = rankUnits(spec, regions);
	const alive = new Set(regions.filter((region) => region.alive).map(({ region }) => region));
	const known = new Map(before.filter(({ region }) => alive.has(region)).map((share) => [share.region, share]));
	const target = targetsOf(spec, units, known, uses);
	const held = new Map([...known].map(([region, share]) => [region, heldBy(share, uses.get(region))]));
	const maxOf = new Map<string, number>();
	let free = spec.workersMax;
	for (const count of held.values()) free -= count;
	const order = [...new Set([...units.map(({ region }) => region), ...known.keys()])];
	for (const region of order) {
		const wanted = target.max.get(region) ?? 0;
		const lowered = Math.min(wanted, known.get(region)?.workersMax ?? 0);
		const raisable = Math.max(0, held.get(region) ?? 0) - lowered + Math.max(0, free);
		const workersMax = lowered + Math.min(wanted - lowered, raisable);
		free -= Math.max(0, workersMax - (held.get(region) ?? 0));
		maxOf.set(region, workersMax);
	}
	const gone = before.filter(({ region }) => !alive.has(region)).map((share) => withdrawn(share, revision));
	return [...toShares(spec, order, maxOf, { units, known, held, uses, target, revision }), ...gone];
}

/** A region that was given up has fenced itself. It keeps a share of 0 until it has confirmed that: an older grant that reaches it late is then refused by its revision. */
function withdrawn(share: Share, revision: number): Share {
	const since = share.workersMax > 0 || share.since === undefined ? revision : share.since;
	return { region: share.region, workersMax: 0, workersMin: 0, since };
}

/** A share counts in full until its region has confirmed the smaller one; then as many as it still has. */
function heldBy(share: Share, use: RegionUse | undefined): number {
	const held = share.held ?? share.workersMax;
	if (use === undefined || use.revision < (share.since ?? 0)) return held;
	return Math.min(held, Math.max(share.workersMax, use.alive));
}

interface Targets {
	readonly max: ReadonlyMap<string, number>;
	/** The worst tier of each region that is wanted now. */
	readonly worstTier: ReadonlyMap<string, number>;
	/** A region that is left keeps a worker until another one serves. */
	readonly handsOver: boolean;
}

/** Workers that run keep their place; the rest goes to free GPUs, the best first, then to where it was, then to where GPUs may become free. */
function targetsOf(spec: AllocateSpec, units: readonly Unit[], known: ReadonlyMap<string, Share>, uses: ReadonlyMap<string, RegionUse>): Targets {
	const max = new Map<string, number>();
	const worstTier = new Map<string, number>();
	const roomOf = new Map<string, number>();
	for (const { region, room } of units) roomOf.set(region, (roomOf.get(region) ?? 0) + room);
	const handover = handoverOf(spec, units, known, uses);
	if (handover !== null) max.set(handover, 1);
	let left = spec.workersMax - (handover === null ? 0 : 1);
	const give = (region: string, count: number, tier: number | null): void => {
		const given = Math.min(count, left, (roomOf.get(region) ?? 0) - (max.get(region) ?? 0));
		if (given <= 0) return;
		max.set(region, (max.get(region) ?? 0) + given);
		if (tier !== null) worstTier.set(region, Math.max(worstTier.get(region) ?? 0, tier));
		left -= given;
	};
	for (const region of roomOf.keys()) {
		const share = known.get(region);
		if (share !== undefined) give(region, Math.min(share.workersMax, uses.get(region)?.alive ?? share.workersMax), null);
	}
	for (const { region, tier, free } of units) if (!isBlocked(spec, tier, known.get(region), uses.get(region))) give(region, free, tier);
	const lastTier = new Map(units.map(({ region }) => [region, Math.max(...units.filter((unit) => unit.region === region).map(({ tier }) => tier))]));
	for (const { region } of units) give(region, (known.get(region)?.workersMax ?? 0) - (max.get(region) ?? 0), lastTier.get(region) ?? 0);
	for (const { region, room } of units) give(region, room, lastTier.get(region) ?? 0);
	const first = units[0];
	if (first !== undefined && left > 0) max.set(first.region, (max.get(first.region) ?? 0) + left);
	return { max, worstTier, handsOver: handover !== null };
}

/**
 * The region that keeps one worker although the endpoint may not run there any more: until another one serves, so that a move to other
 * GPUs or data centres leaves no moment without a worker. With a maximum of one there is no place beside it, and it goes first.
 */
function handoverOf(spec: AllocateSpec, units: readonly Unit[], known: ReadonlyMap<string, Share>, uses: ReadonlyMap<string, RegionUse>): string | null {
	if (spec.workersMax < 2 || units.length === 0 || units.some(({ region }) => uses.get(region)?.isServing === true)) return null;
	const leaving = [...known].filter(([region, { workersMax }]) => workersMax > 0 && (uses.get(region)?.alive ?? 0) > 0 && !units.some((unit) => unit.region === region));
	return leaving.sort(([a], [b]) => (uses.get(b)?.alive ?? 0) - (uses.get(a)?.alive ?? 0) || a.localeCompare(b))[0]?.[0] ?? null;
}

/** Whether the region has said that it finds no place in this tier: what is free there by the figures is not free for this endpoint. */
function isBlocked(spec: AllocateSpec, tier: number, share: Share | undefined, use: RegionUse | undefined): boolean {
	if (use === undefined || !use.blocked) return false;
	const tried = share?.tiers === undefined ? Number.POSITIVE_INFINITY : worstOf(spec, share.tiers);
	return tier <= tried;
}

interface Settling {
	readonly units: readonly Unit[];
	readonly known: ReadonlyMap<string, Share>;
	readonly held: ReadonlyMap<string, number>;
	readonly uses: ReadonlyMap<string, RegionUse>;
	readonly target: Targets;
	readonly revision: number;
}

function toShares(spec: AllocateSpec, order: readonly string[], maxOf: ReadonlyMap<string, number>, settling: Settling): Share[] {
	const { known, held, uses, target, revision } = settling;
	// The successor elsewhere starts whether a job asks for it or not, or the old worker would serve on for ever.
	const workersMin = Math.min(Math.max(spec.workersMin, target.handsOver ? 1 : 0), spec.workersMax);
	const minOf = shareMinimum(
		workersMin,
		order.map((region) => ({ region, workersMax: maxOf.get(region) ?? 0, within: withinNow(spec, region, settling) })),
	);
	const shares: Share[] = [];
	for (const region of order) {
		const workersMax = maxOf.get(region) ?? 0;
		const old = known.get(region);
		const counts = Math.max(workersMax, held.get(region) ?? 0);
		if (counts === 0 && isOver(old, uses.get(region))) continue;
		const lowered = old !== undefined && workersMax < old.workersMax;
		const since = lowered ? revision : (old?.since ?? 0);
		const tiers = tiersUpTo(spec, target.worstTier.get(region) ?? (old?.tiers === undefined ? -1 : worstOf(spec, old.tiers)));
		shares.push({
			region,
			workersMax,
			workersMin: minOf.get(region) ?? 0,
			...(counts === workersMax ? {} : { held: counts }),
			...(since === 0 || (counts === workersMax && counts > 0) ? {} : { since }),
			...(tiers === undefined ? {} : { tiers }),
		});
	}
	return shares;
}

/** Workers of the endpoint that a region has or could start now. */
function withinNow(spec: AllocateSpec, region: string, { units, known, uses }: Settling): number {
	const use = uses.get(region);
	const startable = units.filter((unit) => unit.region === region && !isBlocked(spec, unit.tier, known.get(region), use));
	return startable.reduce((sum, { free }) => sum + free, use?.alive ?? 0);
}

/** Whether a region without any worker needs no share of 0 any more: it never had another, or it has confirmed this one. */
function isOver(old: Share | undefined, use: RegionUse | undefined): boolean {
	if (old === undefined) return true;
	return old.workersMax === 0 && use !== undefined && use.revision >= (old.since ?? 0) && use.alive === 0;
}

/** Place of the worst of some tiers in the endpoint's order; -1 when it knows none of them any more. */
function worstOf(spec: AllocateSpec, tiers: readonly string[]): number {
	return Math.max(-1, ...tiers.map((tier) => gpuTiers(spec).indexOf(tier)));
}

/** The tiers up to a place; undefined when they are all that the endpoint may use, or none is said. */
function tiersUpTo(spec: AllocateSpec, worst: number): readonly string[] | undefined {
	if (worst < 0 || spec.gpuCount === 0 || spec.fallbackOrder === 'region') return undefined;
	const tiers = gpuTiers(spec);
	return worst >= tiers.length - 1 ? undefined : tiers.slice(0, worst + 1);
}
