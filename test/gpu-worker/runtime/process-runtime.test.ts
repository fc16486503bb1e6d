/** Real processes: their directory, their group, their end, and what a killed agent leaves behind. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from '../../../gpu-worker/src/log.ts';
import { createLogStore } from '../../../gpu-worker/src/logs/log-store.ts';
import { createProcessRuntime } from '../../../gpu-worker/src/runtime/process-runtime.ts';
import { until } from '../../support/wait.ts';
import { isAlive } from '../support/is-alive.ts';
import { NO_WATCHDOG } from '../support/no-watchdog.ts';
import { spec } from '../support/region.ts';
import { workerStart } from '../support/worker-start.ts';

let home: string;
let image: string;
beforeEach(() => {
	home = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-runtime-')));
	image = join(home, 'image');
	mkdirSync(image);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const runtime = (allowed = true) => createProcessRuntime({ stateDir: join(home, 'state'), allowed, watchdog: NO_WATCHDOG, log: createLog(() => {}, {}) });
const shell = (script: string, more = {}) => spec({ image: `process://${image}`, command: ['/bin/sh', '-c', script], ...more });
const newLog = () => createLogStore(join(home, 'logs'), Date.now).open('ep1', 'w1', 'key-of-w1', () => null);
const start = async (script: string, workerId = 'w1') => {
	const log = newLog();
	const worker = await runtime().start(workerStart({ workerId, spec: shell(script), variables: { MARK: workerId }, log }));
	return { ...worker, log };
};

describe('a worker', () => {
	test('runs in the image’s directory with only its own variables and a temporary directory that goes with it', async () => {
		const worker = await start('pwd; echo "$TMPDIR"; test -d "$TMPDIR" && echo there; env | grep -c LONGSHORE');
		expect(await worker.exited).toEqual({ code: 1, signal: null, agoMs: expect.any(Number) });
		const [cwd, tempDir, there, count] = worker.log.tail(1_000).split('\n');
		expect([cwd, there, count]).toEqual([image, 'there', '0']);
		expect(existsSync(tempDir ?? '')).toBe(false);
	});

	test('is ended with everything that it has started', async () => {
		const worker = await start('sleep 1000 & echo $!; wait');
		const childPid = Number(await until(() => worker.log.tail(100) || undefined, { what: 'child pid' }));
		worker.terminate();
		expect((await worker.exited).signal).toBe('SIGTERM');
		expect(isAlive(childPid)).toBe(false);
	});

	test('that ignores SIGTERM is killed', async () => {
		const worker = await start('trap "" TERM; echo ready; while :; do sleep 0.05; done');
		await until(() => worker.log.tail(100).includes('ready'), { what: 'ready' });
		worker.terminate();
		worker.kill();
		expect((await worker.exited).signal).toBe('SIGKILL');
	});

	test('has written all that it wrote when it is gone', async () => {
		const worker = await start('echo out; echo err >&2; printf last');
		await worker.exited;
		worker.log.close();
		expect(
			worker.log
				.recent(0)
				?.map(({ origin, line }) => `${origin} ${line}`)
				.sort(),
		).toEqual(['stderr err', 'stdout last', 'stdout out']);
	});

	test('where an SDK keeps its job list in the directory, starts in a directory of links, so that two do not share it', async () => {
		writeFileSync(join(image, '.runpod_jobs.pkl'), 'other jobs');
		writeFileSync(join(image, 'handler.py'), 'code');
		const worker = await start('pwd; ls -A; cat handler.py');
		await worker.exited;
		expect(worker.log.tail(1_000)).toBe(`${join(home, 'state/workers/w1/cwd')}\nhandler.py\ncode`);
	});
});

describe('a refusal names the reason', () => {
	test.each([
		['a host that does not allow it', spec({ image: 'process:///tmp', command: ['x'] }), false, 'LONGSHORE_ALLOW_PROCESS_WORKERS'],
		['a relative directory', spec({ image: 'process://tmp', command: ['x'] }), true, 'absolute'],
		['no directory', spec({ image: 'process:///no/such/place', command: ['x'] }), true, 'no such directory'],
		['no command', spec({ image: 'process:///tmp', command: [] }), true, 'start command'],
		['a program that is not there', spec({ image: 'process:///tmp', command: ['no-such-program'] }), true, 'cannot start "no-such-program"'],
	])('%s', async (_, refused, allowed, message) => {
		await expect(runtime(allowed).start(workerStart({ spec: refused, log: newLog() }))).rejects.toThrow(message);
		expect(existsSync(join(home, 'state/workers/w1'))).toBe(false);
	});
});

describe('after an agent that was killed', () => {
	const orphan = join(import.meta.dirname, '../support/start-and-die.ts');

	test('its workers are ended and their directories removed', async () => {
		const { stdout } = spawnSync(process.execPath, [orphan, join(home, 'state'), image], { encoding: 'utf8' });
		const pids = stdout.trim().split('\n').map(Number);
		expect(pids.map(isAlive)).toEqual([true, true]);
		await runtime().cleanUp();
		expect(pids.map(isAlive)).toEqual([false, false]);
		expect(existsSync(join(home, 'state/workers/w1'))).toBe(false);
	});

	test('a stranger that got the same process id is left alone', async () => {
		const stranger = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
		const directory = join(home, 'state/workers/w1');
		mkdirSync(directory, { recursive: true });
		writeFileSync(join(directory, 'process.json'), JSON.stringify({ pid: stranger.pid, startedAt: '1' }));
		await runtime().cleanUp();
		expect(isAlive(stranger.pid ?? 0)).toBe(true);
		stranger.kill('SIGKILL');
	});
});
