/** What the agent does with a job message before a worker sees it. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type Rig, startRig } from '../support/rig.ts';

let rig: Rig;
beforeEach(async () => {
	rig = await startRig();
	await rig.startWorker('w1');
});
afterEach(() => rig.stop());

const settled = (job: string) => until(() => rig.settled.find((one) => one.job === job), { what: `${job} settled`, everyMs: 2 });

describe('a delivery', () => {
	test('that is young and the first starts without a claim', async () => {
		const take = rig.take();
		rig.deliver({ id: 'j1' });
		expect((await take).status).toBe(200);
		expect(rig.claims).toEqual([]);
	});

	test.each([
		['a repeated one', { delivered: 2 }],
		['one past its time to start', { ageMs: 60_001 }],
	])('%s claims first and runs when granted', async (_, options) => {
		const take = rig.take();
		rig.deliver({ id: 'j1' }, options);
		expect((await take).text).toContain('j1');
		expect(rig.claims).toEqual(['j1']);
	});

	test('whose claim is dropped is forgotten', async () => {
		rig.claim = () => 'drop';
		rig.deliver({ id: 'j1' }, { delivered: 2 });
		expect(await settled('j1')).toMatchObject({ how: 'ack' });
		expect(rig.host.attempts.size).toBe(0);
	});

	test('whose claim gets no answer is claimed until there is one: it may have been granted, and no other host would get it then', async () => {
		let asked = 0;
		rig.claim = () => (++asked < 3 ? null : 'run');
		const take = rig.take();
		rig.deliver({ id: 'j1' }, { delivered: 2 });
		expect((await take).text).toContain('j1');
		expect(asked).toBe(3);
		expect(await settled('j1')).toMatchObject({ how: 'ack' });
	});

	test('that is revoked while its claim has no answer is given up', async () => {
		rig.claim = () => null;
		rig.deliver({ id: 'j1' }, { delivered: 2 });
		await until(() => rig.claims.length > 0, { what: 'a claim' });
		await rig.send('ctl.host-a', { op: 'stop-jobs', jobs: [{ id: 'j1', epoch: 1 }] });
		expect(await settled('j1')).toMatchObject({ how: 'ack' });
		expect(rig.host.attempts.size).toBe(0);
	});

	test('several claims of one turn go in one request', async () => {
		rig.claim = () => 'drop';
		for (const id of ['a', 'b', 'c']) rig.deliver({ id }, { delivered: 2 });
		await settled('c');
		expect(rig.claims).toEqual(['a', 'b', 'c']);
	});

	test('of an attempt that is in hand is acknowledged and ignored', async () => {
		const take = rig.take();
		rig.deliver({ id: 'j1' });
		await take;
		rig.settled.length = 0;
		rig.deliver({ id: 'j1' }, { delivered: 2 });
		expect(await settled('j1')).toMatchObject({ how: 'ack' });
		expect(rig.claims).toEqual([]);
	});

	test('of a newer attempt stops the older one and comes back', async () => {
		const take = rig.take();
		rig.deliver({ id: 'j1' });
		await take;
		await settled('j1');
		rig.settled.length = 0;
		rig.deliver({ id: 'j1', epoch: 2 });
		expect(await settled('j1')).toMatchObject({ how: 'nak' });
		expect(rig.host.workers.get('w1')?.stopping.has('j1')).toBe(true);
	});

	test('that is malformed is thrown away with the reason in the log', async () => {
		rig.deliver({ id: 'j1', epoch: 0 });
		expect(await settled('j1')).toMatchObject({ how: 'term' });
		expect(rig.logs.join('')).toMatch(/malformed.*epoch/);
	});

	test('goes back at once when no worker here may have it', async () => {
		await rig.send('ctl.host-a', { op: 'drain', on: true });
		rig.deliver({ id: 'j1' });
		expect(await settled('j1')).toMatchObject({ how: 'nak', delayMs: 0 });
	});
});

describe('a payload by pointer', () => {
	const payload = '{"id":"j1","input":{"big":true}}';
	const pointer = { id: 'j1', inline: false, payloadBytes: payload.length };

	test('is fetched and handed over as it is', async () => {
		rig.payloads.push(payload);
		const take = rig.take();
		rig.deliver(pointer);
		expect((await take).text).toBe(payload);
	});

	test('is tried again when the road is broken', async () => {
		rig.payloads.push('broken', payload);
		const take = rig.take();
		rig.deliver(pointer);
		expect((await take).text).toBe(payload);
	});

	test('that cannot be had sends the job back to the region', async () => {
		rig.payloads.push(...Array.from({ length: 5 }, () => 'broken' as const));
		rig.deliver(pointer);
		expect(await settled('j1')).toMatchObject({ how: 'nak' });
		expect(rig.host.attempts.size).toBe(0);
	});

	test('that cannot be had for a granted job makes the attempt lost: it would be refused to every other host', async () => {
		rig.payloads.push(...Array.from({ length: 5 }, () => 'broken' as const));
		rig.deliver(pointer, { delivered: 2 });
		expect(await rig.event('lost', 'j1')).toMatchObject({ reason: "host host-a could not fetch the job's payload", workerId: 'host-a' });
		expect(await settled('j1')).toMatchObject({ how: 'ack' });
		expect(rig.host.attempts.size).toBe(0);
	});

	test('that is gone means that the job is', async () => {
		rig.deliver(pointer);
		expect(await settled('j1')).toMatchObject({ how: 'ack' });
	});
});

describe('pulling', () => {
	test('asks again when the consumer is not there yet', async () => {
		const take = rig.take();
		await rig.untilPulled(1);
		rig.pullStatus(rig.pulls[0]?.requestId ?? 0, { kind: 'absent', detail: '503' });
		await rig.untilPulled(2);
		rig.deliver({ id: 'j1' });
		await take;
	});

	test('asks again at once when a request has run out', async () => {
		const take = rig.take();
		await rig.untilPulled(1);
		rig.pullStatus(rig.pulls[0]?.requestId ?? 0, { kind: 'ended', pending: 1, backOff: false, detail: '408' });
		await rig.untilPulled(2);
		rig.deliver({ id: 'j1' });
		await take;
	});

	test('asks again on a new connection', async () => {
		const take = rig.take();
		await rig.untilPulled(1);
		rig.reconnect();
		await rig.untilPulled(2);
		rig.deliver({ id: 'j1' });
		await take;
	});

	test('asks again when the server has gone silent', async () => {
		await rig.stop();
		rig = await startRig({ timers: { pullHeartbeatMs: 40 } });
		await rig.startWorker('w1');
		const take = rig.take();
		await rig.untilPulled(3);
		rig.deliver({ id: 'j1' });
		await take;
	});
});

test('a granted job that no worker takes is reported as lost, not given back', async () => {
	const gone = new AbortController();
	const take = rig.take('w1', '?gpu=x', gone.signal).catch(() => 'gone');
	await rig.untilPulled(1);
	rig.claim = () => {
		gone.abort();
		return 'run';
	};
	rig.deliver({ id: 'j1' }, { delivered: 2 });
	await take;
	await until(() => rig.host.attempts.get('j1.1')?.state === 'waiting' && rig.host.workers.get('w1')?.takes.size === 0, { what: 'granted job waits' });
	await rig.send('ctl.host-a', { op: 'stop-worker', workerId: 'w1' });
	expect(await rig.event('lost', 'j1')).toMatchObject({ reason: expect.stringContaining('no worker') });
});
