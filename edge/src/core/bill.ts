/** Groups booked usage into the rows of a bill. Pure. */

/** One endpoint's booked time as a bill takes it: milliseconds and US dollars. */
export interface BookedTime {
	readonly endpointId: string;
	/** Start of the bucket that it falls into, ISO 8601. */
	readonly time: string;
	readonly worker: string;
	readonly gpuType: string;
	readonly dataCenter: string;
	readonly starting: number;
	readonly running: number;
	readonly idle: number;
	readonly amount: number;
}

export type Grouping = 'endpointId' | 'podId' | 'gpuTypeId';

/** One row. `podId` is the worker. Source of the names: RunPod's REST v1 billing. The three times behind `timeBilledMs` are ours. */
export interface BillRow {
	readonly amount: number;
	readonly diskSpaceBilledGb: number;
	readonly endpointId?: string;
	readonly gpuTypeId?: string;
	readonly podId?: string;
	readonly time: string;
	readonly timeBilledMs: number;
	readonly startingMs: number;
	readonly runningMs: number;
	readonly idleMs: number;
}

/** A row a bucket and group, in the order of time, then of the group's name. Disks are not metered. */
export function billRows(booked: readonly BookedTime[], grouping: Grouping): BillRow[] {
	const nameOf = (item: BookedTime): string => (grouping === 'podId' ? item.worker : grouping === 'gpuTypeId' ? item.gpuType : item.endpointId);
	const groups = Map.groupBy(booked, (item) => `${item.time} ${nameOf(item)}`);
	return [...groups]
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.flatMap(([, items]) => {
			const first = items[0];
			if (first === undefined) return [];
			const sum = (part: 'starting' | 'running' | 'idle' | 'amount'): number => items.reduce((total, item) => total + item[part], 0);
			const [starting, running, idle] = [sum('starting'), sum('running'), sum('idle')];
			return [
				{
					amount: sum('amount'),
					diskSpaceBilledGb: 0,
					...(grouping === 'gpuTypeId' ? {} : { endpointId: first.endpointId }),
					...(grouping === 'endpointId' ? {} : { gpuTypeId: first.gpuType }),
					...(grouping === 'podId' ? { podId: first.worker } : {}),
					time: first.time,
					timeBilledMs: Math.round(starting + running + idle),
					startingMs: Math.round(starting),
					runningMs: Math.round(running),
					idleMs: Math.round(idle),
				},
			];
		});
}
