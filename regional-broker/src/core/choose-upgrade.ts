/** Decides whether a worker that stays for the minimum on a worse tier is replaced by one on a better tier that has room: one at a time, at rest, without cutting a job. */

export interface UpgradeWorker {
	readonly id: string;
	readonly state: 'starting' | 'idle' | 'busy';
	readonly outdated: boolean;
	/** Time without a job; 0 unless idle. */
	readonly idleMs: number;
	/** Place of its GPUs in the endpoint's order, 0 the best; infinite when they are no longer among them. */
	readonly tier: number;
}

export interface UpgradeInput {
	/** Workers that do not drain. */
	readonly workers: readonly UpgradeWorker[];
	/** Active workers: they stay when idle. */
	readonly activeMin: number;
	/** What the scaler wants. */
	readonly desired: number;
	readonly workersMax: number;
	/** Every worker that takes a place of the grant, draining ones too. */
	readonly alive: number;
	readonly idleTimeoutMs: number;
	/** Tier on which a worker would start now; null: none has room. Asked only when that matters. */
	readonly bestTier: () => number | null;
}

export interface Upgrade {
	/** Start one more worker: the successor. */
	readonly start: boolean;
	/** Drain this one: its successor is there, or has no place in the grant beside it. */
	readonly stop: string | null;
	/** A successor stands beside the worker that it replaces: one more stays, and is no surplus. */
	readonly beside: boolean;
	/** Some active worker is not on the best tier: room that is freed elsewhere matters to the endpoint. */
	readonly isAway: boolean;
	/** When time alone will change the answer. */
	readonly recheckInMs: number | null;
}

export const NO_UPGRADE: Upgrade = { start: false, stop: null, beside: false, isAway: false, recheckInMs: null };

/**
 * A worker makes way when it has been idle for as long as would end it were it not active: that is rest enough, and as often as it can
 * happen. Where the grant has a place the successor starts beside it; where it has none an idle one goes first as long as another is
 * ready; the only worker there is overlaps with its successor as it does in a release.
 */
export function chooseUpgrade(input: UpgradeInput): Upgrade {
	const { workers, activeMin, desired } = input;
	if (activeMin === 0 || workers.some(({ outdated }) => outdated)) return NO_UPGRADE;
	const worst = workers.filter(({ tier, state }) => tier > 0 && state !== 'starting').sort(readiestToGo);
	if (worst[0] === undefined) return NO_UPGRADE;
	const extra = workers.length - Math.max(activeMin, desired);
	if (extra === 1) return replace(workers, worst, input.idleTimeoutMs);
	return extra === 0 && desired <= activeMin && workers.every(({ state }) => state !== 'starting') ? begin(input, worst) : { ...NO_UPGRADE, isAway: true };
}

/** One more is there than is wanted: the successor, or one that a crowd left behind and that will do as well. When one of them has rested long enough to go, it is the one on the worst tier that goes. */
function replace(workers: readonly UpgradeWorker[], worst: readonly UpgradeWorker[], idleTimeoutMs: number): Upgrade {
	const away = { ...NO_UPGRADE, isAway: true };
	if (workers.some(({ state, tier }) => state === 'starting' && tier < (worst[0]?.tier ?? 0))) return { ...away, beside: true };
	const goes = worst.find(({ tier }) => workers.some((other) => other.state !== 'starting' && other.tier < tier));
	if (goes === undefined) return away;
	const leftMs = Math.min(...workers.map(({ state, idleMs }) => (state === 'idle' ? idleTimeoutMs - idleMs : Number.POSITIVE_INFINITY)));
	if (leftMs <= 0) return { ...away, stop: goes.id, beside: true };
	return { ...away, beside: true, recheckInMs: leftMs === Number.POSITIVE_INFINITY ? null : leftMs };
}

function begin({ workers, workersMax, alive, idleTimeoutMs, bestTier }: UpgradeInput, worst: readonly UpgradeWorker[]): Upgrade {
	const away = { ...NO_UPGRADE, isAway: true };
	const idle = worst.filter(({ state }) => state === 'idle');
	const rested = idle.find(({ idleMs }) => idleMs >= idleTimeoutMs);
	if (rested === undefined) return { ...away, recheckInMs: idle.length === 0 ? null : Math.min(...idle.map(({ idleMs }) => idleTimeoutMs - idleMs)) };
	const best = bestTier();
	if (best === null || best >= rested.tier) return away;
	if (alive < workersMax || (workers.length === 1 && alive === 1)) return { ...away, start: true };
	return workers.length > 1 && alive === workers.length ? { ...away, stop: rested.id } : away;
}

/** The worst tier first, idle before busy, then the longest idle; ids break ties so that the answer is stable. */
function readiestToGo(a: UpgradeWorker, b: UpgradeWorker): number {
	if (a.tier !== b.tier) return b.tier - a.tier;
	return Number(a.state === 'busy') - Number(b.state === 'busy') || b.idleMs - a.idleMs || (a.id < b.id ? -1 : 1);
}
