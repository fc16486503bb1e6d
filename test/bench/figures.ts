/** Turns what was measured into named figures with the bounds that the project holds itself to. */
import type { Latency } from './histogram.ts';
import type { LoadResult, OpenLoopResult } from './load.ts';
import type { BalancedResult } from './measure/balanced.ts';
import type { ChunkResult } from './measure/chunks.ts';
import type { JobsResult } from './measure/jobs.ts';
import type { LargeResult } from './measure/large.ts';
import type { LatencyResult } from './measure/latency.ts';
import type { StartsResult } from './measure/starts.ts';
import type { WaitingResult } from './measure/waiting.ts';
import type { Figure } from './report.ts';
import type { Usage } from './usage.ts';

const MIB = 1024 * 1024;
const rate = (name: string, value: number, floor?: number): Figure => ({ name, value, unit: '/s', better: 'higher', ...(floor === undefined ? {} : { floor }) });
const ms = (name: string, value: number, ceiling?: number): Figure => ({ name, value, unit: 'ms', better: 'lower', ...(ceiling === undefined ? {} : { ceiling }) });
const spread = (name: string, latency: Latency, p50Ceiling?: number, p99Ceiling?: number): Figure[] => [
	ms(`${name} p50`, latency.p50Ms, p50Ceiling),
	ms(`${name} p99`, latency.p99Ms, p99Ceiling),
];

/** How fast the machine is just now, by the cheapest request that the edge can answer. */
export function machineFigure(when: string, load: LoadResult): Figure {
	return rate(`machine ${when}: edge's /livez, 64 clients`, load.perS);
}

export function submitFigures(name: string, load: LoadResult, floor?: number): Figure[] {
	return [rate(`submits, ${name}`, load.perS, floor), ...spread(`submit, ${name}`, load.latency), ...refusals(`submits, ${name}`, load)];
}

export function syncFigures(clients: number, load: LoadResult): Figure[] {
	const bounds: Record<number, { perS?: number; p50?: number }> = { 1: { p50: 7 }, 64: { perS: 1_000 } };
	const name = `runsync, ${clients} client${clients === 1 ? '' : 's'}`;
	return [rate(name, load.perS, bounds[clients]?.perS), ...spread(name, load.latency, bounds[clients]?.p50), ...refusals(name, load)];
}

export function arrivalFigures(load: OpenLoopResult, ratePerS: number): Figure[] {
	const name = `runsync, open loop at ${Math.round(ratePerS)}/s`;
	return [...spread(name, load.latency), ms(`${name} max`, load.latency.maxMs), ms(`${name}, generator late p99`, load.lateness.p99Ms), ...refusals(name, load)];
}

export function jobFigures(result: JobsResult): Figure[] {
	const name = `jobs, ${result.slots} slots`;
	const cpu = [...result.cpuSPerThousand].map(([kind, value]): Figure => ({ name: `${name}, CPU per 1,000: ${kind}`, value, unit: 's', better: 'lower' }));
	return [rate(name, result.perS, 1_000), ...cpu];
}

export function latencyFigures(result: LatencyResult): Figure[] {
	return [
		...spread('idle: run sent to handler', result.sendToHandler, undefined, 15),
		...spread('idle: run accepted to handler', result.acceptToHandler),
		...spread('idle: handler to answer', result.handlerToAnswer),
		...spread('idle: added by the platform', result.runSync),
	];
}

export function chunkFigures(result: ChunkResult): Figure[] {
	return [...spread('chunk: yield to reader, server-sent events', result.sse), ...spread('chunk: yield to reader, /stream', result.drain)];
}

export function largeFigures({ jobs, bytes, seconds, usage }: LargeResult): Figure[] {
	const name = `${jobs} jobs of ${bytes / MIB} MiB at one time`;
	return [{ name: `${name}: all completed after`, value: seconds, unit: 's', better: 'lower' }, ...memoryFigures(usage, `${name}, peak memory`)];
}

export function waitingFigures(result: WaitingResult): Figure[] {
	const name = `${result.callers} waiting /stream calls`;
	return [
		{ name: `${name}: edge's memory for each`, value: result.edgeBytesEach / 1024, unit: 'KiB', better: 'lower' },
		{ name: `${name}: edge's CPU while they wait`, value: result.edgeCpuPercent, unit: '%', better: 'lower' },
		...spread(`${name}: another endpoint's runsync beside them`, result.beside),
		...spread(`${name}: the same without them`, result.alone),
	];
}

export function balancedFigures({ clients, road, straight }: BalancedResult): Figure[] {
	const name = `load balancer, ${clients} client${clients === 1 ? '' : 's'}`;
	const added = (percentile: 'p50Ms' | 'p99Ms'): number => road.latency[percentile] - straight.latency[percentile];
	return [
		rate(name, road.perS),
		rate(`${name}, straight to the worker`, straight.perS),
		...spread(name, road.latency),
		...spread(`${name}, straight to the worker`, straight.latency),
		ms(`${name}, added p50`, added('p50Ms')),
		ms(`${name}, added p99`, added('p99Ms')),
		...refusals(name, road),
	];
}

/** Of a thaw, on top of what the engine's own unpause takes. */
const THAW_CEILING_MS = 100;

export function startFigures({ name, cold, frozen, warm, thaw, unpause }: StartsResult): Figure[] {
	return [
		...spread(`start, ${name}: run sent to handler, cold`, cold),
		...spread(`start, ${name}: run sent to handler, frozen`, frozen),
		...spread(`start, ${name}: run sent to handler, warm`, warm),
		...spread(`start, ${name}: thaw on its host`, thaw, THAW_CEILING_MS + (unpause?.p50Ms ?? 0)),
		...(unpause === null ? [] : spread(`start, ${name}: the engine's own unpause`, unpause)),
	];
}

export function memoryFigures(usage: Usage, name = 'peak memory'): Figure[] {
	return [...usage]
		.filter(([kind]) => kind !== 'generator')
		.map(([kind, { processes, peakBytes }]) => ({ name: `${name}: ${kind} (largest of ${processes})`, value: peakBytes / MIB, unit: 'MiB', better: 'lower' }));
}

function refusals(name: string, load: LoadResult): Figure[] {
	return Object.entries(load.refused).map(([status, count]) => ({
		name: `${name}, answered ${status === '0' ? 'with a broken connection' : status}`,
		value: count,
		unit: 'times',
		better: 'lower',
	}));
}
