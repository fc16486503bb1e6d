/** Everything that ends by the clock: retention of both kinds, time to live in the queue, execution timeout. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobApi } from '../support/job-api.ts';
import { killEdge } from '../support/kill-process.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

const RETENTION_ASYNC_MS = 9_000;
const RETENTION_SYNC_MS = 4_000;
/** The result ended before its status was read, and clocks are read at both ends. */
const TOLERANCE_MS = 1_500;

let stack: Stack;
let endpoint: RawEndpoint;
let api: JobApi;

beforeAll(async () => {
	const env = { ...SHORT_TIMERS, LONGSHORE_RETENTION_ASYNC_MS: String(RETENTION_ASYNC_MS), LONGSHORE_RETENTION_SYNC_MS: String(RETENTION_SYNC_MS) };
	stack = await startStack({ env });
	endpoint = await deployRaw(stack);
	api = endpoint.api;
	await api.untilReady();
}, 300_000);
afterAll(() => stack?.stop(), 90_000);

/** Milliseconds from now until the job is 404; throws when an answer in between is anything but the same result. */
async function readableFor(id: string, result: string): Promise<number> {
	const began = performance.now();
	await until(
		async (note) => {
			const answer = await api.status(id).catch(() => undefined);
			if (answer === undefined || answer.status >= 500) return false; // The edge is being restarted.
			note(answer.text);
			if (answer.status === 404) return true;
			expect(answer).toMatchObject({ status: 200, text: result });
			return false;
		},
		{ what: `job ${id} is forgotten`, timeoutMs: 30_000, everyMs: 100 },
	);
	return performance.now() - began;
}

async function finished(mode: 'run' | 'runsync', n: string): Promise<{ id: string; text: string }> {
	const id = mode === 'run' ? await api.run({ n }) : String((await api.runSync({ n }))['id']);
	await api.untilState(id);
	return { id, text: (await api.status(id)).text };
}

describe('retention', () => {
	test('keeps a result for exactly its time: longer for run than for runsync', async () => {
		const [run, sync] = [await finished('run', 'a'), await finished('runsync', 'b')];
		const [runMs, syncMs] = await Promise.all([readableFor(run.id, run.text), readableFor(sync.id, sync.text)]);
		expect(syncMs).toBeGreaterThan(RETENTION_SYNC_MS - TOLERANCE_MS);
		expect(runMs).toBeGreaterThan(RETENTION_ASYNC_MS - TOLERANCE_MS);
		expect(syncMs).toBeLessThan(runMs);
		for (const { id } of [run, sync]) {
			const gone = await api.cancel(id);
			expect(gone.status).toBe(404);
			expect(Object.keys(gone.json)).toEqual(['error']);
		}
	}, 60_000);

	test('survives a killed edge: still readable, and gone when its time is over', async () => {
		const { id, text } = await finished('run', 'c');
		const began = performance.now();
		await killEdge(stack);
		expect(await api.status(id)).toMatchObject({ status: 200, text });
		await readableFor(id, text);
		expect(performance.now() - began).toBeGreaterThan(RETENTION_ASYNC_MS - TOLERANCE_MS);
	}, 60_000);

	test('does not begin before the end of the job', async () => {
		const id = await api.run({ sleepMs: RETENTION_ASYNC_MS + 1_000 });
		expect(await api.untilState(id)).toMatchObject({ status: 'COMPLETED' });
	}, 60_000);
});

describe('limits of one job', () => {
	test('ttl ends it in the queue as TIMED_OUT, and it never runs', async () => {
		const blocker = await api.run({ sleepMs: 60_000 });
		await api.untilState(blocker, ['IN_PROGRESS']);
		const id = await api.run({ n: 'expires' }, { policy: { ttl: 10_000 } });
		expect((await api.status(id)).json['status']).toBe('IN_QUEUE');
		const ended = await api.untilState(id);
		expect(ended).toMatchObject({ id, status: 'TIMED_OUT' });
		expect(ended).not.toHaveProperty('output');
		await api.cancel(blocker);
		expect((await api.runSync({ n: 'after' }))['status']).toBe('COMPLETED');
		expect(endpoint.starts(id)).toEqual([]);
	}, 60_000);

	test('executionTimeout fails it with RunPod’s words, stops it on the worker and frees the slot', async () => {
		const id = await api.run({ sleepMs: 120_000 }, { policy: { executionTimeout: 5_000 } });
		const ended = await api.untilState(id);
		expect(ended).toMatchObject({ id, status: 'FAILED', error: 'executionTimeout exceeded' });
		expect(ended).not.toHaveProperty('retries');
		expect((await api.runSync({ n: 'after' }))['status']).toBe('COMPLETED');
		expect(endpoint.starts(id).length).toBe(1);
	}, 60_000);
});
