/**
 * Compares what one GPU's worth of load costs on flex workers, on active workers and on a dedicated GPU, says where they break even, and
 * recommends. Pure. Figures are of one GPU; a load that keeps several busy is told by `busySecondsPerHour` above 3,600.
 */

/** US dollars. Per second and GPU for workers, per hour for a dedicated GPU; null: not offered. */
export interface AdvicePrices {
	readonly flexPerSecond: number;
	readonly activePerSecond: number | null;
	readonly dedicatedPerHour: number | null;
}

export interface AdviceLoad {
	/** GPU-seconds of running jobs, by hour of the time that is looked at; hours without load are 0. */
	readonly busySecondsPerHour: readonly number[];
	/** Further GPU-seconds of starting and idle workers that flex workers were billed for a second of running, as measured; 0 when only the jobs count. */
	readonly overheadPerBusySecond: number;
}

/** An hour, a month of 30 days, a year: what costs are scaled to. */
export const HOURS_PER_MONTH = 720;
const HOUR_S = 3_600;

export interface Advice {
	/** Average share of one GPU that is busy; above 1 when more than one is needed. */
	readonly utilisation: number;
	readonly busyHoursPerMonth: number;
	readonly perMonth: {
		readonly flex: number;
		/** `workersMin` active workers all month, what goes beyond them on flex. */
		readonly active: number | null;
		/** As many dedicated GPUs as the busiest hour needs. */
		readonly dedicated: number | null;
		readonly dedicatedGpus: number;
	};
	/** Busy share of a GPU above which the other is cheaper than flex; above 1: never. Null where it is not offered. */
	readonly breakEven: { readonly active: number | null; readonly dedicated: number | null };
	readonly recommended: 'flex' | 'active' | 'dedicated';
	/** Active workers that cost the least. */
	readonly workersMin: number;
	/** A maximum a fifth above the busiest hour's need, at least 1 above it. */
	readonly workersMax: number;
	readonly reason: string;
}

/** What a load costs at these prices, and what to do. */
export function advise(load: AdviceLoad, prices: AdvicePrices): Advice {
	const hours = load.busySecondsPerHour;
	const scale = hours.length === 0 ? 0 : HOURS_PER_MONTH / hours.length;
	const busyS = hours.reduce((sum, seconds) => sum + seconds, 0) * scale;
	const flexFactor = 1 + load.overheadPerBusySecond;
	const flex = busyS * flexFactor * prices.flexPerSecond;
	const peakWorkers = Math.ceil(Math.max(0, ...hours) / HOUR_S);
	const { workersMin, cost: active } = bestMinimum(hours, scale, flexFactor, peakWorkers, prices);
	const dedicated = prices.dedicatedPerHour === null ? null : peakWorkers * HOURS_PER_MONTH * prices.dedicatedPerHour;
	const recommended = cheapest(flex, workersMin > 0 ? active : null, dedicated);
	const advice = {
		utilisation: hours.length === 0 ? 0 : busyS / (HOURS_PER_MONTH * HOUR_S),
		busyHoursPerMonth: busyS / HOUR_S,
		perMonth: { flex, active, dedicated, dedicatedGpus: peakWorkers },
		breakEven: {
			active: prices.activePerSecond === null ? null : prices.activePerSecond / (prices.flexPerSecond * flexFactor),
			dedicated: prices.dedicatedPerHour === null ? null : prices.dedicatedPerHour / (prices.flexPerSecond * HOUR_S * flexFactor),
		},
		recommended,
		workersMin: recommended === 'active' ? workersMin : 0,
		workersMax: Math.max(peakWorkers + 1, Math.ceil(peakWorkers * 1.2)),
	} as const;
	return { ...advice, reason: reasonOf(advice) };
}

/** The number of active workers, at least 1, at which active ones with flex beyond them cost the least; 0 where none pays or none is offered. */
function bestMinimum(hours: readonly number[], scale: number, flexFactor: number, peakWorkers: number, prices: AdvicePrices): { workersMin: number; cost: number | null } {
	const { activePerSecond, flexPerSecond } = prices;
	if (activePerSecond === null) return { workersMin: 0, cost: null };
	const costOf = (count: number): number => {
		const beyondS = hours.reduce((sum, seconds) => sum + Math.max(0, seconds - count * HOUR_S), 0) * scale;
		return count * HOURS_PER_MONTH * HOUR_S * activePerSecond + beyondS * flexFactor * flexPerSecond;
	};
	let best = { workersMin: 1, cost: costOf(1) };
	for (let count = 2; count <= peakWorkers; count++) {
		const cost = costOf(count);
		if (cost < best.cost) best = { workersMin: count, cost };
	}
	return best;
}

function cheapest(flex: number, active: number | null, dedicated: number | null): Advice['recommended'] {
	const least = Math.min(flex, active ?? Number.POSITIVE_INFINITY, dedicated ?? Number.POSITIVE_INFINITY);
	return least === flex ? 'flex' : least === active ? 'active' : 'dedicated';
}

function reasonOf({ utilisation, perMonth, breakEven, recommended, workersMin }: Omit<Advice, 'reason'>): string {
	const busy = `${percent(utilisation)} of one GPU is busy`;
	const costs = [
		`flex ${dollars(perMonth.flex)}`,
		...(perMonth.active === null ? [] : [`active ${dollars(perMonth.active)}`]),
		...(perMonth.dedicated === null ? [] : [`dedicated ${dollars(perMonth.dedicated)} for ${perMonth.dedicatedGpus}`]),
	];
	const even = breakEven.dedicated === null ? '' : `; a dedicated GPU pays above ${percent(breakEven.dedicated)}`;
	const what = recommended === 'active' ? `${workersMin} active ${workersMin === 1 ? 'worker' : 'workers'}` : recommended === 'flex' ? 'flex workers' : 'dedicated GPUs';
	return `${busy}; a month costs ${costs.join(', ')}${even}: ${what}`;
}

function percent(share: number): string {
	return `${Math.round(share * 100)} %`;
}

function dollars(amount: number): string {
	return `$${amount.toFixed(2)}`;
}
