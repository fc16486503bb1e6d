/** What becomes of a job whose worker dies under it, and of an endpoint whose worker cannot live. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shellCommand } from '../support/deploy.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

let stack: Stack;
let endpoint: RawEndpoint;

beforeAll(async () => {
	stack = await startStack({ env: SHORT_TIMERS });
	endpoint = await deployRaw(stack);
	await endpoint.api.untilReady();
}, 300_000);
afterAll(() => stack?.stop(), 90_000);

/** Kills the worker that runs the job for the given time (1: the first). */
async function killWorkerOf(jobId: string, time: number): Promise<void> {
	const start = await until(() => endpoint.starts(jobId)[time - 1], { what: `start ${time} of job ${jobId}`, timeoutMs: 40_000 });
	process.kill(start.pid, 'SIGKILL');
}

test('a job whose worker is killed runs again on another one, and says so', async () => {
	const id = await endpoint.api.run({ sleepMs: 2_000, n: 1 });
	await killWorkerOf(id, 1);
	const done = await endpoint.api.untilState(id, undefined, 60_000);
	expect(done).toMatchObject({ status: 'COMPLETED', retries: 1, output: { raw: { n: 1 } } });
	const starts = endpoint.starts(id);
	expect(starts.length).toBe(2);
	expect(done['workerId']).toBe(starts[1]?.worker);
	expect(starts[0]?.worker).not.toBe(starts[1]?.worker);
}, 120_000);

test('a job whose worker is killed twice fails with the reason and is not tried again', async () => {
	const id = await endpoint.api.run({ sleepMs: 2_000, n: 2 });
	await killWorkerOf(id, 1);
	await killWorkerOf(id, 2);
	const failed = await endpoint.api.untilState(id, undefined, 60_000);
	expect(failed).toMatchObject({ status: 'FAILED', retries: 1 });
	expect(String(failed['error'])).toMatch(/worker|retries/i);
	expect(failed).not.toHaveProperty('output');
	expect((await endpoint.api.runSync({ n: 3 }))['status']).toBe('COMPLETED');
	expect(endpoint.starts(id).length).toBe(2);
	expect((await endpoint.api.status(id)).json).toEqual(failed);
}, 180_000);

test('a worker that exits by itself counts as lost too', async () => {
	const id = await endpoint.api.run({ crash: 3, crashTimes: 1 });
	expect(await endpoint.api.untilState(id, undefined, 60_000)).toMatchObject({ status: 'COMPLETED', retries: 1 });
}, 120_000);

test('health counts the retried jobs', async () => {
	expect((await endpoint.api.health()).jobs.retried).toBeGreaterThanOrEqual(2);
});

test('a worker that cannot start is tried again with growing pauses, and its job waits', async () => {
	const starts = join(stack.home, 'starts.txt');
	const id = await stack.deploy({ directory: stack.home, command: shellCommand('sh', '-c', `echo x >> ${starts}; exit 1`), workersMin: 0, workersMax: 1 });
	const api = stack.api(id);
	const job = await api.run({});
	await until(() => existsSync(starts), { what: 'a first start' });
	await sleep(6_000);
	expect(readFileSync(starts, 'utf8').length / 2).toBeLessThanOrEqual(6);
	expect((await api.status(job)).json['status']).toBe('IN_QUEUE');
	expect((await api.cancel(job)).json['status']).toBe('CANCELLED');
}, 60_000);
