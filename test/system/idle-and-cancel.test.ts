/** What workers are asked to do when there is nothing to do, and when a job is taken away from them. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shellCommand } from '../support/deploy.ts';
import { ensurePython } from '../support/python.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

let stack: Stack;
let endpoint: RawEndpoint;
let pythonLog: () => string;
let idle: RawEndpoint;

beforeAll(async () => {
	const [python, started] = await Promise.all([ensurePython(), startStack({ env: SHORT_TIMERS })]);
	stack = started;
	[endpoint, idle] = [await deployRaw(stack), await deployRaw(stack)];
	const logFile = join(stack.home, 'idle-python.log');
	pythonLog = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
	await stack.deploy({
		directory: resolve(import.meta.dirname, '../contract/python'),
		command: shellCommand('sh', '-c', `exec ${shellCommand(python, '-u', 'handler_sync.py')} >> ${logFile} 2>&1`),
		env: { RUNPOD_DEBUG_LEVEL: 'DEBUG' },
	});
	await Promise.all([endpoint.api.untilReady(), idle.api.untilReady()]);
}, 400_000);
afterAll(() => stack?.stop(), 90_000);

describe('cancel', () => {
	test('of a running job stops it on the worker and frees its slot', async () => {
		const id = await endpoint.api.run({ sleepMs: 120_000 });
		await endpoint.api.untilState(id, ['IN_PROGRESS']);
		expect((await endpoint.api.cancel(id)).json).toMatchObject({ id, status: 'CANCELLED' });
		expect((await endpoint.api.runSync({ n: 1 }))['status']).toBe('COMPLETED');
		const worker = endpoint.starts(id)[0]?.worker;
		expect(endpoint.trace().filter((line) => line.event === 'stopped' && line.job === id && line.worker === worker).length).toBe(1);
		expect((await endpoint.api.status(id)).json['status']).toBe('CANCELLED');
	}, 60_000);

	test('of queued jobs means that they never run', async () => {
		const blocker = await endpoint.api.run({ sleepMs: 120_000 });
		await endpoint.api.untilState(blocker, ['IN_PROGRESS']);
		const ids: string[] = [];
		for (let n = 0; n < 10; n++) ids.push(await endpoint.api.run({ n }));
		await Promise.all(ids.map((id) => endpoint.api.cancel(id)));
		await endpoint.api.cancel(blocker);
		expect((await endpoint.api.runSync({ n: 'after' }))['status']).toBe('COMPLETED');
		for (const id of ids) {
			expect(endpoint.starts(id)).toEqual([]);
			expect((await endpoint.api.status(id)).json['status']).toBe('CANCELLED');
		}
	}, 60_000);

	test('and a result at the same moment leave one end, which stays', async () => {
		const outcomes = new Set<unknown>();
		for (let n = 0; n < 20; n++) {
			const id = await endpoint.api.run({ sleepMs: 30 });
			await endpoint.api.untilState(id, ['IN_PROGRESS', 'COMPLETED']);
			const answer = await endpoint.api.cancel(id);
			const seen = (await endpoint.api.untilState(id))['status'];
			expect(answer.json['status']).toBe(seen);
			outcomes.add(seen);
		}
		for (const outcome of outcomes) expect(['CANCELLED', 'COMPLETED']).toContain(outcome);
	}, 120_000);
});

/** Idle for as long as the tests above took, and at least this: enough to tell ten takes a minute from more. */
const IDLE_MS = 25_000;

describe('an idle worker', () => {
	test('on RunPod’s Python SDK makes at most ten takes a minute', async () => {
		const began = Date.now();
		const takes = (): number => pythonLog().match(/rp_job \| get_job: http/g)?.length ?? 0;
		await until(() => takes() > 0, { what: 'a first take of the Python worker', timeoutMs: 60_000 });
		const before = takes();
		await until(() => Date.now() - began > IDLE_MS, { what: 'idle time', timeoutMs: IDLE_MS * 2, everyMs: 500 });
		expect(takes() - before).toBeLessThanOrEqual(Math.floor((IDLE_MS / 60_000) * 10));
	}, 120_000);

	test('is answered only after a long hold, never at once', () => {
		const answered = idle.trace().filter((line) => line.event === 'take');
		for (const take of answered) expect(take.heldMs).toBeGreaterThanOrEqual(6_000);
		expect(answered.length).toBeLessThanOrEqual(10);
	});
});
