/** Workloads made from a seed alone: what the simulator runs when no folder of traces is given. */
import { specWith } from '../support/endpoint-spec.ts';
import { createRandom, exponential, gamma, logNormal, type Random } from './random.ts';
import { makeHosts, type Scenario, type SimEndpoint, TAIL_MS, toArrivals } from './scenario.ts';

export const GPU_TYPES = ['NVIDIA GeForce RTX 4090', 'NVIDIA L40S', 'NVIDIA A100 80GB PCIe', 'NVIDIA H100 80GB HBM3'] as const;
/** 1,000 hosts in 20 regions. */
export const WORLD = { regions: 20, hostsPerRegion: 50, gpusPerHost: 8, gpuTypes: GPU_TYPES } as const;
const HOUR_MS = 3_600_000;

export function endpointWith(id: string, more: Partial<SimEndpoint> & { readonly workersMax?: number; readonly workersMin?: number }): SimEndpoint {
	const { workersMax = 50, workersMin = 0, ...rest } = more;
	return {
		id,
		spec: specWith({ name: id, gpuPools: ['ADA_24', 'ADA_48_PRO', 'AMPERE_80', 'ADA_80_PRO'], workersMin, workersMax, model: `model/${id}` }),
		concurrency: 1,
		coldStartMs: (random) => logNormal(random, 12_000, 0.4),
		downloadMs: 30_000,
		...rest,
	};
}

/** Gaps of mean `meanMs` and coefficient of variation `cv`, until the end. */
function renewals(random: Random, meanMs: number, cv: number, untilMs: number): number[] {
	const times: number[] = [];
	const shape = 1 / (cv * cv);
	for (let atMs = gamma(random, shape, meanMs / shape); atMs < untilMs; atMs += gamma(random, shape, meanMs / shape)) times.push(atMs);
	return times;
}

/** Twelve endpoints of steady traffic, jobs of about 6 s. */
export function steady(seed: number, hours = 24): Scenario {
	return compose('synthetic steady', seed, hours, 12, (random, untilMs, index) => renewals(random, 2_000 * (index + 1), 1, untilMs));
}

/** The same with gaps of variation 6: long silence, then a crowd. */
export function bursty(seed: number, hours = 24): Scenario {
	return compose('synthetic bursty', seed, hours, 12, (random, untilMs, index) => renewals(random, 4_000 * (index + 1), 6, untilMs));
}

/** Traffic that follows the day, nearly none at night. */
export function daily(seed: number, hours = 48): Scenario {
	return compose('synthetic daily', seed, hours, 12, (random, untilMs, index) =>
		renewals(random, 1_500 * (index + 1), 1.5, untilMs).filter((atMs) => random() < Math.max(0.01, Math.sin((Math.PI * (atMs / HOUR_MS)) / 12) ** 3)),
	);
}

/** Bursts on hosts of which every region loses half, now here, now there. */
export function vanishing(seed: number, hours = 24): Scenario {
	const scenario = bursty(seed, hours);
	const random = createRandom(seed, 'spot');
	const hostChanges = scenario.hosts
		.filter((_, index) => index % 2 === 0)
		.flatMap((host) => {
			const changes: { atMs: number; hostId: string; up: boolean }[] = [];
			for (let atMs = exponential(random, 3 * HOUR_MS), up = false; atMs < scenario.untilMs; atMs += exponential(random, (up ? 1 : 3) * HOUR_MS), up = !up)
				changes.push({ atMs, hostId: host.id, up });
			return changes;
		})
		.sort((a, b) => a.atMs - b.atMs);
	return { ...scenario, name: 'synthetic vanishing hosts', hostChanges };
}

function compose(name: string, seed: number, hours: number, endpoints: number, times: (random: Random, untilMs: number, index: number) => number[]): Scenario {
	const untilMs = hours * HOUR_MS;
	const rows = Array.from({ length: endpoints }, (_, index) => {
		const random = createRandom(seed, `${name} ${index}`);
		return times(random, untilMs, index).map((atMs) => ({ atMs, endpoint: index, execMs: logNormal(random, 6_000, 0.7) }));
	}).flat();
	return {
		name,
		...makeHosts(WORLD),
		endpoints: Array.from({ length: endpoints }, (_, index) => endpointWith(`e${index + 1}`, {})),
		arrivals: toArrivals(rows),
		hostChanges: [],
		untilMs: untilMs + TAIL_MS,
		source: 'generated from the seed',
	};
}
