/** FlashBoot through the whole stack: a worker idles out, is kept frozen, and the next job finds its memory as it was; and what happens when it cannot. */
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callBalanced, SCALING } from '../support/balanced-app.ts';
import { changeEndpoint, type DeploySpec, shellCommand } from '../support/deploy.ts';
import { explainEndpoint, operatorHosts } from '../support/operator-api.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

const TOPOLOGY = { regions: { west: { dataCenters: { 'W-1': { hosts: { 'w-4090': { gpuType: 'NVIDIA GeForce RTX 4090', count: 2 } } } } } } };
/** One worker with its ballast fits, two do not. */
const [BALLAST_MIB, BUDGET_MIB] = [200, 400];

let stack: Stack;
beforeAll(async () => {
	const env = { ...SHORT_TIMERS, LONGSHORE_FROZEN_MEMORY_MIB: String(BUDGET_MIB), LONGSHORE_HEALTH_CHECK_MS: '200' };
	stack = await startStack({ env, topology: TOPOLOGY });
}, 300_000);
afterAll(() => stack?.stop(), 90_000);

const deploy = (more: Partial<DeploySpec> = {}): Promise<string> =>
	stack.deploy({
		directory: resolve(import.meta.dirname, '../support/workers'),
		command: shellCommand(process.execPath, 'remembering-worker.ts'),
		pools: ['ADA_24'],
		workersMin: 0,
		idleTimeoutS: 1,
		flashboot: 'FLASHBOOT',
		...more,
		env: { MARK: 'first', BALLAST_MIB: String(BALLAST_MIB), ...more.env },
	});

interface Memory {
	readonly pid: number;
	readonly worker: string;
	readonly mark: string | null;
	readonly jobs: number;
}

/** What a job finds in its worker's memory. */
async function ask(endpoint: string): Promise<Memory> {
	const answer = await stack.api(endpoint).runSync({});
	if (answer['status'] !== 'COMPLETED') throw new Error(`the job ended as ${JSON.stringify(answer)}`);
	return answer['output'] as Memory;
}

const frozenOf = async (endpoint: string): Promise<string[]> =>
	(await operatorHosts(stack)).flatMap(({ frozen }) => frozen.filter(({ endpointId }) => endpointId === endpoint).map(({ id }) => id));
const untilFrozen = (endpoint: string): Promise<string> => until(async () => (await frozenOf(endpoint))[0], { what: `a frozen worker of ${endpoint}` });
const untilNoneFrozen = (endpoint: string): Promise<boolean> => until(async () => (await frozenOf(endpoint)).length === 0, { what: `no frozen worker of ${endpoint}` });
const remove = (endpoint: string): Promise<void> => changeEndpoint(stack.url, stack.apiKey, endpoint, 'DELETE');
const isThere = (pid: number): boolean => {
	try {
		return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z');
	} catch {
		return false; // `ps` fails when there is no such process.
	}
};
const untilEnded = (pid: number): Promise<boolean> => until(() => !isThere(pid), { what: `process ${pid} ends` });

describe('a worker that idles out', () => {
	test('is no worker of the endpoint while it is frozen, and the next job finds the same process, environment and memory', async () => {
		const endpoint = await deploy();
		const first = await ask(endpoint);
		expect(first).toMatchObject({ mark: 'first', jobs: 1 });
		expect(await untilFrozen(endpoint)).toBe(first.worker);
		await until(async () => Object.values((await stack.api(endpoint).health()).workers).every((count) => count === 0), { what: 'no workers in /health' });
		expect(await ask(endpoint)).toEqual({ ...first, jobs: 2 });
		const { decisions } = await explainEndpoint(stack, endpoint);
		expect(decisions.map(({ text }) => text)).toContainEqual(expect.stringMatching(new RegExp(`^${first.worker} thawed on host w-4090 in \\d+ ms$`)));
		const workers = await fetch(`${stack.url}/v2/serverless/${endpoint}/workers`, { headers: { authorization: `Bearer ${stack.apiKey}` } });
		expect(await workers.json()).toMatchObject({ workers: [{ id: first.worker, start: { kind: 'FROZEN', readyMs: expect.any(Number) } }] });
		await remove(endpoint);
		await untilEnded(first.pid);
	}, 90_000);

	test('and is killed while it is frozen costs no job: the next one gets a new process', async () => {
		const endpoint = await deploy();
		const first = await ask(endpoint);
		await untilFrozen(endpoint);
		process.kill(first.pid, 'SIGKILL');
		// At once: whether the region has heard of it or not.
		const second = await ask(endpoint);
		expect([second.pid === first.pid, second.jobs]).toEqual([false, 1]);
		await remove(endpoint);
	}, 90_000);

	test('is ended by a new release, and the new one runs', async () => {
		const endpoint = await deploy();
		const first = await ask(endpoint);
		await untilFrozen(endpoint);
		await changeEndpoint(stack.url, stack.apiKey, endpoint, 'PATCH', { env: { MARK: 'second' } });
		await untilEnded(first.pid);
		expect(await ask(endpoint)).toMatchObject({ mark: 'second', jobs: 1 });
		await remove(endpoint);
	}, 90_000);

	test('goes when FlashBoot is switched off, and idle workers end again', async () => {
		const endpoint = await deploy({ env: { BALLAST_MIB: '0' } });
		const first = await ask(endpoint);
		await untilFrozen(endpoint);
		await changeEndpoint(stack.url, stack.apiKey, endpoint, 'PATCH', { flashboot: 'OFF' });
		await untilEnded(first.pid);
		const second = await ask(endpoint);
		await untilEnded(second.pid);
		expect(await frozenOf(endpoint)).toEqual([]);
		await remove(endpoint);
	}, 90_000);

	test('makes room for one that idled out later, and its next job gets a new process', async () => {
		const [a, b] = [await deploy({ name: 'a' }), await deploy({ name: 'b' })];
		const first = await ask(a);
		await untilFrozen(a);
		const second = await ask(b);
		await untilFrozen(b);
		await untilNoneFrozen(a);
		await untilEnded(first.pid);
		expect((await ask(b)).pid).toBe(second.pid);
		expect((await ask(a)).jobs).toBe(1);
		await Promise.all([remove(a), remove(b)]);
	}, 90_000);
});

test('a load-balanced app that idled out answers the next request from where it stood', async () => {
	const endpoint = await deploy({ type: 'LOAD_BALANCER', scaling: SCALING, command: shellCommand(process.execPath, 'remembering-app.ts') });
	const call = async (): Promise<unknown> => (await callBalanced(stack, endpoint, '/count')).json();
	const first = (await call()) as { pid: number; worker: string };
	await untilFrozen(endpoint);
	expect(await call()).toEqual({ ...first, requests: 2 });
	await remove(endpoint);
}, 90_000);
