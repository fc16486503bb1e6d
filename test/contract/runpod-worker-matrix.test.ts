/** Every release of RunPod's Python worker SDK that fleets still run, unmodified, against one and the same host: what its handlers do, and how its processes end. */
import { cpSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAlive } from '../gpu-worker/support/is-alive.ts';
import { changeEndpoint, shellCommand } from '../support/deploy.ts';
import type { Answer, JobApi } from '../support/job-api.ts';
import { ensurePython, RUNPOD_WORKER_VERSIONS, type RunpodVersion } from '../support/python.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

/** What differs between the releases. Sources: the SDK's own files of these releases. */
const reportsGeneratorErrors = (version: RunpodVersion): boolean => RUNPOD_WORKER_VERSIONS.indexOf(version) >= RUNPOD_WORKER_VERSIONS.indexOf('1.6.2');
const failsOnYieldedErrors = (version: RunpodVersion): boolean => RUNPOD_WORKER_VERSIONS.indexOf(version) >= RUNPOD_WORKER_VERSIONS.indexOf('1.7.13');
const takesBatches = (version: RunpodVersion): boolean => RUNPOD_WORKER_VERSIONS.indexOf(version) >= RUNPOD_WORKER_VERSIONS.indexOf('1.7.1');
const finishesOnSigterm = (version: RunpodVersion): boolean => RUNPOD_WORKER_VERSIONS.indexOf(version) >= RUNPOD_WORKER_VERSIONS.indexOf('1.7.13');
const hasStopChannel = (version: RunpodVersion): boolean => version === '1.12.0';

/** A worker that is asked to end has this long: a test that waits for less sees only those that end by themselves. */
const STOP_GRACE_MS = 120_000;
const ENDS_WITHIN_MS = 30_000;

let stack: Stack;
const pythons = new Map<RunpodVersion, string | Error>();

beforeAll(async () => {
	const starting = startStack({ env: { LONGSHORE_KILL_GRACE_MS: '3000', LONGSHORE_STOP_GRACE_MS: String(STOP_GRACE_MS) } });
	const left = [...RUNPOD_WORKER_VERSIONS];
	const install = async (): Promise<void> => {
		for (let version = left.shift(); version !== undefined; version = left.shift()) pythons.set(version, await ensurePython(version).catch((error: Error) => error));
	};
	await Promise.all([install(), install()]);
	stack = await starting;
	mkdirSync(join(stack.home, 'marks'));
}, 1_800_000);
afterAll(() => stack?.stop(), 60_000);

interface Endpoint {
	readonly id: string;
	readonly api: JobApi;
	/** All that its workers have printed. */
	log(): string;
}

/** Deploys the handler of one kind on one release, uses it and deletes it. A release that cannot be installed fails each of its tests with the reason. */
async function withEndpoint(version: RunpodVersion, mode: string, use: (endpoint: Endpoint) => Promise<void>): Promise<void> {
	const python = pythons.get(version);
	if (python === undefined || python instanceof Error) throw python ?? new Error(`runpod ${version} was not set up`);
	// 1.7.12 to 1.10.0 keep what they run in a file of the working directory: no other endpoint may have the same.
	const directory = join(stack.home, `${version}-${mode}-${crypto.randomUUID()}`);
	cpSync(resolve(import.meta.dirname, 'python/handler_matrix.py'), join(directory, 'handler_matrix.py'));
	const logFile = `${directory}.log`;
	const command = shellCommand('sh', '-c', `exec ${shellCommand(python, '-u', 'handler_matrix.py')} >> ${logFile} 2>&1`);
	const env = { MODE: mode, MARKS: join(stack.home, 'marks'), RUNPOD_DEBUG_LEVEL: 'DEBUG' };
	const id = await stack.deploy({ directory, command, workersMin: 0, workersMax: 1, executionTimeoutMs: 60_000, env });
	const log = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
	try {
		await use({ id, api: stack.api(id), log });
	} catch (error) {
		throw new Error(`${(error as Error).message}\n--- last lines of the worker ---\n${log().slice(-3_000)}`, { cause: error });
	} finally {
		await changeEndpoint(stack.url, stack.apiKey, id, 'DELETE');
	}
}

const end = (api: JobApi, id: string): Promise<Answer['json']> => api.untilState(id, undefined, 60_000);
const runToEnd = async (api: JobApi, input: object, more: Record<string, unknown> = {}): Promise<Answer['json']> => end(api, await api.run(input, more));
const pidOf = (status: Answer['json']): number => (status['output'] as { pid: number }).pid;

