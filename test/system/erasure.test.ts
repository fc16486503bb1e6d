/** The words of a job whose time is over are in no file of the whole stack: edge, regions, hosts, logs. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesHolding } from '../support/files-holding.ts';
import type { JobApi } from '../support/job-api.ts';
import { deployRaw } from '../support/raw-endpoint.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

const RETENTION_MS = 5_000;
let stack: Stack;
let api: JobApi;

beforeAll(async () => {
	stack = await startStack({ env: { ...SHORT_TIMERS, LONGSHORE_RETENTION_ASYNC_MS: String(RETENTION_MS), LONGSHORE_RETENTION_SYNC_MS: String(RETENTION_MS) } });
	api = (await deployRaw(stack)).api;
	await api.untilReady();
}, 300_000);
afterAll(() => stack?.stop(), 90_000);

const forgotten = (id: string): Promise<unknown> => until(async () => (await api.status(id)).status === 404, { what: `job ${id} to be forgotten`, everyMs: 200 });

test('neither input nor output nor chunk, large or small, nor an error', async () => {
	const word = `Canary${crypto.randomUUID().replaceAll('-', '')}`;
	const jobs = [
		{ text: `${word}-small` },
		{ text: `${word}-large${'x'.repeat(200_000)}` },
		{ fail: `${word}-error` },
		{ chunks: 3, everyMs: 10, output: `"${word}-output"`, text: `${word}-chunked` },
	];
	const ids = await Promise.all(jobs.map((input) => api.run(input)));
	const ended = await Promise.all(ids.map((id) => api.untilState(id)));
	// Before: every one of them is there for its owner.
	expect(ended.map((job) => JSON.stringify(job).includes(word))).toEqual([true, true, true, true]);
	await Promise.all(ids.map(forgotten));
	await until(() => filesHolding(stack.home, word).length === 0, { what: 'the words to be in no file', timeoutMs: 60_000, everyMs: 1_000 }).catch((error: unknown) => {
		throw new Error(`still in ${filesHolding(stack.home, word).join(', ')}`, { cause: error });
	});
}, 120_000);
