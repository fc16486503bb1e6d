/** What is wrong with a worker behind a load-balancing endpoint, or with its host, as its callers see it. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BALANCER_TIMERS, callBalanced, DIRECTORY, type Echo, PYTHON, SCALING } from '../support/balanced-app.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

let stack: Stack;

beforeAll(async () => {
	// A worker that takes another's place may take some seconds to come up on a busy machine: nobody is to give up before.
	stack = await startStack({ env: { ...BALANCER_TIMERS, LONGSHORE_BALANCER_WAIT_MS: '12000' } });
});
afterAll(() => stack?.stop());

function call(endpoint: string, path: string, options: RequestInit = {}): Promise<Response> {
	return callBalanced(stack, endpoint, path, options);
}

describe('faults', () => {
	test('a worker that dies with a request in hand is a 502, and another one takes its place', async () => {
		const fragile = await stack.deploy({ type: 'LOAD_BALANCER', directory: DIRECTORY, command: PYTHON, workersMin: 0, workersMax: 1, scaling: SCALING });
		const before = ((await (await call(fragile, '/')).json()) as Echo).worker;
		const crashed = await call(fragile, '/crash', { method: 'POST', body: 'x' });
		expect([crashed.status, await crashed.json()]).toEqual([502, { error: 'the worker ended the connection without an answer' }]);
		const after = await until(
			async () => {
				const answer = await call(fragile, '/');
				return answer.status === 200 ? ((await answer.json()) as Echo).worker : undefined;
			},
			{ what: 'another worker' },
		);
		expect(after).not.toBe(before);
	}, 60_000);

	test('a worker that takes too long is a 504', async () => {
		const app = await stack.deploy({ type: 'LOAD_BALANCER', directory: DIRECTORY, command: PYTHON, workersMin: 0, workersMax: 1, scaling: SCALING });
		const answer = await call(app, '/slow?s=60');
		expect([answer.status, await answer.json()]).toEqual([504, { error: 'the worker did not end its answer in time' }]);
	}, 30_000);

	test('a worker that says that it is ill gets nothing more until it says that it is well', async () => {
		const file = join(stack.home, 'sick');
		const ill = await stack.deploy({ type: 'LOAD_BALANCER', directory: DIRECTORY, command: PYTHON, env: { SICK_FILE: file }, workersMin: 1, workersMax: 1, scaling: SCALING });
		const state = async (name: string): Promise<boolean> => ((await stack.api(ill).health()) as { workers: Record<string, number> }).workers[name] === 1;
		expect((await call(ill, '/')).status).toBe(200);
		writeFileSync(file, '');
		await until(() => state('unhealthy'), { what: 'an unhealthy worker' });
		expect((await call(ill, '/')).status).toBe(400);
		rmSync(file);
		await until(() => state('idle'), { what: 'the worker is well' });
		expect((await call(ill, '/')).status).toBe(200);
	}, 60_000);

	test('a host that is drained under load cuts no request', async () => {
		const busy = await stack.deploy({ type: 'LOAD_BALANCER', directory: DIRECTORY, command: PYTHON, workersMin: 2, workersMax: 2, scaling: SCALING, idleTimeoutS: 600 });
		await until(async () => ((await stack.api(busy).health()) as { workers: { ready: number } }).workers.ready === 2, { what: 'two workers' });
		const listWorkers = async (): Promise<{ hostId: string; region: string }[]> => {
			const listed = await fetch(`${stack.url}/v2/serverless/${busy}/workers`, { headers: { authorization: `Bearer ${stack.apiKey}` } });
			return ((await listed.json()) as { workers: { hostId: string; region: string }[] }).workers;
		};
		const [worker] = await listWorkers();
		const host = worker?.hostId ?? '';
		const region = stack.local().regions.find(({ id }) => id === worker?.region);
		const statuses: number[] = [];
		const workers = new Set<string>();
		let stopped = false;
		const load = Promise.all(
			Array.from({ length: 6 }, async () => {
				while (!stopped) {
					const answer = await call(busy, '/slow?s=0.3');
					await answer.arrayBuffer();
					statuses.push(answer.status);
					workers.add(answer.headers.get('x-runpod-worker-id') ?? '');
				}
			}),
		);
		await until(() => statuses.length > 12, { what: 'load' });
		const duty = (verb: string): Promise<Response> =>
			fetch(`${region?.url}/operator/v1/hosts/${host}/${verb}`, { method: 'POST', headers: { authorization: `Bearer ${region?.operatorToken}` } });
		expect((await duty('drain')).status).toBe(200);
		const drained = async (): Promise<boolean> => !(await listWorkers()).some(({ hostId }) => hostId === host);
		await until(drained, { what: 'the worker of the drained host ends' });
		await until(() => workers.size > 2, { what: 'a worker on another host serves' });
		const count = statuses.length;
		await until(() => statuses.length > count + 12, { what: 'load on the new worker' });
		stopped = true;
		await load;
		await duty('undrain');
		expect(statuses.filter((status) => status !== 200)).toEqual([]);
	}, 60_000);
});
