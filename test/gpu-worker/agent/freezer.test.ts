/** FlashBoot in the agent: bridge, bus and commands are real, the worker's process does what the test says. */
import type { FrozenReport, HostReport } from '@longshore/shared-schema/wire/bus';
import { afterEach, describe, expect, test } from 'vitest';
import type { GpuMemory } from '../../../gpu-worker/src/gpu/gpu-memory.ts';
import { until } from '../../support/wait.ts';
import { spec } from '../support/region.ts';
import { type Rig, type RigOptions, startRig } from '../support/rig.ts';

const MIB = 2 ** 20;
let rig: Rig;
afterEach(() => rig.stop());

const last = (): HostReport | undefined => rig.reports.at(-1);
const frozenIds = (): string[] => (last()?.frozen ?? []).map(({ id }) => id);
const reported = (id: string) => last()?.workers.find((worker) => worker.id === id);
const freeze = (id: string) => rig.send('ctl.host-a', { op: 'stop-worker', workerId: id, freeze: true });
const stop = (id: string) => rig.send('ctl.host-a', { op: 'stop-worker', workerId: id });
const thaw = (id: string, more = {}) =>
	rig.send('ctl.host-a', { op: 'start-worker', workerId: id, endpointId: 'ep1', version: 1, spec: spec({ gpuCount: 0 }), thaw: true, ...more });
const untilFrozen = (id: string): Promise<FrozenReport> => until(() => last()?.frozen?.find((one) => one.id === id), { what: `${id} is frozen`, everyMs: 5 });

/** A rig with workers that have asked for work once. */
async function rigWith(ids: readonly string[], options: RigOptions = {}, more: Parameters<Rig['startWorker']>[1] = {}): Promise<void> {
	rig = await startRig({ holdMs: 60, ...options });
	for (const id of ids) {
		await rig.startWorker(id, more);
		const leave = new AbortController();
		const take = rig.take(id, undefined, leave.signal).catch((error: Error) => error.name);
		const worker = await until(() => rig.host.workers.get(id), { what: `${id} is there`, everyMs: 2 });
		await until(() => worker.readyMs !== null, { what: `${id} has asked for work`, everyMs: 2 });
		leave.abort();
		await take;
		await until(() => worker.takes.size === 0, { what: 'its poll is over', everyMs: 2 });
	}
}

/** Freezes workers one after the other. */
async function frozen(ids: readonly string[]): Promise<void> {
	for (const id of ids) {
		expect(await freeze(id)).toEqual({ ok: true });
		await untilFrozen(id);
	}
}

test('an idle worker is held still, and is nobody’s worker any more: not reported, not billed, its GPU free', async () => {
	await rigWith(['w1'], {}, { gpuCount: 4 });
	await until(() => last()?.host.gpusFree === 0, { what: 'its GPUs are told as taken' });
	await frozen(['w1']);
	expect(last()).toMatchObject({ workers: [], host: { gpusFree: 4, frozen: 1 } });
	expect(last()?.frozen).toEqual([{ id: 'w1', endpointId: 'ep1', version: 1, ready: true, frozenAgoMs: expect.any(Number), memoryBytes: 10 * MIB, gpuMemoryBytes: 0 }]);
	expect(rig.processes.get('w1')?.signals).toEqual(['hold']);
	await until(() => rig.usage.flatMap(({ workers }) => workers).find(({ id, ended }) => id === 'w1' && ended), { what: 'its bill is closed' });
});

test('a held poll is answered by the freeze, with the word not to come back on that connection, and is given no job', async () => {
	await rigWith(['w1'], { holdMs: 30_000 });
	const held = fetch(`${rig.base}/job-take/w1?gpu=x&job_in_progress=0`, { headers: { authorization: 'key-of-the-worker' } });
	await until(() => reported('w1')?.room === 1, { what: 'a take is held' });
	await frozen(['w1']);
	rig.deliver({ id: 'j1' });
	const answer = await held;
	expect([answer.status, answer.headers.get('connection')]).toEqual([204, 'close']);
	await until(() => rig.settled.some(({ job, how }) => job === 'j1' && how === 'nak'), { what: 'the job went back' });
}, 60_000);

test('what a worker wrote before it was frozen and is read after is answered at once, not refused', async () => {
	await rigWith(['w1'], { holdMs: 30_000, refusalDelayMs: 20_000 });
	await frozen(['w1']);
	expect((await rig.take('w1')).status).toBe(204);
	expect((await rig.call('/ping/w1?gpu=x')).status).toBe(200);
	expect(reported('w1')).toBeUndefined();
}, 60_000);

