/** What every runtime must do, run against each: processes and containers. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from '../../../gpu-worker/src/log.ts';
import { createLogStore } from '../../../gpu-worker/src/logs/log-store.ts';
import type { WorkerLog } from '../../../gpu-worker/src/logs/worker-log.ts';
import type { RunningWorker, Runtime, Stillness, WorkerStart } from '../../../gpu-worker/src/runtime/runtime.ts';
import { until } from '../../support/wait.ts';
import { spec } from './region.ts';
import { workerStart } from './worker-start.ts';

/** One runtime under test. */
export interface RuntimeUnderTest {
	/** The image that has `sh`, `env`, `cat`, `sleep` and `echo`. */
	readonly image: string;
	readonly noImage: string;
	/** A fresh one on this state directory. */
	runtime(stateDir: string): Runtime;
	/** Workers of the state directory that live. */
	alive(stateDir: string): Promise<number>;
	close(): Promise<void>;
}

export type StartedWorker = RunningWorker & { readonly log: WorkerLog };
type More = Partial<Omit<WorkerStart, 'env' | 'log'>> & { readonly variables?: Record<string, string> };

/** Runs the suite on what `open` makes; `skip` names why it cannot be run on this machine. */
export function describeRuntime(name: string, skip: string | null, open: () => Promise<RuntimeUnderTest>): void {
	if (skip !== null) process.stderr.write(`NOT RUN: the contract of runtimes with ${name}: ${skip}\n`);
	describe.skipIf(skip !== null)(`a runtime of ${name}${skip === null ? '' : ` (not run: ${skip})`}`, () => {
		let subject: RuntimeUnderTest;
		let home: string;
		const started: StartedWorker[] = [];
		beforeAll(async () => {
			subject = await open();
		});
		afterAll(() => subject?.close());
		beforeEach(() => {
			home = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-runtimes-')));
			mkdirSync(join(home, 'state'));
		});
		afterEach(async () => {
			for (const worker of started.splice(0)) {
				worker.kill();
				await worker.exited;
			}
			rmSync(home, { recursive: true, force: true });
		});
		const newRuntime = () => subject.runtime(join(home, 'state'));
		const start = async (script: string, more: More = {}, runtime = newRuntime()): Promise<StartedWorker> => {
			const log = createLogStore(join(home, 'logs'), Date.now).open('ep1', 'w1', 'key-of-w1', () => null);
			const shell = spec({ image: subject.image, command: ['sh', '-c', script], gpuCount: 0 });
			const worker = { ...(await runtime.start(workerStart({ spec: shell, log, ...more }))), log };
			started.push(worker);
			return worker;
		};
		const said = (worker: StartedWorker) => worker.log.tail(100_000).split('\n');

		test('runs the start command with its words, variables and nothing of the agent’s secrets', async () => {
			const worker = await start('echo "$1|$MARK"; env', {
				spec: spec({ image: subject.image, command: ['sh', '-c', 'echo "$1|$MARK"; env', 'sh', 'two  words'], gpuCount: 0 }),
				variables: { MARK: 'a=b c' },
			});
			expect(await worker.exited).toMatchObject({ code: 0, signal: null });
			expect(said(worker)[0]).toBe('two  words|a=b c');
			expect(worker.log.tail(100_000)).not.toContain('LONGSHORE_');
		});

		test('an entry point of the endpoint goes before the start command', async () => {
			const worker = await start('', { spec: spec({ image: subject.image, entrypoint: ['sh', '-c'], command: ['echo from the entry point'], gpuCount: 0 }) });
			await worker.exited;
			expect(said(worker)).toEqual(['from the entry point']);
		});

		test('keeps what a worker writes apart by stream, its last line too', async () => {
			const worker = await start('echo out; echo "größer" >&2; printf last');
			await worker.exited;
			worker.log.close();
			const lines = worker.log.recent(0)?.filter(({ origin }) => origin !== 'system') ?? [];
			expect(lines.map(({ origin, line }) => `${origin} ${line}`).sort()).toEqual(['stderr größer', 'stdout last', 'stdout out']);
		});

		test('tells the code with which a worker ends', async () => {
			expect(await (await start('exit 3')).exited).toMatchObject({ code: 3, signal: null });
		});

		test('gives a worker a place for temporary files', async () => {
			const worker = await start('echo kept > "${TMPDIR:-/tmp}/x" && cat "${TMPDIR:-/tmp}/x"');
			await worker.exited;
			expect(said(worker)).toEqual(['kept']);
		});

		test('asks a worker to end, who may take leave', async () => {
			const worker = await start('trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.05; done');
			await until(() => worker.log.tail(100).includes('ready'), { what: 'ready' });
			worker.terminate();
			expect(await worker.exited).toMatchObject({ code: 0 });
			expect(said(worker).at(-1)).toBe('bye');
		});

		test('kills a worker that does not want to end, with all that it started', async () => {
			const worker = await start('trap "" TERM; sleep 1000 & echo ready; wait; wait');
			await until(() => worker.log.tail(100).includes('ready'), { what: 'ready' });
			expect(await subject.alive(join(home, 'state'))).toBe(1);
			worker.terminate();
			worker.kill();
			expect(await worker.exited).toMatchObject({ code: null, signal: 'SIGKILL' });
			expect(await subject.alive(join(home, 'state'))).toBe(0);
		});

		test('signals to a worker that is gone do no harm', async () => {
			const worker = await start('exit 0');
			await worker.exited;
			worker.terminate();
			worker.kill();
			expect(await subject.alive(join(home, 'state'))).toBe(0);
		});

		test('says what to do about an image that is not there', async () => {
			const missing = spec({ image: subject.noImage, command: ['sh'], gpuCount: 0 });
			await expect(start('', { spec: missing })).rejects.toMatchObject({ name: 'WorkerStartError', message: expect.stringContaining(subject.noImage) });
		});

		test('says that a program of the start command is not there', async () => {
			const missing = spec({ image: subject.image, command: ['no-such-program'], gpuCount: 0 });
			// A first process that passes signals on starts well, and fails then.
			const told = await start('', { spec: missing }).then(
				async ({ exited }) => (await exited).cause,
				({ name, message }: Error) => `${name}: ${message}`,
			);
			expect(told).toMatch(/^(?:WorkerStartError: |its start command )(?=.*no-such-program)/);
			expect(await subject.alive(join(home, 'state'))).toBe(0);
		});

		test('ends what an earlier agent on the same state directory left, and nothing of another’s', async () => {
			const left = await start('echo up; sleep 1000');
			mkdirSync(join(home, 'other'));
			const foreign = await start('echo up; sleep 1000', { workerId: 'w2' }, subject.runtime(join(home, 'other')));
			await until(() => said(left).includes('up') && said(foreign).includes('up'), { what: 'both up' });
			await newRuntime().cleanUp();
			expect([await subject.alive(join(home, 'state')), await subject.alive(join(home, 'other'))]).toEqual([0, 1]);
			await left.exited;
		});

		const COUNT = 'n=0; while :; do n=$((n+1)); echo $n; sleep 0.02; done';
		const counting = async (): Promise<StartedWorker & { readonly still: Stillness }> => {
			const worker = await start(COUNT);
			await until(() => said(worker).length > 3, { what: 'it counts' });
			const { stillness } = worker;
			if (stillness === undefined) throw new Error('this worker cannot be held still');
			return { ...worker, still: stillness };
		};
		/** Resolves when it has said nothing for a while, fifteen times as long as it takes to count by one. */
		const silence = (worker: StartedWorker): Promise<boolean> => {
			let [lines, quiet] = [-1, 0];
			const look = (): boolean => {
				quiet = said(worker).length === lines ? quiet + 1 : 0;
				lines = said(worker).length;
				return quiet > 15;
			};
			return until(look, { what: 'it says nothing', everyMs: 20 });
		};

		test('holds a worker still with its memory, and lets it go on where it stood', async () => {
			const worker = await counting();
			expect((await worker.still.pids()).length).toBeGreaterThan(0);
			await worker.still.hold();
			await silence(worker);
			const held = said(worker).length;
			expect(await worker.still.memoryBytes()).toBeGreaterThan(0);
			await worker.still.release();
			await until(() => said(worker).length > held + 3, { what: 'it counts on' });
			expect(said(worker).map(Number)).toEqual(Array.from({ length: said(worker).length }, (_, n) => n + 1));
		});

		test('ends a worker that is held still', async () => {
			const worker = await counting();
			await worker.still.hold();
			worker.kill();
			expect(await worker.exited).toMatchObject({ code: null, signal: 'SIGKILL' });
			expect(await subject.alive(join(home, 'state'))).toBe(0);
		});

		test('ends one that an earlier agent held still', async () => {
			const worker = await counting();
			await worker.still.hold();
			await newRuntime().cleanUp();
			await worker.exited;
			expect(await subject.alive(join(home, 'state'))).toBe(0);
		});
	});
}

/** A log that goes nowhere. */
export const silentLog = createLog(() => {}, {});
