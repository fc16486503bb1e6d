/** A region with two brokers and three NATS servers: any one of them may be away, the leader too, and jobs go on, each to one end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { type LocalStack, type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';
import { JobWatch } from './job-watch.ts';

const TOPOLOGY = { regions: { a: { brokers: 2, natsNodes: 3, dataCenters: { 'A-1': { hosts: { 'a-host': { gpuType: 'NVIDIA GeForce RTX 4090', count: 6 } } } } } } };
/** A leader that is away must be replaced before hosts take its silence for a fault of theirs. */
const TIMERS = { ...SHORT_TIMERS, LONGSHORE_AGENT_LEASE_MS: '15000', LONGSHORE_HOST_LEASE_MS: '18000', LONGSHORE_REGION_FENCE_MS: '20000', LONGSHORE_REGION_LEASE_MS: '30000' };
const SUBMIT_EVERY_MS = 60;

let stack: Stack;
let endpoint: RawEndpoint;

beforeAll(async () => {
	stack = await startStack({ env: { ...TIMERS, LONGSHORE_RATE_LIMITS: 'off' }, topology: TOPOLOGY });
	endpoint = await deployRaw(stack, { pools: ['ADA_24'], concurrency: 2, workersMin: 2, workersMax: 4, scaling: { type: 'QUEUE_DELAY', queueDelay: 0.5 } });
}, 300_000);
afterAll(() => stack?.stop(), 90_000);

type Pick = (pids: LocalStack['pids']) => number | undefined;

/** Kills the process over and over while `during` runs: it stays away however often it is started again. */
async function whileAway<T>(pick: Pick, during: () => Promise<T>): Promise<T> {
	const kill = (): void => {
		const pid = pick(stack.local().pids);
		try {
			if (pid !== undefined) process.kill(pid, 'SIGKILL');
		} catch {
			// It is being started again.
		}
	};
	kill();
	const timer = setInterval(kill, 50);
	try {
		return await during();
	} finally {
		clearInterval(timer);
	}
}

/** Whether the broker that answers leads; the region's relay hands calls to its brokers in turn. */
async function askLeaders(): Promise<boolean[]> {
	const [region] = stack.local().regions;
	const answers: boolean[] = [];
	for (let n = 0; n < 4; n++) {
		// A connection of its own: the relay chooses by connection.
		const response = await fetch(`${region?.url}/operator/v1/hosts`, {
			headers: { authorization: `Bearer ${region?.operatorToken}`, connection: 'close' },
			signal: AbortSignal.timeout(2_000),
		}).catch(() => undefined);
		if (response?.ok === true) answers.push(((await response.json()) as { leader: boolean }).leader);
	}
	return answers;
}

test('while jobs come, either broker and each NATS server is away for a while: no job is lost, each ends once, and one broker leads', async () => {
	await endpoint.api.untilReady(2, 90_000);
	const watch = new JobWatch(endpoint.api);
	const watching = watch.start();
	let n = 0;
	const submitting = setInterval(() => void watch.submit(n, { n: n++, sleepMs: 50 + (n % 5) * 60 }), SUBMIT_EVERY_MS);
	const { brokers, nats } = stack.local().pids;
	const away: [string, Pick][] = [
		...Object.keys(brokers).map((name): [string, Pick] => [`broker ${name}`, (pids) => pids.brokers[name]]),
		...Object.keys(nats).map((name): [string, Pick] => [`NATS server ${name}`, (pids) => pids.nats[name]]),
	];
	for (const [name, pick] of away) {
		await whileAway(pick, async () => {
			const from = n;
			const completed = (await endpoint.api.health()).jobs.completed;
			await until(
				async (note) => {
					const { jobs } = await endpoint.api.health();
					note(jobs);
					return jobs.completed > completed + 10 && n > from + 10;
				},
				{ what: `jobs that end while ${name} is away`, timeoutMs: 60_000, everyMs: 250 },
			);
			if (!name.startsWith('broker')) return;
			await until(
				async (note) => {
					const leaders = await askLeaders();
					note(leaders);
					return leaders.length > 0 && leaders.every((leads) => leads);
				},
				{ what: `the other broker leads while ${name} is away`, timeoutMs: 60_000, everyMs: 250 },
			);
		});
		await sleep(500);
	}
	clearInterval(submitting);
	await watch.untilSubmitted();
	await watch.untilAllEnded(90_000);
	await watching;
	const report = watch.report();
	console.log(`replicas: ${JSON.stringify(report.counts)}`);
	expect(report.counts.acknowledged).toBeGreaterThan(100);
	expect(report).toMatchObject({ missing: [], wrongOutput: [], notCompleted: [], counts: { refused: 0, unknown: 0 } });
	await until(
		async (note) => {
			const leaders = await askLeaders();
			note(leaders);
			return leaders.filter((leads) => leads).length === leaders.length / 2;
		},
		{ what: 'one of two brokers leads', everyMs: 500 },
	);
	expect(await watch.changedSinceEnd()).toEqual([]);
}, 280_000);

test('while the leading broker is away the other one starts workers for what waits', async () => {
	const cold = await deployRaw(stack, { pools: ['ADA_24'], workersMin: 0, workersMax: 2, idleTimeoutS: 600, scaling: { type: 'QUEUE_DELAY', queueDelay: 0.5 } });
	for (const name of Object.keys(stack.local().pids.brokers)) {
		await whileAway(
			(pids) => pids.brokers[name],
			async () => {
				const jobs = await Promise.all([1, 2, 3].map((n) => cold.api.run({ n, sleepMs: 100 })));
				for (const job of jobs) expect(await cold.api.untilState(job, undefined, 60_000)).toMatchObject({ status: 'COMPLETED' });
			},
		);
	}
	expect(new Set(cold.trace().flatMap(({ event, worker }) => (event === 'boot' ? [worker] : []))).size).toBeLessThanOrEqual(2);
}, 150_000);