describe('a thaw', () => {
	test('gives the same worker back, and it takes jobs when it has spoken, not before', async () => {
		await rigWith(['w1']);
		await frozen(['w1']);
		const answered = thaw('w1');
		await until(() => reported('w1'), { what: 'it is a worker again' });
		expect(reported('w1')).toMatchObject({ phase: 'initializing', start: { kind: 'frozen', readyMs: null } });
		const take = rig.take('w1');
		expect(await answered).toEqual({ ok: true });
		await take;
		await until(() => typeof reported('w1')?.start?.readyMs === 'number', { what: 'it is ready' });
		expect(reported('w1')).toMatchObject({ phase: 'idle', start: { kind: 'frozen', readyMs: expect.any(Number) } });
		expect(rig.processes.get('w1')?.signals).toEqual(['hold', 'release']);
		const next = rig.take('w1', '?gpu=x&job_in_progress=0');
		await rig.untilPulled(1);
		rig.deliver({ id: 'j1' });
		expect((await next).text).toContain('j1');
		expect(last()?.starts).toMatchObject({ cold: { starts: 1 }, frozen: { starts: 1 }, thawsFailed: 0 });
	});

	test('of a worker that ended while it was frozen is refused as such, and the region hears that it is gone', async () => {
		await rigWith(['w1']);
		await frozen(['w1']);
		rig.processes.get('w1')?.exit({ code: null, signal: 'SIGKILL' });
		await until(() => frozenIds().length === 0, { what: 'it is not offered any more' });
		expect(reported('w1')).toBeUndefined();
		expect(await thaw('w1')).toMatchObject({ ok: false, notFrozen: true, error: expect.stringContaining('not frozen here') });
	});

	test('of another release is refused', async () => {
		await rigWith(['w1']);
		await frozen(['w1']);
		expect(await thaw('w1', { version: 2 })).toMatchObject({ ok: false, notFrozen: true });
	});

	test('onto GPUs that are taken is refused; the worker stays', async () => {
		await rigWith(['w1'], {}, { gpuCount: 4 });
		await frozen(['w1']);
		await rig.startWorker('w2', { gpuCount: 1 });
		await until(() => last()?.frozen?.[0]?.ready === false, { what: 'it cannot be thawed now' });
		expect(await thaw('w1')).toMatchObject({ ok: false, notFrozen: true, error: expect.stringContaining('GPUs') });
		expect(frozenIds()).toEqual(['w1']);
	});

	test.each<[string, (rig: Rig) => void]>([
		['does not speak', () => {}],
		['ends on the way', (rig) => setTimeout(() => rig.processes.get('w1')?.exit({ code: 1, signal: null }), 20)],
		[
			'cannot go on',
			(rig) => {
				const process = rig.processes.get('w1');
				if (process !== undefined) process.refusal.release = 'the engine says no';
			},
		],
	])('of a worker that %s becomes a fresh start under the same id, which goes on billing', async (_name, spoil) => {
		await rigWith(['w1'], { timers: { thawMs: 300 } });
		await frozen(['w1']);
		const before = rig.processes.get('w1');
		spoil(rig);
		expect(await thaw('w1')).toEqual({ ok: true });
		const fresh = await until(() => (rig.processes.get('w1') === before ? undefined : rig.processes.get('w1')), { what: 'a new process' });
		await until(async () => (await rig.take('w1')).status === 204 && typeof reported('w1')?.start?.readyMs === 'number', { what: 'it takes jobs' });
		expect(reported('w1')).toMatchObject({ phase: 'idle', start: { kind: 'cold' } });
		expect(before?.signals.at(-1)).toBe('SIGKILL');
		expect(fresh.signals).toEqual([]);
		expect(last()?.starts).toMatchObject({ cold: { starts: 2 }, frozen: { starts: 0 }, thawsFailed: 1 });
		expect(rig.reports.flatMap(({ workers }) => workers).filter(({ phase }) => phase === 'exited')).toEqual([]);
	});
});

