/** Handlers on RunPod's own Python worker SDK, PyPI `runpod` 1.12.0 unmodified, run by our hosts as processes and as containers. */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeploySpec } from '../support/deploy.ts';
import type { JobApi } from '../support/job-api.ts';
import { ensurePython } from '../support/python.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { kindTitle, missingKind, type PythonWorkers, preparePythonWorkers, readLog, WORKER_KINDS, type WorkerKind } from '../support/worker-kinds.ts';

const HANDLERS = resolve(import.meta.dirname, 'python');

let stack: Stack;
let python: string;
let workers: PythonWorkers;

beforeAll(async () => {
	python = await ensurePython();
	const handlers = readdirSync(HANDLERS).filter((name) => name.startsWith('handler_'));
	workers = await preparePythonWorkers(
		[python],
		handlers.map((name) => join(HANDLERS, name)),
	);
	stack = await startStack({ env: workers.settings });
}, 1_200_000);
afterAll(async () => {
	await stack?.stop();
	await workers?.stop();
}, 120_000);

/** Deploys a handler of `python/`; waits until it asks for jobs unless it is to start cold. */
async function deploy(kind: WorkerKind, file: string, more: Partial<DeploySpec> = {}): Promise<{ api: JobApi; log: () => Promise<string> }> {
	const id = await stack.deploy({ ...workers.spec(kind, python, join(HANDLERS, file)), ...more, env: { RUNPOD_DEBUG_LEVEL: 'DEBUG', ...more.env } });
	const api = stack.api(id);
	if (more.workersMin !== 0) await api.untilReady();
	return { api, log: () => readLog(stack, id) };
}

for (const kind of WORKER_KINDS) {
	const reason = missingKind(kind, 'handlers on RunPod’s Python SDK');
	describe.skipIf(reason !== null)(kindTitle(kind, reason), () => describeHandlers(kind));
}

function describeHandlers(kind: WorkerKind): void {
	describe('a synchronous handler', () => describeSynchronous(kind));
	describe('an asynchronous handler', () => describeAsynchronous(kind));
	describe('a handler that', () => describeOddHandler(kind));
	describeConcurrency(kind);
}

function describeSynchronous(kind: WorkerKind): void {
	let api: JobApi;
	let log: () => Promise<string>;
	beforeAll(async () => {
		({ api, log } = await deploy(kind, 'handler_sync.py'));
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

	test('asks the stop channel and finds nothing to complain of', async () => {
		expect(await log()).not.toMatch(/Failed to get job|monitor_stop_signals \| Error|unexpected content type|Failed to return|Traceback/);
	});
}

function describeAsynchronous(kind: WorkerKind): void {
	let api: JobApi;
	beforeAll(async () => {
		({ api } = await deploy(kind, 'handler_async.py'));
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
}

function describeOddHandler(kind: WorkerKind): void {
	let api: JobApi;
	beforeAll(async () => {
		({ api } = await deploy(kind, 'handler_odd.py'));
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
}

function describeConcurrency(kind: WorkerKind): void {
	test('concurrency 4: one process takes its jobs in a batch and runs them together', async () => {
		const { api, log } = await deploy(kind, 'handler_concurrent.py', { workersMin: 0, workersMax: 1 });
		const ids = [];
		for (let n = 0; n < 4; n++) ids.push(await api.run({ n }));
		const pids = new Set<unknown>();
		for (const [n, id] of ids.entries()) {
			const done = await api.untilState(id, undefined, 60_000);
			expect(done).toMatchObject({ status: 'COMPLETED', output: { n } });
			pids.add((done['output'] as { pid: number }).pid);
		}
		expect(pids.size).toBe(1);
		const printed = await log();
		expect(printed).toMatch(/job-take-batch\/[^\s"]*batch_size=4/);
		const largestBatch = Math.max(...[...printed.matchAll(/Jobs in queue: (\d+)/g)].map((match) => Number(match[1])));
		expect(largestBatch).toBeGreaterThanOrEqual(2);
	}, 120_000);
}
