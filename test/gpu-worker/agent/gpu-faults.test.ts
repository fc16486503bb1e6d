/** A GPU that fails: nobody gets it, who has it ends, and the region is told. A start that takes long: answered for, aborted, reported. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type Rig, startRig } from '../support/rig.ts';

let rig: Rig;
beforeEach(async () => {
	rig = await startRig();
});
afterEach(() => rig.stop());

test('a GPU that fails ends its worker and no other, counts no more, and is named in the report', async () => {
	await rig.startWorker('w1', { gpuCount: 1 });
	await rig.startWorker('w2', { gpuCount: 1 });
	rig.gpuFailed(0, 'Xid 79: it has fallen off the bus');
	await until(() => rig.reports.at(-1)?.host.gpuFaults !== undefined && rig.processes.get('w1')?.signals.length === 1, { what: 'told' });
	expect(rig.reports.at(-1)?.host).toMatchObject({ gpus: 3, gpusFree: 2, gpuFaults: ['GPU 0: Xid 79: it has fallen off the bus'] });
	expect(rig.processes.get('w2')?.signals).toEqual([]);
	await expect(rig.startWorker('w3', { gpuCount: 3 })).rejects.toThrow('needs 3 GPUs, 2 of 3 are free');
	await rig.startWorker('w4', { gpuCount: 2 });
	expect(rig.processes.get('w4')?.env).toMatchObject({ CUDA_VISIBLE_DEVICES: '2,3' });
});

test('the same fault told twice changes nothing', async () => {
	rig.gpuFailed(1, 'first');
	rig.gpuFailed(1, 'second');
	await until(() => rig.reports.at(-1)?.host.gpuFaults, { what: 'told' });
	expect(rig.reports.at(-1)?.host).toMatchObject({ gpus: 3, gpuFaults: ['GPU 1: first'] });
});

test('a GPU in quarantine is given to nobody; its worker ends its jobs first; released, it is as before', async () => {
	await rig.startWorker('w1', { gpuCount: 1 });
	await rig.startWorker('w2', { gpuCount: 1 });
	expect(await rig.send('ctl.host-a', { op: 'quarantine-gpu', gpu: 0, reason: 'ticket 812' })).toEqual({ ok: true });
	await until(() => rig.reports.at(-1)?.host.quarantined !== undefined && rig.processes.get('w1')?.signals.length === 1, { what: 'the idle worker ends' });
	expect(rig.reports.at(-1)?.host).toMatchObject({ gpus: 3, gpuFaults: ['GPU 0: quarantined by the operator: ticket 812'], quarantined: [0] });
	expect(rig.processes.get('w2')?.signals).toEqual([]);
	await expect(rig.startWorker('w3', { gpuCount: 3 })).rejects.toThrow('of 3 are free');
	expect(await rig.send('ctl.host-a', { op: 'quarantine-gpu', gpu: 0, reason: null })).toEqual({ ok: true });
	await rig.startWorker('w4', { gpuCount: 3 });
	await until(() => rig.reports.at(-1)?.host.gpus === 4, { what: 'told' });
	expect(rig.reports.at(-1)?.host.gpuFaults).toBeUndefined();
});

test('a worker that is to end at once does not wait for its jobs, and says why in its log', async () => {
	await rig.startWorker('w1', { gpuCount: 1 });
	expect(await rig.send('ctl.host-a', { op: 'stop-worker', workerId: 'w1', now: true, reason: 'evicted by the operator: hangs' })).toEqual({ ok: true });
	await until(() => rig.processes.get('w1')?.signals.includes('SIGTERM'), { what: 'it is ended' });
});
