/** Tiny scenarios whose outcome can be worked out by hand, and what a rule sees in one moment. */
import type { RuleInput } from './rules/rule.ts';
import { makeHosts, type Scenario, type SimEndpoint, toArrivals } from './scenario.ts';
import { endpointWith } from './synthetic.ts';

/** One endpoint on one host of two GPUs, cold starts of exactly 10 s. `jobs`: seconds of arrival and of running. */
export function tiny(
	jobs: readonly (readonly [atS: number, runS: number])[],
	more: Partial<Scenario> & { readonly endpoint?: Partial<SimEndpoint> & { workersMax?: number; workersMin?: number } } = {},
): Scenario {
	const { endpoint, ...rest } = more;
	return {
		name: 'tiny',
		...makeHosts({ regions: 1, hostsPerRegion: 1, gpusPerHost: 2, gpuTypes: ['NVIDIA GeForce RTX 4090'] }),
		endpoints: [endpointWith('e', { coldStartMs: () => 10_000, downloadMs: 0, ...endpoint })],
		arrivals: toArrivals(jobs.map(([atS, runS]) => ({ atMs: atS * 1_000, endpoint: 0, execMs: runS * 1_000 }))),
		hostChanges: [],
		untilMs: 1_000_000,
		source: 'by hand',
		...rest,
	};
}

export function inputWith(more: Partial<RuleInput> = {}): RuleInput {
	return { nowMs: 0, workersMin: 0, workersMax: 100, queued: 0, running: 0, oldestWaitMs: 0, waitingOver: () => 0, workers: [], serving: 0, starting: 0, slotsFree: 0, ...more };
}
