/** Handlers on RunPod's own Python worker SDK, PyPI `runpod` 1.12.0 unmodified, run by our hosts. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DeploySpec, shellCommand } from '../support/deploy.ts';
import type { JobApi } from '../support/job-api.ts';
import { ensurePython } from '../support/python.ts';
import { type Stack, startStack } from '../support/start-stack.ts';

let stack: Stack;
let python: string;

beforeAll(async () => {
	[python, stack] = await Promise.all([ensurePython(), startStack()]);
}, 400_000);
afterAll(() => stack?.stop(), 60_000);

/** Deploys a handler of `python/` whose log goes to a file too; waits until it asks for jobs unless it is to start cold. */
async function deploy(file: string, more: Partial<DeploySpec> = {}): Promise<{ api: JobApi; log: () => string }> {
	const logFile = join(stack.home, `${file}-${crypto.randomUUID()}.log`);
	const command = shellCommand('sh', '-c', `exec ${shellCommand(python, '-u', file)} >> ${logFile} 2>&1`);
	const id = await stack.deploy({ directory: resolve(import.meta.dirname, 'python'), command, ...more, env: { RUNPOD_DEBUG_LEVEL: 'DEBUG', ...more.env } });
	const api = stack.api(id);
	if (more.workersMin !== 0) await api.untilReady();
	return { api, log: () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '') };
}

describe('a synchronous handler', () => {
	let api: JobApi;
	let log: () => string;
	beforeAll(async () => {
		({ api, log } = await deploy('handler_sync.py'));
	}, 60_000);

	test('gets the input and the job id, and its return value is the output', async () => {
		const id = await api.run({ n: 21, text: 'žluť 🦄' });
		expect(await api.untilState(id)).toMatchObject({ status: 'COMPLETED', output: { got: { n: 21, text: 'žluť 🦄' }, id, doubled: 42 } });
	});

	test('gets the empty input too', async () => {
		expect(await api.runSync({})).toMatchObject({ status: 'COMPLETED', output: { got: {} } });
	});

	test('works through a queue in order', async () => {
		const ids = [];
		for (let n = 0; n < 4; n++) ids.push(await api.run({ n }));
		for (const [n, id] of ids.entries()) {
			const done = await api.untilState(id);
			expect(done).toMatchObject({ status: 'COMPLETED', output: { doubled: n * 2 } });
			expect(done['delayTime'], 'its wait is delay').toBeGreaterThan(0);
		}
	});

	test('asks the stop channel and finds nothing to complain of', () => {
		expect(log()).not.toMatch(/Failed to get job|monitor_stop_signals \| Error|unexpected content type|Failed to return|Traceback/);
	});
});

describe('an asynchronous handler', () => {
	let api: JobApi;
	beforeAll(async () => {
		({ api } = await deploy('handler_async.py'));
	}, 60_000);

	test('completes', async () => {
		expect(await api.runSync({ n: 1 })).toMatchObject({ status: 'COMPLETED', output: { async: true, got: { n: 1 } } });
	});

	test('shows its progress update as output while it runs', async () => {
		const id = await api.run({ seconds: 2 });
		await api.untilState(id, ['IN_PROGRESS']);
		await expect.poll(async () => (await api.status(id)).json['output'], { timeout: 5_000, interval: 100 }).toEqual({ step: 1 });
		expect(await api.untilState(id)).toMatchObject({ status: 'COMPLETED', output: { async: true } });
	});

	test('is stopped by cancel while it waits, and takes the next job', async () => {
		const id = await api.run({ seconds: 120 });
		await api.untilState(id, ['IN_PROGRESS']);
		expect((await api.cancel(id)).json).toMatchObject({ id, status: 'CANCELLED' });
		expect(await api.runSync({ n: 2 })).toMatchObject({ status: 'COMPLETED' });
		expect((await api.status(id)).json['status']).toBe('CANCELLED');
	});
});

describe('a handler that', () => {
	let api: JobApi;
	beforeAll(async () => {
		({ api } = await deploy('handler_odd.py'));
	}, 60_000);

	test('raises fails the job with its own words', async () => {
		const failed = await api.runSync({ what: 'raise' });
		expect(failed).toMatchObject({ status: 'FAILED' });
		expect(failed).not.toHaveProperty('output');
		const error = JSON.parse(String(failed['error'])) as Record<string, unknown>;
		expect(error).toMatchObject({
			error_message: expect.stringContaining("the handler's own words"),
			error_type: expect.stringContaining('ValueError'),
			error_traceback: expect.stringContaining('handler_odd.py'),
		});
	});

	test('returns {} completes it without output', async () => {
		const done = await api.runSync({ what: 'empty' });
		expect(done['status']).toBe('COMPLETED');
		expect([undefined, null]).toContainEqual(done['output']);
	});

	test('returns an error member fails it, and the rest is its output', async () => {
		expect(await api.runSync({ what: 'error' })).toMatchObject({ status: 'FAILED', error: 'refused by the handler', output: { detail: 7 } });
	});

	test('returns an error that is an object fails it with text', async () => {
		expect(await api.runSync({ what: 'error_object' })).toMatchObject({ status: 'FAILED', error: expect.stringMatching(/code/) });
	});

	test('returns a list completes with it', async () => {
		expect(await api.runSync({ what: 'list' })).toMatchObject({ status: 'COMPLETED', output: [1, 'two', null] });
	});

	test('returns None still ends its job', async () => {
		expect(['COMPLETED', 'FAILED']).toContain((await api.runSync({ what: 'none' }))['status']);
	});
});

test('concurrency 4: one process takes its jobs in a batch and runs them together', async () => {
	const { api, log } = await deploy('handler_concurrent.py', { workersMin: 0, workersMax: 1 });
	const ids = [];
	for (let n = 0; n < 4; n++) ids.push(await api.run({ n }));
	const pids = new Set<unknown>();
	for (const [n, id] of ids.entries()) {
		const done = await api.untilState(id, undefined, 60_000);
		expect(done).toMatchObject({ status: 'COMPLETED', output: { n } });
		pids.add((done['output'] as { pid: number }).pid);
	}
	expect(pids.size).toBe(1);
	expect(log()).toMatch(/job-take-batch\/[^\s"]*batch_size=4/);
	const largestBatch = Math.max(...[...log().matchAll(/Jobs in queue: (\d+)/g)].map((match) => Number(match[1])));
	expect(largestBatch).toBeGreaterThanOrEqual(2);
}, 120_000);
