import { connect } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PulledMessage } from '../../../regional-broker/src/bus/bus.ts';
import { createNatsBus, type NatsBus } from '../../../regional-broker/src/bus/nats-bus.ts';
import { createLog } from '../../../regional-broker/src/log.ts';
import { startNats, type TestNats } from '../../support/start-nats.ts';
import { until } from '../../support/wait.ts';

const floor = process.env['NATS_SERVER_FLOOR'];
const quiet = createLog({}, () => {});
const body = (text: string): Buffer => Buffer.from(text);

/** The floor runs when `NATS_SERVER_FLOOR` names a 2.9 binary. */
describe.each([['the usual nats-server', undefined] as const, ...(floor === undefined ? [] : [['the oldest nats-server', floor] as const])])('on %s', (_, binary) => {
	let nats: TestNats;
	let bus: NatsBus;
	const open = (): NatsBus => createNatsBus({ servers: [nats.url], login: null, name: 'test', replicas: 1, eventRetryMs: 1_000 }, quiet);
	const ready = (): Promise<true> => until(() => bus.isReady() || undefined, { what: 'the bus is ready' });
	beforeAll(async () => {
		nats = await startNats(binary === undefined ? {} : { binary });
		bus = open();
		await ready();
		await bus.ensureJobConsumer('ep1');
	});
	afterAll(async () => {
		await bus.close();
		await nats.stop();
	});

	it('stores a job once, however often it is published', async () => {
		const first = await bus.publishJob('jobs.ep1.normal', 'a.1', body('x'));
		const again = await bus.publishJob('jobs.ep1.normal', 'a.1', body('x'));
		expect(first).toMatchObject({ kind: 'stored', duplicate: false });
		expect(again).toEqual({ ...first, duplicate: true });
	});

	it('finds a job message by sequence, deletes it, and then it is not there', async () => {
		const outcome = await bus.publishJob('jobs.ep1.low', 'b.1', body('x'));
		const seq = outcome.kind === 'stored' ? outcome.seq : 0;
		expect(await bus.jobMessageId(seq)).toBe('b.1');
		expect(await bus.deleteJobMessage(seq)).toBe(true);
		expect(await bus.jobMessageId(seq)).toBeNull();
		expect(await bus.deleteJobMessage(seq)).toBe(false);
		expect(await bus.jobMessageId(999_999)).toBeNull();
	});

	it('counts what waits by subject and by consumer', async () => {
		await bus.publishJob('jobs.ep1.low', 'c.1', body('x'));
		expect(Object.fromEntries(await bus.jobCounts())).toEqual({ 'jobs.ep1.normal': 1, 'jobs.ep1.low': 1 });
		expect(await bus.jobConsumer('ep1')).toEqual({ deliveredSeq: 0, waiting: 2, unacked: 0 });
		expect(await bus.jobConsumer('nobody')).toBeNull();
	});

	it('refuses what the server can never take, and says why', async () => {
		expect(await bus.publishJob('jobs.ep1.normal', 'd.1', Buffer.alloc(300_000))).toMatchObject({ kind: 'refused' });
		expect(await bus.publishJob('jobs.ep1.normal', 'e.1', Buffer.alloc(2_000_000))).toMatchObject({ kind: 'refused' });
	});

	it('removes an endpoint’s consumer with its messages, and only those', async () => {
		await bus.ensureJobConsumer('ep2');
		await bus.publishJob('jobs.ep2.normal', 'f.1', body('x'));
		await bus.removeJobConsumer('ep2');
		expect([await bus.jobConsumer('ep2'), (await bus.jobCounts()).get('jobs.ep2.normal')]).toEqual([null, undefined]);
		expect((await bus.jobCounts()).get('jobs.ep1.normal')).toBe(1);
		await bus.removeJobConsumer('ep2');
	});

	it('tells nobody listening from no answer', async () => {
		expect(await bus.request('nobody.there', 'x', 1_000)).toBeNull();
		const listener = await connect({ servers: nats.url });
		listener.subscribe('silent', { callback: () => {} });
		await listener.flush();
		await expect(bus.request('silent', 'x', 100)).rejects.toThrow('TIMEOUT');
		await listener.close();
	});

	it('lets only one writer win a record', async () => {
		const { records } = bus;
		const revision = await records.swap('lease', 'one', 0);
		expect(await records.swap('lease', 'two', 0)).toBeNull();
		const next = await records.swap('lease', 'three', revision ?? 0);
		expect(await records.swap('lease', 'four', revision ?? 0)).toBeNull();
		expect(await records.get('lease')).toEqual({ value: 'three', revision: next });
		await records.put('host.a', '1');
		await records.put('host.b', '2');
		await records.delete('host.a');
		expect(await records.list('host.')).toEqual(new Map([['host.b', '2']]));
		expect(await records.get('host.a')).toBeNull();
	});

	it('lists every record under a prefix, none that was deleted and none of another prefix', async () => {
		const keys = Array.from({ length: 40 }, (_, i) => `thing.t${i}`);
		for (const key of keys) await bus.records.put(key, `of ${key}`);
		await bus.records.put('things', 'not under it');
		await bus.records.delete('thing.t7');
		const left = keys.filter((key) => key !== 'thing.t7');
		expect(Object.fromEntries(await bus.records.list('thing.'))).toEqual(Object.fromEntries(left.map((key) => [key, `of ${key}`])));
		expect((await bus.records.list('nobody.')).size).toBe(0);
	});

	it('leaves streams and consumers of a second start as they are', async () => {
		const changes: string[] = [];
		const second = createNatsBus(
			{ servers: [nats.url], login: null, name: 'second', replicas: 1, eventRetryMs: 1_000 },
			createLog({}, (line) => void changes.push(line)),
		);
		await until(() => second.isReady(), { what: 'the second bus is ready' });
		await second.ensureJobConsumer('ep1');
		await second.close();
		expect(changes).toEqual([]);
	});

	it('pulls events in order, again what was not acknowledged, and goes on after a kill', async () => {
		const seen: PulledMessage[] = [];
		const pull = bus.pullEvents(
			(message) => void seen.push(message),
			() => true,
		);
		const publish = async (from: number, count: number): Promise<void> => {
			for (let i = from; i < from + count; i++) bus.publish('events.h1', String(i));
			await until(() => seen.filter(({ data }) => Number(Buffer.from(data).toString()) >= from).length >= count, { what: `${count} events from ${from}` });
		};
		await publish(0, 300);
		expect(seen.map(({ data }) => Number(Buffer.from(data).toString()))).toEqual(Array.from({ length: 300 }, (_, i) => i));
		expect(seen.every(({ subject, storedAtMs }) => subject === 'events.h1' && Math.abs(Date.now() - storedAtMs) < 60_000)).toBe(true);
		for (const message of seen) message.ack();

		await nats.kill();
		await until(() => !bus.isReady() || bus.checks()['nats'] === false, { what: 'the loss is seen' });
		expect(await bus.publishJob('jobs.ep1.normal', 'g.1', body('x'))).toMatchObject({ kind: 'unknown' });
		await nats.restart();
		await ready();
		await publish(1_000, 200);
		pull.stop();
	});

	it('makes streams and bucket again when the server comes back empty', async () => {
		await nats.restart({ wipe: true });
		await until(
			async () =>
				bus.isReady() &&
				(await bus.jobCounts().then(
					({ size }) => size === 0,
					() => false,
				)),
			{ what: 'an empty stream is there' },
		);
		await bus.ensureJobConsumer('ep1');
		expect(await bus.publishJob('jobs.ep1.normal', 'a.1', body('x'))).toMatchObject({ kind: 'stored', seq: 1, duplicate: false });
		await bus.records.put('host.c', '3');
		expect(await bus.records.list('host.')).toEqual(new Map([['host.c', '3']]));
	});

	it('purges the events that are settled, and keeps the one that is not with all behind it', async () => {
		const seen: PulledMessage[] = [];
		const listener = await connect({ servers: nats.url });
		const manager = await listener.jetstreamManager();
		const texts = async (): Promise<string[]> => {
			const { state } = await manager.streams.info('EVENTS');
			const all = Array.from({ length: state.messages }, (_, i) => manager.streams.getMessage('EVENTS', { seq: state.first_seq + i }));
			return (await Promise.all(all)).map((message) => message.string());
		};
		const pull = bus.pullEvents(
			(message) => {
				seen.push(message);
				if (Buffer.from(message.data).toString() !== 'unsettled') message.ack();
			},
			() => true,
		);
		for (const text of ['settled', 'settled too', 'unsettled', 'behind it']) bus.publish('events.h1', text);
		await until(() => seen.some(({ data }) => Buffer.from(data).toString() === 'behind it'), { what: 'the events' });
		await until(
			async () => {
				await bus.purgeSettledEvents();
				return !(await texts()).includes('settled too');
			},
			{ what: 'the settled events to go' },
		);
		expect(await texts()).toEqual(['unsettled', 'behind it']);
		for (const message of seen) message.ack();
		pull.stop();
		await listener.close();
	});
});
