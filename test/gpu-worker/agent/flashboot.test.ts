/** FlashBoot with real processes: the agent as a process of its own, a real nats-server, workers on our own SDK. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import type { HostReport } from '@longshore/shared-schema/wire/bus';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type AgentProcess, startAgentProcess } from '../support/agent-process.ts';
import { isAlive } from '../support/is-alive.ts';
import { type Region, spec, startRegion } from '../support/region.ts';

const command = [process.execPath, resolve(import.meta.dirname, '../support/echo-worker.ts')];
const worker = { command, gpuCount: 1, env: { MARK: 'kept' } };

let region: Region;
let agent: AgentProcess;
let workers = 0;
beforeAll(async () => {
	region = await startRegion();
	await region.addEndpoint('ep1');
	agent = await startAgentProcess(region, { LONGSHORE_FROZEN_MEMORY_MIB: '2000', LONGSHORE_THAW_MS: '3000' });
}, 60_000);
afterAll(async () => {
	await agent?.stop();
	await region?.stop();
}, 60_000);
afterEach(async () => {
	const { workers: up = [], frozen = [] } = last() ?? {};
	for (const { id } of [...up, ...frozen]) await region.command({ op: 'stop-worker', workerId: id });
	await until(() => last()?.workers.length === 0 && last()?.frozen === undefined, { what: 'nobody left' });
	region.events.length = 0;
}, 60_000);

const last = (): HostReport | undefined => region.reports.at(-1);
/** What a job of this name finds in its worker's memory. */
async function ask(job: string): Promise<{ pid: number; worker: string; remembered: number }> {
	await region.send({ id: job }, { memory: true });
	const { frame } = await region.result(job);
	return JSON.parse(frame ?? '') as { pid: number; worker: string; remembered: number };
}
async function up(id: string, what: Partial<EndpointSpec> = worker): Promise<void> {
	expect(await region.startWorker(id, what)).toEqual({ ok: true });
	await until(() => typeof region.worker(id)?.start?.readyMs === 'number', { what: `${id} is ready` });
}
async function freeze(id: string): Promise<void> {
	expect(await region.command({ op: 'stop-worker', workerId: id, freeze: true })).toEqual({ ok: true });
	await until(() => last()?.frozen?.some((one) => one.id === id), { what: `${id} is frozen` });
}
const thaw = (id: string, what: Partial<EndpointSpec> = worker) =>
	region.command({ op: 'start-worker', workerId: id, endpointId: 'ep1', version: 1, spec: spec(what), thaw: true });
const stateOf = (pid: number): string => execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim();

test('a thawed worker is the same process with the same memory; while it was frozen it did nothing, and a job that came meanwhile waited', async () => {
	const id = `w${++workers}`;
	await up(id);
	const before = await ask('first');
	expect(before).toMatchObject({ worker: id, remembered: 1 });
	await freeze(id);
	expect(stateOf(before.pid)).toMatch(/^T/);
	expect(last()?.frozen?.[0]).toMatchObject({ id, ready: true, gpuMemoryBytes: 0 });
	expect(last()?.frozen?.[0]?.memoryBytes).toBeGreaterThan(10 * 2 ** 20);
	await region.send({ id: 'second' }, { memory: true });
	expect(await thaw(id)).toEqual({ ok: true });
	const { frame } = await region.result('second');
	expect(JSON.parse(frame ?? '')).toEqual({ ...before, remembered: 2 });
	await until(() => region.worker(id)?.start?.kind === 'frozen' && last()?.starts?.frozen.starts === 1, { what: 'reported as thawed' });
}, 60_000);

test('killed while frozen: it is gone from the host’s word, and the next start is a fresh one', async () => {
	const id = `w${++workers}`;
	await up(id);
	const { pid } = await ask('before-kill');
	await freeze(id);
	process.kill(pid, 'SIGKILL');
	await until(() => last()?.frozen === undefined, { what: 'it is not offered any more' });
	expect(await thaw(id)).toMatchObject({ ok: false, notFrozen: true });
	await up(`w${++workers}`);
	expect((await ask('after-kill')).pid).not.toBe(pid);
}, 60_000);

test('a worker that does not come back is started afresh, and the job that waits is done', async () => {
	const id = `w${++workers}`;
	// The program that speaks is a child: without it there is still somebody to wake, and nobody who answers.
	const deaf = { ...worker, command: ['sh', '-c', '"$@" & sleep 1000', 'sh', ...command] };
	await up(id, deaf);
	const { pid } = await ask('before-deaf');
	await freeze(id);
	process.kill(pid, 'SIGKILL');
	await region.send({ id: 'after-deaf' }, { memory: true });
	expect(await thaw(id, deaf)).toEqual({ ok: true });
	const { frame, event } = await region.result('after-deaf');
	expect(JSON.parse(frame ?? '')).toMatchObject({ worker: id, remembered: 1 });
	expect(event.workerId).toBe(id);
	await until(() => region.worker(id)?.start?.kind === 'cold' && last()?.starts?.thawsFailed === 1, { what: 'told as a fresh start' });
}, 60_000);

test('an agent that ends takes its frozen workers with it, and so does one that is killed', async () => {
	const frozen = async (): Promise<number> => {
		const id = `w${++workers}`;
		await up(id);
		await freeze(id);
		return (JSON.parse(readFileSync(join(agent.stateDir, 'workers', id, 'process.json'), 'utf8')) as { pid: number }).pid;
	};
	/** Resolves when it has spoken, and so listens. */
	const startAgain = async (): Promise<void> => {
		const boot = last()?.host.boot;
		await agent.start();
		await until(() => last()?.host.boot !== boot, { what: 'a report of the new agent' });
	};
	const first = await frozen();
	await agent.terminate();
	expect(isAlive(first)).toBe(false);
	await startAgain();
	const second = await frozen();
	await agent.kill();
	await until(() => !isAlive(second), { what: 'it is ended without its agent' });
	await startAgain();
	await until(() => last()?.workers.length === 0 && last()?.frozen === undefined, { what: 'an empty host' });
}, 60_000);
