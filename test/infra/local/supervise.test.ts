/** Real child processes: they come up, die, come back and go. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identify } from '../../../infra/local/process-identity.ts';
import { type Child, type ChildSpec, supervise } from '../../../infra/local/supervise.ts';
import { until } from '../../support/wait.ts';

let home: string;
let children: Child[];
let pids: (number | undefined)[];
let notices: string[];

beforeEach(() => {
	home = mkdtempSync(join(tmpdir(), 'supervise-'));
	[children, pids, notices] = [[], [], []];
});

afterEach(async () => {
	for (const child of children) child.kill();
	await until(() => children.every((child) => child.pid() === undefined), { what: 'children gone', timeoutMs: 5_000, everyMs: 10 });
	rmSync(home, { recursive: true, force: true });
});

const SERVES = 'console.log("ready"); setInterval(() => undefined, 1_000);';

function start(script: string, more: Partial<ChildSpec> = {}): Child {
	const child = supervise(
		{
			name: 'child',
			command: process.execPath,
			args: ['-e', script],
			env: {},
			cwd: home,
			logFile: join(home, 'child.log'),
			isReadyLine: (line) => line === 'ready',
			stopGraceMs: 5_000,
			...more,
		},
		{ onPid: (_, pid) => pids.push(pid), notice: (line) => notices.push(line) },
	);
	children.push(child);
	return child;
}

describe('a supervised process', () => {
	test('is ready when its ready line comes', async () => {
		const child = start(SERVES);
		await child.ready;
		expect(identify(child.pid() ?? 0)).toBeDefined();
	});

	test('is started again after kill -9, with another process number', async () => {
		const child = start(SERVES);
		await child.ready;
		const first = child.pid() ?? 0;
		process.kill(first, 'SIGKILL');
		await until(() => notices.includes('child serves again'), { what: 'second start', timeoutMs: 10_000, everyMs: 10 });
		expect(child.pid()).not.toBe(first);
		expect(pids).toEqual([first, undefined, child.pid()]);
		expect(notices[0]).toBe('child ended (SIGKILL), starting it again in 100 ms; ended 1 time so far');
	});

	test('takes what it started in its own group with it when it is killed', async () => {
		const script = `const { spawn } = require('node:child_process'); console.log('inner', spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']).pid); ${SERVES}`;
		const child = start(script);
		await child.ready;
		const inner = Number(/inner (\d+)/.exec(readFileSync(join(home, 'child.log'), 'utf8'))?.[1]);
		expect(identify(inner)).toBeDefined();
		process.kill(child.pid() ?? 0, 'SIGKILL');
		await until(() => identify(inner) === undefined, { what: 'inner process gone', timeoutMs: 5_000, everyMs: 10 });
	});

	test('that ends again and again before it serves is given up with its last words', async () => {
		const child = start('console.error("LONGSHORE_X: is missing"); process.exit(1);');
		await expect(child.ready).rejects.toThrow(/ended 4 times before it served \(exit 1\)[\s\S]*LONGSHORE_X: is missing/);
		expect(child.pid()).toBeUndefined();
	});

	test('that cannot be started at all is given up with the reason', async () => {
		await expect(start('', { command: join(home, 'absent') }).ready).rejects.toThrow(/ENOENT/);
	});

	test('stops on SIGTERM and is not started again', async () => {
		const child = start(`process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); ${SERVES}`);
		await child.ready;
		await child.stop();
		expect(child.pid()).toBeUndefined();
		await until(() => readFileSync(join(home, 'child.log'), 'utf8').includes('bye'), { what: 'last words in the log', timeoutMs: 5_000, everyMs: 10 });
		expect(notices).toEqual([]);
	});

	test('that ignores SIGTERM is killed after its grace', async () => {
		const child = start(`process.on('SIGTERM', () => undefined); ${SERVES}`, { stopGraceMs: 200 });
		await child.ready;
		await child.stop();
		expect(notices).toEqual(['child did not stop within 200 ms, killing it']);
	});

	test('gets the environment it was given and nothing else', async () => {
		const child = start(`console.log(JSON.stringify(Object.keys(process.env).sort())); ${SERVES}`, { env: { ONLY: '1' } });
		await child.ready;
		expect(readFileSync(join(home, 'child.log'), 'utf8').split('\n')[0]).toBe('["ONLY"]');
	});

	test('may say on its control pipe that it serves', async () => {
		const child = start('require("node:fs").writeSync(3, "ready\\n"); setInterval(() => undefined, 1_000);', { hasControlPipe: true });
		await child.ready;
		expect(child.pid()).toBeDefined();
	});

	test('keeps writing to its log after it was ready', async () => {
		const child = start('console.log("ready"); setTimeout(() => console.log("later " + "x".repeat(300_000)), 50); setInterval(() => undefined, 1_000);');
		await child.ready;
		await until(() => readFileSync(join(home, 'child.log'), 'utf8').length > 300_000, { what: 'a long later line', timeoutMs: 5_000, everyMs: 10 });
	});
});
