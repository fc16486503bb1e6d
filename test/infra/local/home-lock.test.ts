/** Real processes in a real home: what a killed supervisor left behind is ended, what is not ours is left alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeHome } from '../../../infra/local/home-lock.ts';
import { identify } from '../../../infra/local/process-identity.ts';

let home: string;
let hosts: string;
let notices: string[];
let spawned: ChildProcess[];

beforeEach(() => {
	home = mkdtempSync(join(tmpdir(), 'home-'));
	hosts = join(home, 'hosts');
	mkdirSync(hosts);
	[notices, spawned] = [[], []];
});

afterEach(() => {
	for (const child of spawned) child.kill('SIGKILL');
	rmSync(home, { recursive: true, force: true });
});

function idle(env: Record<string, string> = {}): number {
	const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1_000)'], { detached: true, stdio: 'ignore', env });
	spawned.push(child);
	if (child.pid === undefined) throw new Error('not spawned');
	return child.pid;
}

function leaveRegister(children: readonly unknown[]): void {
	writeFileSync(join(home, 'processes.json'), JSON.stringify({ supervisor: { pid: 999_999_999, startedAt: '1' }, children }));
}

const take = (): ReturnType<typeof takeHome> => takeHome(home, hosts, (line) => notices.push(line));

describe('taking a home', () => {
	test('ends the processes that a dead supervisor recorded', async () => {
		const pid = idle();
		leaveRegister([{ ...identify(pid), name: 'broker eu-1' }]);
		await take();
		expect(identify(pid)).toBeUndefined();
		expect(notices).toEqual(['Ending 1 process(es) that an earlier stack in this home left behind']);
	});

	test('leaves a process alone that only has the number of a recorded one', async () => {
		const pid = idle();
		leaveRegister([{ pid, startedAt: '12345', name: 'broker eu-1' }]);
		await take();
		expect(identify(pid)).toBeDefined();
		expect(notices).toEqual([]);
	});

	test.runIf(process.platform === 'linux')('ends workers whose agent is gone, by their temporary directory', async () => {
		const worker = idle({ TMPDIR: join(hosts, 'eu-ro-1-a/workers/w1/tmp') });
		const stranger = idle({ TMPDIR: join(home, 'hosts-of-mine') });
		const visitor = idle({ PWD: join(hosts, 'eu-ro-1-a') });
		leaveRegister([]);
		await take();
		expect(identify(worker)).toBeUndefined();
		expect(identify(stranger)).toBeDefined();
		expect(identify(visitor)).toBeDefined();
	});

	test('is refused while its supervisor runs', async () => {
		const pid = idle();
		writeFileSync(join(home, 'processes.json'), JSON.stringify({ supervisor: identify(pid), children: [] }));
		await expect(take()).rejects.toThrow(`is in use by the stack of process ${pid}`);
		expect(identify(pid)).toBeDefined();
	});

	test('knows afterwards what it started and what of it still runs', async () => {
		const lock = await take();
		const pid = idle();
		lock.started('edge', pid);
		lock.ended('edge');
		expect(lock.survivors().map((one) => one.pid)).toEqual([pid]);
	});

	test('that is removed under a running stack is a notice, not the end of the supervision', async () => {
		const lock = await take();
		rmSync(home, { recursive: true, force: true });
		lock.started('edge', idle());
		expect(notices).toEqual([expect.stringMatching(/^Could not record the stack's processes/)]);
	});

	test('of a damaged register is refused rather than guessed', async () => {
		writeFileSync(join(home, 'processes.json'), '{');
		await expect(take()).rejects.toThrow(/processes.json is damaged/);
	});
});
