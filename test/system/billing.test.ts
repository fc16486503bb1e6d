/** What a run with killed workers is billed, against an observer that watches the processes themselves. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lifetimes, watchLifetimes } from '../support/lifetimes.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

const JOBS = 1_000;
const KILLS = 5;
const H100_FLEX_MAX = 0.0024;

interface BillRow {
	readonly amount: number;
	readonly endpointId?: string;
	readonly podId?: string;
	readonly gpuTypeId?: string;
	readonly timeBilledMs: number;
	readonly startingMs: number;
	readonly runningMs: number;
	readonly idleMs: number;
}

let stack: Stack;
let endpoint: RawEndpoint;
let lifetimes: Lifetimes;

beforeAll(async () => {
	stack = await startStack({ env: { LONGSHORE_RATE_LIMITS: 'off' } });
	lifetimes = watchLifetimes(() => Object.values(stack.local().pids.hosts), 'raw-worker.ts');
	endpoint = await deployRaw(stack, { workersMin: 0, workersMax: 6, idleTimeoutS: 2 });
}, 300_000);
afterAll(async () => {
	lifetimes?.stop();
	await stack?.stop();
}, 90_000);

async function bill(query: string): Promise<BillRow[]> {
	const response = await fetch(`${stack.url}/v2/billing/serverless?endpointId=${endpoint.id}&bucketSize=year&${query}`, {
		headers: { authorization: `Bearer ${stack.apiKey}` },
		signal: AbortSignal.timeout(10_000),
	});
	expect(response.status).toBe(200);
	return ((await response.json()) as { billing: BillRow[] }).billing;
}

async function costsOfJobs(): Promise<{ costs: { amount: number | null; final: boolean }[] }> {
	const response = await fetch(`${stack.url}/v2/${endpoint.id}/costs?limit=${JOBS}`, { headers: { authorization: `Bearer ${stack.apiKey}` }, signal: AbortSignal.timeout(10_000) });
	expect(response.status).toBe(200);
	return (await response.json()) as { costs: { amount: number | null; final: boolean }[] };
}

function sum(rows: readonly BillRow[], part: 'timeBilledMs' | 'startingMs' | 'runningMs' | 'idleMs' | 'amount'): number {
	return rows.reduce((total, row) => total + row[part], 0);
}

test('1,000 jobs with killed workers: the billed time is the time that the processes lived, within 0.1 %', async () => {
	const ids: string[] = [];
	for (let n = 0; n < JOBS; n++) ids.push(await endpoint.api.run({ sleepMs: 250, n }));
	for (let kill = 1; kill <= KILLS; kill++) {
		const done = Math.floor((JOBS * kill) / (KILLS + 2));
		await until(async () => (await endpoint.api.health()).jobs.completed >= done, { what: `${done} jobs to be done`, timeoutMs: 200_000, everyMs: 200 });
		const victim = lifetimes.alive()[0];
		if (victim !== undefined) process.kill(victim, 'SIGKILL');
	}
	await until(async () => (await endpoint.api.health()).jobs.completed >= JOBS, { what: 'all jobs to be done', timeoutMs: 200_000, everyMs: 200 });
	expect((await endpoint.api.status(ids[0] ?? '')).json['status']).toBe('COMPLETED');
	await until(() => lifetimes.alive().length === 0, { what: 'idle workers to stop', timeoutMs: 60_000 });

	const ended = lifetimes.ended();
	const livedMs = ended.reduce((total, ms) => total + ms, 0);
	const rows = await until(
		async (note) => {
			const found = await bill('grouping=podId');
			note({ found: found.length, ended: ended.length, billedMs: sum(found, 'timeBilledMs'), livedMs });
			return found.length === ended.length && Math.abs(sum(found, 'timeBilledMs') / livedMs - 1) < 0.001 && found;
		},
		{ what: 'the bill to agree with the observer', timeoutMs: 15_000, everyMs: 500 },
	);
	expect(ended.length).toBeGreaterThanOrEqual(KILLS + 1);
	// Every job ran its 250 ms in some worker; the killed ones' running time counts too.
	expect(sum(rows, 'runningMs')).toBeGreaterThanOrEqual(JOBS * 250);
	expect(sum(rows, 'startingMs') + sum(rows, 'runningMs') + sum(rows, 'idleMs')).toBeCloseTo(sum(rows, 'timeBilledMs'), -2);
	expect(sum(rows, 'amount')).toBeGreaterThan(0);
	expect(sum(rows, 'amount')).toBeLessThanOrEqual((sum(rows, 'timeBilledMs') / 1_000) * H100_FLEX_MAX);
	const [whole] = await bill('');
	expect(whole?.endpointId).toBe(endpoint.id);
	expect(whole?.amount).toBeCloseTo(sum(rows, 'amount'), 9);
	// A job costs its part of its worker: together as much as the bill but for lost attempts (and the milliseconds by which a host's two clocks for a job differ).
	const { costs } = await costsOfJobs();
	expect(costs.length).toBe(JOBS);
	expect(costs.filter(({ amount, final }) => amount === null || !final)).toEqual([]);
	const amount = costs.reduce((total, cost) => total + (cost.amount ?? 0), 0);
	expect(amount).toBeLessThanOrEqual((whole?.amount ?? 0) * 1.02);
	expect(amount).toBeGreaterThan((whole?.amount ?? 0) * 0.9);
	process.stdout.write(`billed ${sum(rows, 'timeBilledMs')} ms, lived ${Math.round(livedMs)} ms, ${ended.length} workers\n`);
}, 500_000);
