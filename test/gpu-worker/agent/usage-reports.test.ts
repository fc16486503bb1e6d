/** What a host tells of its workers' time, and until when it repeats it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type Rig, startRig } from '../support/rig.ts';

let rig: Rig;
beforeEach(async () => {
	rig = await startRig({ timers: { usageReportMs: 30 } });
});
afterEach(() => rig.stop());

const last = (id: string) =>
	rig.usage
		.flatMap(({ workers }) => workers)
		.filter((worker) => worker.id === id)
		.at(-1);

test('a worker that has not asked for work yet is starting, then idle, then running while it holds a job', async () => {
	await rig.startWorker('w1', { gpuCount: 2 });
	await until(() => (last('w1')?.startingMs ?? 0) > 0, { what: 'starting time' });
	expect(last('w1')).toMatchObject({ endpointId: 'ep1', version: 1, gpus: 2, runningMs: 0, idleMs: 0, ended: false });
	const take = rig.take();
	await until(() => (last('w1')?.idleMs ?? 0) > 0, { what: 'idle time' });
	const startingMs = last('w1')?.startingMs;
	expect(last('w1')?.runningMs).toBe(0);
	rig.deliver({ id: 'j1' });
	await take;
	await until(() => (last('w1')?.runningMs ?? 0) > 0, { what: 'running time' });
	expect(last('w1')?.startingMs).toBe(startingMs);
});

test('the figures of an ended worker are told again until the edge has stored them, and then no more', async () => {
	const answers: (boolean | null)[] = [null, false];
	await rig.startWorker('w1');
	rig.storeUsage = () => {
		const answer = answers.shift();
		return answer === undefined ? false : answer;
	};
	const before = rig.usage.length;
	rig.processes.get('w1')?.exit({ code: 0, signal: null });
	await until(() => rig.usage.length >= before + 3, { what: 'three reports' });
	const ended = rig.usage.slice(before).flatMap(({ workers }) => workers);
	expect(new Set(ended.map(({ startingMs }) => startingMs)).size).toBe(1);
	expect(ended.every((worker) => worker.id === 'w1' && worker.ended)).toBe(true);
	rig.storeUsage = () => true;
	const told = rig.usage.length;
	await until(() => rig.usage.length > told, { what: 'one more report' });
	await rig.startWorker('w2');
	const since = rig.usage.length;
	await until(() => rig.usage.length > since + 1, { what: 'reports of the next worker' });
	expect(rig.usage.slice(since + 1).flatMap(({ workers }) => workers.map(({ id }) => id))).not.toContain('w1');
});

test('the end counts from when the process was gone, not from when that was told', async () => {
	await rig.startWorker('w1');
	await until(() => (last('w1')?.startingMs ?? 0) > 60, { what: 'some time' });
	const worker = rig.host.workers.get('w1');
	const reached = worker?.meter.startingMs ?? 0;
	rig.processes.get('w1')?.exit({ code: 0, signal: null, agoMs: 10_000 });
	await until(() => last('w1')?.ended === true, { what: 'the end' });
	// What had been told already is not taken back.
	expect(last('w1')?.startingMs).toBeLessThan(reached + 60);
});

test('a host without workers tells nothing', async () => {
	await rig.startWorker('w1');
	rig.processes.get('w1')?.exit({ code: 0, signal: null });
	await until(() => last('w1')?.ended === true, { what: 'the end' });
	await until(() => rig.host.workers.size === 0, { what: 'nobody here' });
	const told = rig.usage.length;
	await new Promise((resolve) => setTimeout(resolve, 100));
	expect(rig.usage.length).toBe(told);
});
