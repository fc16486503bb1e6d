/** A whole region dies, or is cut off for longer than its lease: its jobs end elsewhere, once, and never more workers run than the endpoint allows. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { explainEndpoint } from '../support/operator-api.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';
import { countWorkers, livingWorkers } from '../support/worker-census.ts';
import { JobWatch } from './job-watch.ts';

/** `a` is the region that suffers; it has the better tier, so workers go there while they can. */
const TOPOLOGY = {
	regions: {
		a: { delayMs: 1, dataCenters: { 'A-1': { hosts: { 'a-host': { gpuType: 'NVIDIA GeForce RTX 4090', count: 5 } } } } },
		b: { delayMs: 1, dataCenters: { 'B-1': { hosts: { 'b-host': { gpuType: 'NVIDIA GeForce RTX 3090', count: 5 } } } } },
	},
};
const POOLS = ['ADA_24', 'AMPERE_24'];
const LEASE_MS = 9_000;
/** Agent lease + kill grace < host lease; fence + kill grace < region lease. */
const TIMERS = {
	LONGSHORE_HOST_REPORT_MS: '300',
	LONGSHORE_AGENT_LEASE_MS: '3000',
	LONGSHORE_HOST_LEASE_MS: '4500',
	LONGSHORE_REGION_HEARTBEAT_MS: '300',
	LONGSHORE_REGION_FENCE_MS: '6000',
	LONGSHORE_KILL_GRACE_MS: '300',
	LONGSHORE_STOP_GRACE_MS: '1000',
	LONGSHORE_EVENT_RETRY_MS: '1000',
	LONGSHORE_START_WITHIN_MS: '4000',
	LONGSHORE_DISPATCH_CONFIRM_MS: '2000',
	LONGSHORE_SWEEP_MS: '2000',
	LONGSHORE_REGION_LEASE_MS: String(LEASE_MS),
	LONGSHORE_RATE_LIMITS: 'off',
};

let stack: Stack;

beforeAll(async () => {
	stack = await startStack({ env: TIMERS, topology: TOPOLOGY });
}, 300_000);
afterAll(() => stack?.stop(), 90_000);

/** Data centre of the worker. */
const placeOf = (endpoint: RawEndpoint, worker: string | undefined): string | undefined =>
	endpoint.trace().find((line) => line.event === 'boot' && line.worker === worker)?.dataCenter;

/** Kills every process of region `a` again and again, as the supervisor starts it anew, while `during` runs. */
async function whileDead<T>(during: () => Promise<T>): Promise<T> {
	const kill = (): void => {
		const { brokers, nats, hosts } = stack.local().pids;
		for (const pid of [brokers['a'], nats['a'], hosts['a-host']]) {
			try {
				if (pid !== undefined) process.kill(pid, 'SIGKILL');
			} catch {
				// Dead already.
			}
		}
	};
	kill();
	const timer = setInterval(kill, 100);
	try {
		return await during();
	} finally {
		clearInterval(timer);
	}
}

/** Stops the relays between region `a` and the edge while `during` runs: connections hang, nothing is refused, and what was on its way comes late. */
async function whileCutOff<T>(during: () => Promise<T>): Promise<T> {
	const pid = stack.local().pids.links['a'];
	if (pid === undefined) throw new Error('region a has no relay');
	process.kill(pid, 'SIGSTOP');
	try {
		return await during();
	} finally {
		process.kill(pid, 'SIGCONT');
	}
}

/** What a test has deployed. */
const open: RawEndpoint[] = [];
afterEach(async () => {
	for (const endpoint of open.splice(0)) await remove(endpoint);
});

async function deploy(spec: Parameters<typeof deployRaw>[1]): Promise<RawEndpoint> {
	const endpoint = await deployRaw(stack, { pools: POOLS, ...spec });
	open.push(endpoint);
	return endpoint;
}

/** Waits until the endpoint's whole share lies in the region: one that was away gets work back by and by. */
async function untilAllIn(region: string, endpoint: RawEndpoint, workersMax: number): Promise<void> {
	await until(
		async (note) => {
			const { shares } = await explainEndpoint(stack, endpoint.id);
			note(shares);
			return shares.some((share) => share.region === region && share.workersMax === workersMax);
		},
		{ what: `the whole share in region ${region}`, timeoutMs: 60_000, everyMs: 250 },
	);
}

/** The next test finds every GPU free, whatever this one found. */
async function remove(endpoint: RawEndpoint): Promise<void> {
	const response = await fetch(`${stack.url}/v2/serverless/${endpoint.id}`, { method: 'DELETE', headers: { authorization: `Bearer ${stack.apiKey}` } });
	expect(response.status).toBe(204);
	await until(() => livingWorkers(endpoint) === 0, { what: 'the workers of a deleted endpoint to end', timeoutMs: 60_000 });
}

