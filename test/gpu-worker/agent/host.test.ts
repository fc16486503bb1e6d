/** Workers' life, reports and fencing as the region sees them. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { spec } from '../support/region.ts';
import { type Rig, startRig } from '../support/rig.ts';

let rig: Rig;
beforeEach(async () => {
	rig = await startRig({ timers: { agentLeaseMs: 600 } });
});
afterEach(() => rig.stop());

const worker = (id: string) => rig.reports.at(-1)?.workers.find((one) => one.id === id);

async function takeJob(id: string): Promise<void> {
	const take = rig.take();
	await until(() => rig.host.workers.get('w1')?.takes.size === 1, { what: 'take open' });
	rig.deliver({ id });
	await take;
	await until(() => rig.host.attempts.get(`${id}.1`)?.state === 'running', { what: 'running' });
}

describe('start-worker', () => {
	const start = (workerId: string, more = {}) => rig.send('ctl.host-a', { op: 'start-worker', workerId, endpointId: 'ep1', version: 1, spec: spec(more) });

	test('gives GPUs by index and is idempotent', async () => {
		expect(await start('w1', { gpuCount: 2 })).toEqual({ ok: true });
		expect(await start('w1', { gpuCount: 2 })).toEqual({ ok: true });
		expect(await start('w2', { gpuCount: 1 })).toEqual({ ok: true });
		expect(rig.processes.get('w2')?.env).toMatchObject({ CUDA_VISIBLE_DEVICES: '2' });
		await until(() => rig.reports.at(-1)?.host.gpusFree === 1, { what: 'GPUs reported' });
	});

	test('says how many GPUs are missing', async () => {
		expect(await start('w1', { gpuCount: 5 })).toEqual({ ok: false, error: 'the worker needs 5 GPUs, 4 of 4 are free' });
	});

	test('gives exposed ports one of the host each, told to the worker and to the region', async () => {
		expect(await start('w1', { ports: ['8080/http', '22/tcp'] })).toEqual({ ok: true });
		const ports = await until(() => worker('w1')?.ports, { what: 'ports reported' });
		expect(ports).toMatchObject([
			{ port: 8_080, protocol: 'http', publicIp: '127.0.0.1' },
			{ port: 22, protocol: 'tcp', publicIp: '127.0.0.1' },
		]);
		expect(rig.processes.get('w1')?.env).toMatchObject({
			RUNPOD_PUBLIC_IP: '127.0.0.1',
			RUNPOD_TCP_PORT_8080: String(ports[0]?.publicPort),
			RUNPOD_TCP_PORT_22: String(ports[1]?.publicPort),
		});
		expect(await start('w2')).toEqual({ ok: true });
		await until(() => worker('w2'), { what: 'w2 reported' });
		expect(worker('w2')).not.toHaveProperty('ports');
	});

	test('is refused while the host drains', async () => {
		await rig.send('ctl.host-a', { op: 'drain', on: true });
		expect(await start('w1')).toMatchObject({ ok: false, error: expect.stringContaining('drains') });
	});

	test('a command that is no command is refused with the field', async () => {
		expect(await rig.send('ctl.host-a', { op: 'start-worker', workerId: 'w1' })).toMatchObject({ ok: false, error: expect.stringContaining('endpointId') });
	});
});

describe('a worker that exits', () => {
	test('loses its jobs with the reason, frees its GPUs and is reported once', async () => {
		await rig.startWorker('w1', { gpuCount: 1 });
		await takeJob('j1');
		rig.processes.get('w1')?.exit({ code: 3, signal: null });
		expect(await rig.event('lost', 'j1')).toMatchObject({ workerId: 'w1', reason: expect.stringMatching(/exited with code 3.*last line/s) });
		await until(() => rig.reports.at(-1)?.workers.length === 0, { what: 'worker gone' });
		const exits = rig.reports.filter((report) => report.workers.some((one) => one.phase === 'exited'));
		expect(exits).toHaveLength(1);
		expect(exits[0]?.workers[0]).toMatchObject({ exitCode: 3, lastLog: 'last line', gpus: [] });
		expect(exits[0]?.host.gpusFree).toBe(4);
	});
});

describe('reports', () => {
	test('follow a worker from initializing over idle and running back to idle', async () => {
		await rig.startWorker('w1');
		await until(() => worker('w1')?.phase === 'initializing', { what: 'initializing' });
		const take = rig.take();
		await until(() => worker('w1')?.phase === 'idle' && worker('w1')?.room === 1, { what: 'idle with room' });
		rig.verdict = (event) => (event.kind === 'result' ? null : 'accepted');
		rig.deliver({ id: 'j1' });
		await take;
		await until(() => worker('w1')?.phase === 'running' && worker('w1')?.room === 0, { what: 'running' });
		expect(worker('w1')).toMatchObject({ jobs: ['j1.1'], idleMs: 0 });
		await rig.call('/job-done/w1/j1?gpu=x', '{}');
		// Its result is still on the way: nobody may think the job lost.
		await until(() => worker('w1')?.phase === 'idle', { what: 'idle again' });
		expect(worker('w1')?.jobs).toEqual(['j1.1']);
	});

	test('come at once on a roll-call, numbered upwards', async () => {
		const before = rig.reports.length;
		void rig.send('hosts.roll-call', {});
		expect(rig.reports.length).toBe(before + 1);
		expect(rig.reports.map((report) => report.n)).toEqual(rig.reports.map((_, index) => index + 1));
	});
});

describe('fencing', () => {
	test('a host that the region does not hear ends its workers, idle ones too, and says so when it is back', async () => {
		await rig.startWorker('w1');
		await rig.startWorker('w2');
		await takeJob('j1');
		rig.connected = false;
		rig.acknowledge = false;
		await until(() => rig.processes.get('w1')?.signals.includes('SIGTERM'), { what: 'fenced' });
		expect(rig.processes.get('w2')?.signals).toEqual(['SIGTERM']);
		expect(rig.events.filter((event) => event.kind === 'lost')).toEqual([]);
		rig.connected = true;
		rig.acknowledge = true;
		rig.reconnect();
		await rig.event('lost', 'j1');
		await until(() => rig.host.fenced === null, { what: 'unfenced' });
	});

	test('a fenced host takes no jobs and starts no workers', async () => {
		await rig.startWorker('w1');
		rig.acknowledge = false;
		await until(() => rig.host.fenced !== null, { what: 'fenced' });
		rig.deliver({ id: 'j1' });
		await until(() => rig.settled.length === 1, { what: 'given back' });
		expect(rig.pulls).toEqual([]);
		await expect(rig.startWorker('w2')).rejects.toThrow('fenced off');
		rig.acknowledge = true;
		await until(() => rig.host.fenced === null, { what: 'unfenced' });
		await rig.startWorker('w3');
		void rig.take('w3').catch(() => 'closed at the end');
		await rig.untilPulled(1);
	});
});

test('an event without a verdict is published again under a new number', async () => {
	await rig.stop();
	rig = await startRig({ timers: { eventRetryMs: 60 } });
	await rig.startWorker('w1');
	let silent = 2;
	rig.verdict = (event) => (event.kind === 'result' && silent-- > 0 ? null : 'accepted');
	await takeJob('j1');
	await rig.call('/job-done/w1/j1?gpu=x', '{"output":1}');
	await until(() => rig.host.attempts.size === 0, { what: 'settled' });
	expect(rig.events.filter((event) => event.kind === 'result').length).toBeGreaterThanOrEqual(3);
});
