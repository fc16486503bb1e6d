/** A load-balancing endpoint whose workers are in two regions, one of them with two brokers: requests are shared, and a region that dies takes only those with it that it had in hand. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BALANCER_TIMERS, callBalanced, DIRECTORY, SCALING } from '../support/balanced-app.ts';
import { shellCommand } from '../support/deploy.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

const GPU = { gpuType: 'NVIDIA L40S', count: 1 };
const TOPOLOGY = {
	regions: {
		a: { dataCenters: { 'A-1': { hosts: { 'a-host': GPU } } } },
		b: { brokers: 2, dataCenters: { 'B-1': { hosts: { 'b-host': { ...GPU, count: 2 } } } } },
	},
};
const APP = { type: 'LOAD_BALANCER', directory: DIRECTORY, command: shellCommand(process.execPath, 'slow-app.ts'), pools: ['ADA_48_PRO'], scaling: SCALING } as const;

let stack: Stack;
let app: string;
/** Data centre → a worker there. */
const workerIn = new Map<string, string>();

interface Health {
	readonly jobs: { readonly inProgress: number };
	readonly workers: { readonly ready: number };
}
const health = async (): Promise<Health> => (await stack.api(app).health()) as never;
const dataCenterOf = async (answer: Response): Promise<string> => {
	expect(answer.status).toBe(200);
	return ((await answer.json()) as { dataCenter: string }).dataCenter;
};

beforeAll(async () => {
	stack = await startStack({ env: { ...BALANCER_TIMERS, LONGSHORE_BALANCER_WAIT_MS: '30000', LONGSHORE_BALANCER_REQUEST_MS: '60000' }, topology: TOPOLOGY });
	// One in each data centre: the first fills the region that it goes to, or the grants are shared by what is free.
	app = await stack.deploy({ ...APP, workersMin: 3, workersMax: 3 });
	await until(async () => (await health()).workers.ready === 3, { what: 'workers in both regions', timeoutMs: 60_000 });
}, 300_000);
afterAll(() => stack?.stop(), 90_000);

test('requests at the same time are shared by the workers of both regions, through every broker', async () => {
	const answers = await Promise.all(Array.from({ length: 9 }, () => callBalanced(stack, app, '/slow?ms=1500')));
	const places = await Promise.all(answers.map(dataCenterOf));
	const workers = answers.map((answer) => answer.headers.get('x-runpod-worker-id') ?? '');
	for (const [at, place] of places.entries()) workerIn.set(place, workers[at] ?? '');
	expect(new Set(workers).size).toBe(3);
	for (const place of ['A-1', 'B-1']) expect(places.filter((one) => one === place).length).toBeGreaterThanOrEqual(2);
});

test('a region that dies cuts off the requests that it has in hand; the next ones go to the other region', async () => {
	const hold = (place: string): Promise<Response> => callBalanced(stack, app, '/slow?ms=8000', { headers: { 'x-runpod-worker-id': `strict ${workerIn.get(place)}` } });
	await until(async () => (await health()).jobs.inProgress === 0, { what: 'nothing under way' });
	const [lost, kept] = [hold('A-1'), hold('B-1')];
	await until(async () => (await health()).jobs.inProgress === 2, { what: 'both requests under way' });
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
		expect((await lost).status).toBe(502);
		for (let n = 0; n < 6; n++) expect(await dataCenterOf(await callBalanced(stack, app, '/', { method: 'POST', body: 'small' }))).toBe('B-1');
		expect(await dataCenterOf(await kept)).toBe('B-1');
	} finally {
		clearInterval(timer);
	}
}, 60_000);
