/** Turns booked usage into the load that the advisor compares prices for. Pure. */
import type { AdviceLoad } from './advise.ts';

/** Booked time of one worker in one hour. Milliseconds; `hour` in epoch milliseconds. */
export interface BookedHour {
	readonly hour: number;
	readonly kind: 'flex' | 'active';
	readonly gpus: number;
	readonly starting: number;
	readonly running: number;
	readonly idle: number;
}

const HOUR_MS = 3_600_000;

/** GPU-seconds of running by hour from the first booked hour to the last; what flex workers took beside running, by second of running. Null without any running. */
export function measuredLoad(rows: readonly BookedHour[]): AdviceLoad | null {
	const busy = rows.filter(({ running }) => running > 0);
	const hours = busy.map(({ hour }) => hour);
	const [first, last] = [hours.reduce((least, hour) => Math.min(least, hour), Number.POSITIVE_INFINITY), hours.reduce((most, hour) => Math.max(most, hour), 0)];
	if (busy.length === 0) return null;
	const busySecondsPerHour = new Array<number>((last - first) / HOUR_MS + 1).fill(0);
	for (const { hour, running, gpus } of busy) {
		const at = (hour - first) / HOUR_MS;
		busySecondsPerHour[at] = (busySecondsPerHour[at] ?? 0) + (running / 1_000) * Math.max(1, gpus);
	}
	const flex = rows.filter(({ kind }) => kind === 'flex');
	const sum = (part: 'starting' | 'running' | 'idle'): number => flex.reduce((total, row) => total + row[part] * Math.max(1, row.gpus), 0);
	const running = sum('running');
	return { busySecondsPerHour, overheadPerBusySecond: running === 0 ? 0 : (sum('starting') + sum('idle')) / running };
}