/** The job's chunks, drained call by call, until its end. */
async function drainAll(api: JobApi, id: string): Promise<unknown[]> {
	const chunks: unknown[] = [];
	for (;;) {
		const { json, text } = await api.call(`/stream/${id}`, { timeoutMs: 60_000 });
		expect(json['stream'], text).toBeInstanceOf(Array);
		chunks.push(...(json['stream'] as { output: unknown }[]).map(({ output }) => output));
		if (!['IN_QUEUE', 'IN_PROGRESS'].includes(String(json['status']))) return chunks;
	}
}

const processGone = (pid: number): Promise<boolean> => until(() => !isAlive(pid), { what: `worker process ${pid} has ended`, timeoutMs: ENDS_WITHIN_MS });
const counted = (count: number): object[] => Array.from({ length: count }, (_, n) => ({ n }));

describe.concurrent.each([...RUNPOD_WORKER_VERSIONS])('runpod %s', { timeout: 240_000 }, (version) => {
	test('a plain handler: results, errors of every form, progress, one job after the other', () =>
		withEndpoint(version, 'plain', async ({ api, log }) => {
			const first = await runToEnd(api, { text: 'žluť 🦄', list: [1, null] });
			expect(first).toMatchObject({ status: 'COMPLETED', output: { version, id: first['id'], given: { text: 'žluť 🦄', list: [1, null] } } });
			expect(await runToEnd(api, {}), 'an empty input is delivered').toMatchObject({ status: 'COMPLETED', output: { given: {} } });

			const empty = await runToEnd(api, { return: {} });
			expect(empty, '{} completes').toMatchObject({ status: 'COMPLETED' });
			expect(empty).not.toHaveProperty('output');
			expect(await runToEnd(api, { return: [1, 'two', null] })).toMatchObject({ status: 'COMPLETED', output: [1, 'two', null] });
			expect(await runToEnd(api, { return: { error: 'told so', x: 1 } })).toMatchObject({ status: 'FAILED', error: 'told so', output: { x: 1 } });
			expect(await runToEnd(api, { return: { error: { code: 7 } } }), 'an error is a string').toMatchObject({ status: 'FAILED', error: expect.stringMatching(/"code": ?7/) });
			const raised = await runToEnd(api, { raise: 'no such model' });
			expect(raised).toMatchObject({ status: 'FAILED' });
			expect(JSON.parse(String(raised['error']))).toMatchObject({ error_message: 'no such model', error_type: expect.stringContaining('ValueError') });

			const id = await api.run({ progress: { step: 1 }, sleep: 2 });
			await until(
				async (note) => {
					const { json } = await api.status(id);
					note(json);
					return json['status'] === 'IN_PROGRESS' && isDeepStrictEqual(json['output'], { step: 1 });
				},
				{ what: 'progress is shown as output', timeoutMs: 20_000 },
			);
			expect(await end(api, id)).toMatchObject({ status: 'COMPLETED', output: { id } });

			const queue = await Promise.all([0, 1, 2].map((n) => api.run({ n, progress: 'on its way' })));
			for (const [n, job] of queue.entries()) expect(await end(api, job)).toMatchObject({ status: 'COMPLETED', output: { given: { n } } });
			for (const job of queue) expect((await api.status(job)).json, 'late progress reopens nothing').toMatchObject({ status: 'COMPLETED', output: { id: job } });
			expect(log()).not.toMatch(/Failed to return|unexpected content type/);
		}));

	test('workers end: by refresh_worker, by a crash, at a release, by SIGTERM', () =>
		withEndpoint(version, 'plain', async ({ id: endpointId, api }) => {
			const refreshed = await runToEnd(api, { refresh: true });
			expect(refreshed).toMatchObject({ status: 'COMPLETED' });
			expect(refreshed['output'], 'the flag is not output').not.toHaveProperty('refresh_worker');
			const afterRefresh = await runToEnd(api, { n: 1 });
			expect(pidOf(afterRefresh)).not.toBe(pidOf(refreshed));
			await processGone(pidOf(refreshed));

			const crashed = await runToEnd(api, { crash: 1 });
			expect(crashed, 'a lost worker costs a retry').toMatchObject({ status: 'COMPLETED', retries: 1 });
			expect(pidOf(crashed)).not.toBe(pidOf(afterRefresh));

			const running = await api.run({ sleep: 2 });
			await api.untilState(running, ['IN_PROGRESS'], 60_000);
			await changeEndpoint(stack.url, stack.apiKey, endpointId, 'PATCH', { env: { MODE: 'plain', MARKS: join(stack.home, 'marks'), RELEASE: '2' } });
			const drained = await end(api, running);
			expect(drained, 'a job outlives the release of its worker').toMatchObject({ status: 'COMPLETED', output: { release: null } });
			expect(drained).not.toHaveProperty('retries');
			await processGone(pidOf(drained));
			const renewed = await runToEnd(api, { n: 2 });
			expect(renewed).toMatchObject({ status: 'COMPLETED', output: { release: '2' } });

			const signalled = await api.run({ sleep: 2 });
			await api.untilState(signalled, ['IN_PROGRESS'], 60_000);
			process.kill(pidOf(renewed), 'SIGTERM');
			const survived = await end(api, signalled);
			expect(survived, 'SIGTERM by somebody else: the job ends all the same').toMatchObject({ status: 'COMPLETED' });
			if (finishesOnSigterm(version)) expect([pidOf(survived), survived['retries']]).toEqual([pidOf(renewed), undefined]);
			else expect(survived).toMatchObject({ retries: 1 });
		}));

	test('a generator: chunks on the stream, no aggregate, errors that it raises and yields', () =>
		withEndpoint(version, 'generator', async ({ api }) => {
			const id = await api.run({ count: 3, every: 0.2 });
			expect(await drainAll(api, id)).toEqual(counted(3));
			expect((await api.status(id)).json).toMatchObject({ status: 'COMPLETED', output: [] });

			const yields = await api.run({ count: 1, yield: { error: 'told so' } });
			const chunks = await drainAll(api, yields);
			const done = (await api.status(yields)).json;
			if (failsOnYieldedErrors(version)) expect([chunks, done]).toMatchObject([counted(1), { status: 'FAILED', error: 'told so' }]);
			else expect([chunks, done]).toMatchObject([[...counted(1), { error: 'told so' }], { status: 'COMPLETED' }]);

			const raises = await api.run({ count: 2, raise: 'out of luck' }, { policy: { executionTimeout: 5_000 } });
			expect(await drainAll(api, raises)).toEqual(counted(2));
			const error = reportsGeneratorErrors(version) ? expect.stringMatching(/^handler: out of luck/) : 'executionTimeout exceeded';
			expect((await api.status(raises)).json, 'a job that is never reported ends by its time, pings or not').toMatchObject({ status: 'FAILED', error });
			expect(await runToEnd(api, { count: 0 }), 'the endpoint goes on').toMatchObject({ status: 'COMPLETED' });
		}));

	test('an asynchronous generator with return_aggregate_stream: chunks on the stream and all of them as output', () =>
		withEndpoint(version, 'async_generator', async ({ api }) => {
			const id = await api.run({ count: 3, every: 0.2 });
			expect(await drainAll(api, id)).toEqual(counted(3));
			expect((await api.status(id)).json).toMatchObject({ status: 'COMPLETED', output: counted(3) });
			expect((await api.runSync({ count: 2 }))['output']).toEqual(counted(2));
			expect((await api.runSync({ count: 0 }))['output']).toEqual([]);
		}));

	test('one process runs several jobs, and a cancelled one stops', () =>
		withEndpoint(version, 'concurrent', async ({ api, log }) => {
			const ids = await Promise.all([0, 1, 2].map((n) => api.run({ n, together: 3 })));
			const done = await Promise.all(ids.map((id) => end(api, id)));
			for (const [n, one] of done.entries()) expect(one).toMatchObject({ status: 'COMPLETED', output: { given: { n }, id: ids[n] } });
			expect(new Set(done.map(pidOf)).size).toBe(1);
			if (takesBatches(version)) expect(log()).toMatch(/job-take-batch\/\S*batch_size=|Jobs in queue: [23]/);

			const id = await api.run({ sleep: 600 });
			await api.untilState(id, ['IN_PROGRESS'], 60_000);
			expect(await api.cancel(id)).toMatchObject({ status: 200, json: { id, status: 'CANCELLED' } });
			const after = await runToEnd(api, { n: 4 });
			expect(after).toMatchObject({ status: 'COMPLETED' });
			if (hasStopChannel(version)) expect(pidOf(after), 'a worker that obeys lives on').toBe(pidOf(done[0] ?? {}));
			else await processGone(pidOf(done[0] ?? {}));
			expect((await api.status(id)).json).toMatchObject({ status: 'CANCELLED' });
		}));

	test('start() with refresh_worker: each job has a process of its own', () =>
		withEndpoint(version, 'refresh', async ({ api }) => {
			const [one, two] = [await runToEnd(api, { n: 1 }), await runToEnd(api, { n: 2 })];
			expect([one, two]).toMatchObject([{ status: 'COMPLETED' }, { status: 'COMPLETED' }]);
			expect(pidOf(one)).not.toBe(pidOf(two));
			await processGone(pidOf(one));
		}));
});