test('a region is killed with 50 jobs queued and 5 running: all end in the other one, once, and it takes work again when it is back', async () => {
	const endpoint = await deploy({ workersMin: 0, workersMax: 5, idleTimeoutS: 1, scaling: { type: 'QUEUE_DELAY', queueDelay: 0.5 } });
	const jobs = await Promise.all(Array.from({ length: 55 }, (_, n) => endpoint.api.run({ n, sleepMs: 4_000 })));
	await until(() => endpoint.trace().filter(({ event }) => event === 'start').length === 5, { what: '5 jobs running' });
	const running = endpoint.trace().filter(({ event }) => event === 'start');
	expect(running.map(({ worker }) => placeOf(endpoint, worker))).toEqual(['A-1', 'A-1', 'A-1', 'A-1', 'A-1']);
	// A start that dies with its region before the edge heard of it is no retry to the edge, so it has to have heard of all five.
	await until(async () => (await endpoint.api.health()).jobs['inProgress'] === 5, { what: 'the edge to know the 5 jobs running' });
	const ended = await whileDead(() => Promise.all(jobs.map((job) => endpoint.api.untilState(job, undefined, 120_000))));
	expect(ended.map(({ status }) => status)).toEqual(jobs.map(() => 'COMPLETED'));
	expect(new Set(ended.map(({ workerId }) => placeOf(endpoint, String(workerId))))).toEqual(new Set(['B-1']));
	expect(ended.filter(({ retries }) => retries === 1).length).toBe(5);
	await until(
		async () => {
			const job = await endpoint.api.run({ n: 0 });
			return placeOf(endpoint, String((await endpoint.api.untilState(job))['workerId'])) === 'A-1';
		},
		{ what: 'work in the region that is back', timeoutMs: 40_000, everyMs: 1_000 },
	);
	expect((await endpoint.api.health()).jobs).toMatchObject({ failed: 0, inQueue: 0 });
}, 240_000);

test('a region is cut off past its lease while jobs run: late results are refused, each job ends once, and no more workers run than allowed', async () => {
	const endpoint = await deploy({ workersMin: 0, workersMax: 3, idleTimeoutS: 1, scaling: { type: 'QUEUE_DELAY', queueDelay: 0.5 } });
	await untilAllIn('a', endpoint, 3);
	const census = countWorkers(endpoint);
	const jobs = await Promise.all([1, 2, 3].map((n) => endpoint.api.run({ n, sleepMs: 5_000 })));
	for (const job of jobs) await endpoint.api.untilState(job, ['IN_PROGRESS']);
	expect(jobs.map((job) => placeOf(endpoint, endpoint.starts(job)[0]?.worker))).toEqual(['A-1', 'A-1', 'A-1']);
	await whileCutOff(async () => {
		// Their results are ready before the region fences itself, and reach the edge after it has given the region up.
		await until(() => endpoint.trace().filter(({ event }) => event === 'done').length === 3, { what: 'results in the region that is cut off' });
		await until(() => jobs.every((job) => endpoint.starts(job).length === 2), { what: 'second attempts in the other region', timeoutMs: 30_000 });
	});
	for (const job of jobs) {
		const end = await endpoint.api.untilState(job, undefined, 30_000);
		expect(end).toMatchObject({ status: 'COMPLETED', retries: 1, workerId: endpoint.starts(job)[1]?.worker });
		expect(placeOf(endpoint, String(end['workerId']))).toBe('B-1');
	}
	await sleep(2_000);
	expect((await endpoint.api.health()).jobs).toMatchObject({ completed: 3, failed: 0, inQueue: 0, inProgress: 0 });
	expect(census().most).toBe(3);
}, 120_000);

test('jobs flood in while a region is cut off and healed again and again: never more workers than the maximum at any sample', async () => {
	// Their grants have to leave the region too, and must not hold up the one that has jobs.
	await Promise.all([1, 2, 3].map(() => deploy({ workersMin: 0, workersMax: 1 })));
	const endpoint = await deploy({ workersMin: 0, workersMax: 4, scaling: { type: 'REQUEST_COUNT', requestCount: 1 } });
	await untilAllIn('a', endpoint, 4);
	const census = countWorkers(endpoint);
	const watch = new JobWatch(endpoint.api);
	const watching = watch.start();
	let n = 0;
	const flood = setInterval(() => void watch.submit(n, { n: n++, sleepMs: 700 }), 120);
	for (const cutMs of [LEASE_MS + 4_000, LEASE_MS - 2_000, LEASE_MS + 3_000]) {
		await sleep(3_000);
		await whileCutOff(() => sleep(cutMs));
	}
	clearInterval(flood);
	await watch.untilSubmitted();
	await watch.untilAllEnded(90_000);
	await watching;
	const report = watch.report();
	const seen = census();
	console.log(`flood: ${JSON.stringify({ ...report.counts, ...seen })}`);
	expect(report).toMatchObject({ missing: [], wrongOutput: [] });
	expect(seen.most).toBe(4);
	expect(seen.timesAtMost).toBeGreaterThan(20);
	const { decisions } = await explainEndpoint(stack, endpoint.id);
	const moves = decisions.filter(({ by }) => by === 'edge').map(({ at, text }) => `${at} ${text}`);
	console.log(`shares: ${moves.join('\n')}`);
	const places = new Set(endpoint.trace().flatMap(({ event, dataCenter }) => (event === 'boot' ? [dataCenter] : [])));
	expect(places).toEqual(new Set(['A-1', 'B-1']));
}, 200_000);
