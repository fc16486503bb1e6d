/** 500 jobs while the edge, each broker, each NATS server and a host die by SIGKILL one after the other: every acknowledged job ends exactly once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { killEdge, killProcess } from '../support/kill-process.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { JobWatch } from './job-watch.ts';

const JOBS = 500;
/** Slow enough that jobs are queued, running and ending whenever something dies. */
const SUBMIT_EVERY_MS = 45;

let stack: Stack;
let endpoint: RawEndpoint;

beforeAll(async () => {
	// The witness asks for more statuses a second than RunPod allows a caller.
	stack = await startStack({ env: { ...SHORT_TIMERS, LONGSHORE_RATE_LIMITS: 'off' } });
	endpoint = await deployRaw(stack, { concurrency: 2, workersMax: 12 });
}, 300_000);
afterAll(() => stack?.stop(), 90_000);

test.each(['from the edge to the hosts', 'from the hosts to the edge'] as const)(
	'%s: no acknowledged job is lost or ends twice',
	async (order) => {
		await endpoint.api.untilReady(12, 90_000);
		const before = (await endpoint.api.health()).jobs;
		const watch = new JobWatch(endpoint.api);
		const submitting = submitAll(watch);
		const watching = watch.start();
		await killEverything(order);
		await submitting;
		await watch.untilAllEnded(120_000);
		await watching;

		const report = watch.report();
		console.log(`kill test: ${JSON.stringify({ ...report.counts, runs: runsPerJob() })}`);
		expect(report.counts.acknowledged).toBeGreaterThan(JOBS / 2);
		expect(report.counts.acknowledged + report.counts.unknown + report.counts.refused).toBe(JOBS);
		expect(report.missing).toEqual([]);
		expect(report.wrongOutput).toEqual([]);
		expect(report.notCompleted).toEqual([]);

		const { jobs } = await endpoint.api.health();
		expect(jobs).toMatchObject({ inQueue: 0, inProgress: 0 });
		const counted = jobs.completed + jobs.failed - before.completed - before.failed;
		expect(counted).toBeGreaterThanOrEqual(report.counts.acknowledged);
		expect(counted).toBeLessThanOrEqual(report.counts.acknowledged + report.counts.unknown);

		await sleep(5_000);
		expect(await watch.changedSinceEnd()).toEqual([]);
	},
	300_000,
);

async function submitAll(watch: JobWatch): Promise<void> {
	for (let n = 0; n < JOBS; n++) {
		void watch.submit(n, { sleepMs: 100 + (n % 7) * 100, n });
		await sleep(SUBMIT_EVERY_MS);
	}
	await watch.untilSubmitted();
}

/** One after the other, each when its predecessor's successor is there. */
async function killEverything(order: 'from the edge to the hosts' | 'from the hosts to the edge'): Promise<void> {
	const { pids } = stack.local();
	const host = Object.keys(pids.hosts)[0] ?? '';
	const kills = [
		() => killEdge(stack),
		...Object.keys(pids.brokers).map((name) => () => killProcess(stack, `broker ${name}`, (now) => now.brokers[name])),
		...Object.keys(pids.nats).map((name) => () => killProcess(stack, `NATS server ${name}`, (now) => now.nats[name])),
		() => killProcess(stack, `host ${host}`, (now) => now.hosts[host]),
	];
	await sleep(1_000);
	for (const kill of order === 'from the edge to the hosts' ? kills : kills.reverse()) {
		await kill();
		await sleep(500);
	}
}

/** How many jobs were started how often: more than once is allowed, losing one is not. */
function runsPerJob(): Record<number, number> {
	const starts = new Map<string, number>();
	for (const line of endpoint.trace()) if (line.event === 'start') starts.set(line.job, (starts.get(line.job) ?? 0) + 1);
	const counts: Record<number, number> = {};
	for (const times of starts.values()) counts[times] = (counts[times] ?? 0) + 1;
	return counts;
}
