import { expect, test } from 'vitest';
import { OUR_RULES, PUBLISHED_RULES } from './rules/all.ts';
import { longshore } from './rules/longshore.ts';
import { runpodRequestCount } from './rules/runpod.ts';
import { makeHosts } from './scenario.ts';
import { simulate } from './simulate.ts';
import { tiny } from './support.ts';
import { bursty, endpointWith, vanishing } from './synthetic.ts';

const REQUEST_COUNT = longshore('request count 1', { type: 'REQUEST_COUNT', requestCount: 1 }, 5);
const QUEUE_DELAY = longshore('queue delay 4', { type: 'QUEUE_DELAY', queueDelayS: 4 }, 5);

test('one job: it waits the cold start, its worker starts 10 s, runs 3 s and idles 5 s', () => {
	expect(simulate(tiny([[0, 3]]), REQUEST_COUNT, 1)).toMatchObject({
		ended: 1,
		coldStarts: 1,
		waitP50Ms: 10_000,
		waitP99Ms: 10_000,
		gpuSecondsStarting: 10,
		gpuSecondsBusy: 3,
		gpuSecondsIdle: 5,
		gpuSeconds: 18,
	});
});

test('a second job within the idle timeout finds the worker warm', () => {
	expect(
		simulate(
			tiny([
				[0, 3],
				[17, 3],
			]),
			REQUEST_COUNT,
			1,
		),
	).toMatchObject({ ended: 2, coldStarts: 1, waitP50Ms: 0, waitP99Ms: 10_000, gpuSecondsIdle: 4 + 5 });
});

test('a second job after the idle timeout pays another cold start', () => {
	expect(
		simulate(
			tiny([
				[0, 3],
				[19, 3],
			]),
			REQUEST_COUNT,
			1,
		),
	).toMatchObject({ coldStarts: 2, waitP50Ms: 10_000, gpuSeconds: 36 });
});

test('queue delay: the second job of a cold endpoint gets a worker of its own 4 s after it came', () => {
	// Worker 1 is ready at 10 s and takes job 1 for 30 s; worker 2 covers job 2 only from the moment that no starting one does.
	expect(
		simulate(
			tiny([
				[0, 30],
				[0, 30],
			]),
			QUEUE_DELAY,
			1,
		),
	).toMatchObject({ coldStarts: 2, waitP50Ms: 10_000, waitP99Ms: 14_000 });
});

test('no more workers run than there are GPUs, and the next job gets the first that is free', () => {
	const three = tiny([
		[0, 10],
		[0, 10],
		[0, 10],
	]);
	expect(simulate(three, REQUEST_COUNT, 1)).toMatchObject({ ended: 3, coldStarts: 2, workersPeak: 2, waitP99Ms: 20_000 });
});

test('workers max bounds them too', () => {
	const two = tiny(
		[
			[0, 10],
			[0, 10],
		],
		{ endpoint: { workersMax: 1 } },
	);
	expect(simulate(two, REQUEST_COUNT, 1)).toMatchObject({ ended: 2, coldStarts: 1, workersPeak: 1, waitP99Ms: 20_000 });
});

test('active workers are there before the first job and stay to the end', () => {
	expect(simulate(tiny([[20, 5]], { endpoint: { workersMin: 1 }, untilMs: 100_000 }), REQUEST_COUNT, 1)).toMatchObject({ coldStarts: 1, waitP99Ms: 0, gpuSeconds: 100 });
});

test('a worker with two slots takes two jobs at once', () => {
	const two = tiny(
		[
			[0, 10],
			[0, 10],
		],
		{ endpoint: { concurrency: 2, workersMax: 1 } },
	);
	expect(simulate(two, runpodRequestCount(2), 1)).toMatchObject({ ended: 2, coldStarts: 1, waitP99Ms: 10_000, gpuSecondsBusy: 10 });
});

test('a host that goes takes its workers along; their jobs begin again in another region', () => {
	const world = makeHosts({ regions: 2, hostsPerRegion: 1, gpusPerHost: 2, gpuTypes: ['NVIDIA GeForce RTX 4090'] });
	const outcome = simulate(tiny([[0, 30]], { ...world, hostChanges: [{ atMs: 20_000, hostId: 'r01-h001', up: false }] }), REQUEST_COUNT, 1);
	// Started at 10 s, lost at 20 s, started again at 30 s: 20 s of waiting, 10 + 30 s of running.
	expect(outcome).toMatchObject({ ended: 1, interrupted: 1, coldStarts: 2, waitP99Ms: 20_000, gpuSecondsBusy: 40 });
});

test('the first pool of the list that has a host is used before the next', () => {
	const world = makeHosts({ regions: 1, hostsPerRegion: 2, gpusPerHost: 1, gpuTypes: ['NVIDIA A100 80GB PCIe', 'NVIDIA GeForce RTX 4090'] });
	const endpoint = endpointWith('e', { coldStartMs: () => 10_000, downloadMs: 0 });
	const onlyAda = { ...endpoint, spec: { ...endpoint.spec, gpuPools: ['ADA_24' as const] } };
	const two: [number, number][] = [
		[0, 10],
		[0, 10],
	];
	expect(simulate({ ...tiny(two, world), endpoints: [endpoint] }, REQUEST_COUNT, 1).workersPeak).toBe(2);
	expect(simulate({ ...tiny(two, world), endpoints: [onlyAda] }, REQUEST_COUNT, 1).workersPeak).toBe(1);
});

test.each([...PUBLISHED_RULES, ...OUR_RULES])('$of $name: every arrival ends, runs or waits, and the same seed repeats to the last start', (rule) => {
	for (const scenario of [bursty(3, 1), vanishing(3, 1)]) {
		const outcome = simulate(scenario, rule, 3);
		expect(outcome.ended + outcome.running + outcome.waiting).toBe(scenario.arrivals.atMs.length);
		expect(outcome.gpuSecondsStarting + outcome.gpuSecondsIdle + outcome.gpuSecondsBusy).toBeCloseTo(outcome.gpuSeconds, 6);
		expect(simulate(scenario, rule, 3)).toEqual(outcome);
	}
});

test('another seed gives another run', () => {
	expect(simulate(bursty(3, 1), REQUEST_COUNT, 3).hash).not.toBe(simulate(bursty(4, 1), REQUEST_COUNT, 4).hash);
});