describe('room', () => {
	test('a worker that is larger than the budget ends as idle workers do', async () => {
		await rigWith(['w1'], { freezeBudget: { memoryBytes: 5 * MIB } });
		await freeze('w1');
		await until(() => reported('w1')?.phase === 'exited', { what: 'it has ended' });
		expect(rig.processes.get('w1')?.signals).toEqual(['hold', 'release', 'SIGTERM']);
		expect(frozenIds()).toEqual([]);
	});

	test('the least recently used goes when the budget is full', async () => {
		await rigWith(['w1', 'w2', 'w3'], { freezeBudget: { memoryBytes: 20 * MIB } });
		await frozen(['w2', 'w1', 'w3']);
		await until(() => frozenIds().length === 2, { what: 'two are left' });
		expect(frozenIds().sort()).toEqual(['w1', 'w3']);
		expect(rig.processes.get('w2')?.signals).toEqual(['hold', 'SIGKILL']);
		expect(last()?.starts?.evicted).toBe(1);
	});

	test('the host’s own shortage makes room, whatever the budget says', async () => {
		await rigWith(['w1', 'w2']);
		await frozen(['w1', 'w2']);
		rig.hostMemory = { availableBytes: 1, totalBytes: 100 };
		await until(() => !frozenIds().includes('w1'), { what: 'the first has gone' });
	});

	test('one that takes part in nothing any more goes at a stop, at a drain of the host, and when its GPU fails', async () => {
		await rigWith(['w1', 'w2', 'w3'], {}, { gpuCount: 1 });
		await frozen(['w1', 'w2', 'w3']);
		await stop('w1');
		await until(() => !frozenIds().includes('w1'), { what: 'stopped' });
		rig.gpuFailed(1, 'Xid 79');
		await until(() => !frozenIds().includes('w2'), { what: 'its GPU failed' });
		await rig.send('ctl.host-a', { op: 'drain', on: true });
		await until(() => frozenIds().length === 0, { what: 'drained' });
	});

	test('a worker with a job in hand is frozen when the job has ended', async () => {
		await rigWith(['w1'], { holdMs: 10_000 });
		const take = rig.take('w1');
		await rig.untilPulled(1);
		rig.deliver({ id: 'j1' });
		await take;
		await freeze('w1');
		expect(rig.processes.get('w1')?.signals).toEqual([]);
		await rig.call('/job-done/w1/j1?gpu=x&isStream=false', JSON.stringify({ output: 1 }));
		await untilFrozen('w1');
	});

	test('one that has never asked for work, or cannot be held, ends', async () => {
		await rigWith(['w2']);
		await rig.startWorker('w1');
		await freeze('w1');
		await until(() => rig.processes.get('w1')?.signals.includes('SIGTERM'), { what: 'the first is ended' });
		const process = rig.processes.get('w2');
		if (process !== undefined) process.refusal.hold = 'no';
		await freeze('w2');
		await until(() => process?.signals.includes('SIGTERM'), { what: 'the second is ended' });
		expect(frozenIds()).toEqual([]);
	});
});

describe('GPU memory', () => {
	/** 8 MiB a worker; moved out and back where `canMove`. */
	const gpuMemory = (canMove: boolean, calls: string[]): GpuMemory => ({
		canMove,
		async moveOut(pids) {
			calls.push('out');
			return canMove ? { moved: pids, heldBytes: 0 } : { moved: [], heldBytes: 8 * MIB };
		},
		async moveBack(moved) {
			calls.push(`back ${moved.length}`);
		},
	});

	test('is moved out before the freeze and back after the thaw; the GPU is another worker’s meanwhile', async () => {
		const calls: string[] = [];
		await rigWith(['w1'], { gpuMemory: gpuMemory(true, calls) }, { gpuCount: 4 });
		await frozen(['w1']);
		expect(calls).toEqual(['out']);
		await rig.startWorker('w2', { gpuCount: 4 });
		expect(frozenIds()).toEqual(['w1']);
		await stop('w2');
		await until(() => last()?.frozen?.[0]?.ready === true && reported('w2') === undefined, { what: 'its GPUs are free again' });
		const answered = thaw('w1');
		await until(() => reported('w1'), { what: 'thawing' });
		await rig.take('w1');
		await answered;
		expect(calls).toEqual(['out', 'back 1']);
	});

	test('that stays on the GPU costs the frozen worker its place when somebody needs the GPU, and only then', async () => {
		await rigWith(['w1'], { gpuMemory: gpuMemory(false, []) }, { gpuCount: 1 });
		await frozen(['w1']);
		await rig.startWorker('w2', { gpuCount: 3 });
		expect(frozenIds()).toEqual(['w1']);
		await rig.startWorker('w3', { gpuCount: 1 });
		await until(() => frozenIds().length === 0, { what: 'it made room' });
		expect(rig.host.workers.get('w3')?.gpus).toEqual([0]);
	});

	test('beyond its own budget ends the worker', async () => {
		await rigWith(['w1'], { gpuMemory: gpuMemory(false, []), freezeBudget: { gpuMemoryBytes: 0 } }, { gpuCount: 1 });
		await freeze('w1');
		await until(() => rig.processes.get('w1')?.signals.includes('SIGTERM'), { what: 'it is ended' });
	});
});
