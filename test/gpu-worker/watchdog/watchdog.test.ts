import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog } from '../../../gpu-worker/src/log.ts';
import { recordGroup } from '../../../gpu-worker/src/runtime/process-group.ts';
import { createWatchdog } from '../../../gpu-worker/src/runtime/watchdog.ts';
import { processesNaming } from '../../support/processes.ts';
import { until } from '../../support/wait.ts';
import { isAlive } from '../support/is-alive.ts';

const MAIN = join(import.meta.dirname, '../../../gpu-worker/src/watchdog/main.ts');
let workersDir: string;
const workers: ChildProcess[] = [];

beforeEach(() => {
	workersDir = mkdtempSync(join(tmpdir(), 'longshore-watchdog-'));
});
afterEach(() => {
	for (const worker of workers.splice(0)) worker.kill('SIGKILL');
	for (const { pid } of processesNaming(workersDir)) process.kill(pid, 'SIGKILL');
	rmSync(workersDir, { recursive: true, force: true });
});

/** A process with the record that an agent writes of its worker. */
function worker(id: string, owner: string): number {
	const child = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
	workers.push(child);
	mkdirSync(join(workersDir, id));
	writeFileSync(join(workersDir, id, 'process.json'), JSON.stringify({ ...recordGroup(child.pid ?? 0), owner }));
	return child.pid ?? 0;
}

function watch(owner: string): ChildProcess {
	const child = spawn(process.execPath, [MAIN, workersDir, owner], { stdio: ['pipe', 'ignore', 'ignore'] });
	workers.push(child);
	return child;
}

test('when the agent is gone its workers are ended, another agent’s are not, and the watchdog goes too', async () => {
	const [mine, others] = [worker('w1', 'me'), worker('w2', 'another')];
	const dog = watch('me');
	dog.stdin?.write('60000\n');
	dog.stdin?.end();
	await until(() => !isAlive(mine) && dog.exitCode === 0, { what: 'the end of the worker and of its watchdog' });
	expect(isAlive(others)).toBe(true);
});

test('workers run while their lease is extended and end when it is not, as under a frozen agent', async () => {
	const pid = worker('w1', 'me');
	const dog = watch('me');
	for (let turn = 0; turn < 5; turn++) {
		dog.stdin?.write('60000\n');
		await new Promise((resolve) => setTimeout(resolve, 60));
	}
	expect(isAlive(pid)).toBe(true);
	dog.stdin?.write('100\n');
	await until(() => !isAlive(pid), { what: 'the end of the worker' });
	expect(dog.exitCode).toBeNull();
});

test('an agent’s watchdog is started with its first worker, and again when it is killed', async () => {
	const dogs = () => processesNaming(workersDir).filter(({ command }) => command.includes('watchdog/main.ts'));
	const watchdog = createWatchdog(
		workersDir,
		createLog(() => undefined, {}),
	);
	watchdog.extend(1);
	expect(dogs()).toEqual([]);
	watchdog.wake();
	watchdog.wake();
	const [first] = await until(() => (dogs().length === 1 ? dogs() : undefined), { what: 'one watchdog' });
	process.kill(first?.pid ?? 0, 'SIGKILL');
	await until(() => dogs().length === 1 && dogs()[0]?.pid !== first?.pid, { what: 'its successor' });
	const pid = worker('w1', watchdog.owner);
	await until(
		() => {
			watchdog.extend(-1);
			return !isAlive(pid);
		},
		{ what: 'the end of a worker whose lease is over' },
	);
});
