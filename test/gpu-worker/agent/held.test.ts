/** What a host says when it is asked which attempts it has: everything of which the edge will still hear from it, and nothing else. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type Rig, startRig } from '../support/rig.ts';

let rig: Rig;
beforeEach(async () => {
	rig = await startRig({ timers: { eventRetryMs: 200 } });
	await rig.startWorker('w1');
});
afterEach(() => rig.stop());

const ask = (...ids: string[]) => rig.send('ctl.host-a', { op: 'held', hostBoot: 'boot-1', jobs: ids.map((id) => ({ id, epoch: 1 })) });
const holds = async (id: string): Promise<boolean> => ((await ask(id)) as { held: boolean[] }).held[0] === true;

test('an attempt in hand, and not one that it never had or was told to stop', async () => {
	const take = rig.take();
	rig.deliver({ id: 'j1' });
	await take;
	await rig.event('started', 'j1');
	expect(await ask('nobody', 'j1')).toEqual({ ok: true, held: [false, true] });
	await rig.send('ctl.host-a', { op: 'stop-jobs', jobs: [{ id: 'j1', epoch: 1 }] });
	await until(async () => !(await holds('j1')), { what: 'the stopped attempt is forgotten' });
});

test('an attempt that waits for its claim', async () => {
	rig.claim = () => null;
	rig.deliver({ id: 'j1' }, { delivered: 2 });
	await until(() => rig.host.attempts.has('j1.1'), { what: 'the attempt is here' });
	expect(await ask('j1')).toEqual({ ok: true, held: [true] });
});

test('a result until the edge’s verdict, also when its worker is long gone', async () => {
	let verdict: 'accepted' | null = null;
	rig.verdict = () => verdict;
	const take = rig.take();
	rig.deliver({ id: 'j1' });
	await take;
	await rig.call('/job-done/w1/j1?gpu=x', '{"output":1}');
	rig.processes.get('w1')?.exit({ code: 0, signal: null });
	await until(() => rig.host.workers.size === 0, { what: 'the worker is forgotten' });
	expect(await ask('j1')).toEqual({ ok: true, held: [true] });
	verdict = 'accepted';
	await until(async () => !(await holds('j1')), { what: 'the result is settled' });
});

test('a loss until the edge’s verdict', async () => {
	let verdict: 'accepted' | null = null;
	rig.verdict = () => verdict;
	const take = rig.take();
	rig.deliver({ id: 'j1' });
	await take;
	rig.processes.get('w1')?.exit({ code: 1, signal: null });
	await until(() => rig.host.attempts.size === 0, { what: 'the attempt is lost' });
	expect(await ask('j1')).toEqual({ ok: true, held: [true] });
	verdict = 'accepted';
	await until(async () => !(await holds('j1')), { what: 'the loss is settled' });
});

test('nothing of another boot: it says so instead of denying the attempts', async () => {
	const answer = await rig.send('ctl.host-a', { op: 'held', hostBoot: 'boot-0', jobs: [{ id: 'j1', epoch: 1 }] });
	expect(answer).toEqual({ ok: false, error: 'this is boot boot-1, not boot-0' });
});
