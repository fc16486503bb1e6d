import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { EDGE_PATHS, type JobEvent } from '../../../shared-schema/src/wire/region.ts';
import { EVENTS_STREAM, RELAY_CONSUMER } from '../../../shared-schema/src/wire/subjects.ts';
import { type BrokerWorld, startBrokerWorld } from '../../support/broker-world.ts';
import type { HostStandIn } from '../../support/host-stand-in.ts';
import { until } from '../../support/wait.ts';

let world: BrokerWorld;
let hosts: HostStandIn[];
let batch = 0;
beforeAll(async () => {
	world = await startBrokerWorld();
	hosts = [await world.host('h1'), await world.host('h2'), await world.host('h3')];
});
afterAll(() => world.close());
beforeEach(() => {
	world.edge.events.length = 0;
	world.edge.intercept = () => undefined;
	world.edge.verdict = () => 'accepted';
	for (const host of hosts) host.verdicts.length = 0;
});

const first = (): HostStandIn => hosts[0] as HostStandIn;
const attempt = (id: string) => ({ id, endpointId: 'ep1', epoch: 1, token: `token-of-${id}-0123456789`, hostBoot: first().boot, workerId: 'w1', agoMs: 5 });
const started = (id: string): JobEvent => ({ kind: 'started', ...attempt(id) });
const result = (id: string, output: string): { event: JobEvent; frame: Buffer } => ({
	event: { kind: 'result', ...attempt(id), executionMs: 3, bytes: Buffer.byteLength(output) },
	frame: Buffer.from(output),
});
const settled = (host: HostStandIn, number: number) => until(() => host.verdicts.find((message) => message.batch === number), { what: `verdicts on batch ${number}` });
const unacked = async (): Promise<number> => {
	const info = await (await first().nats.jetstreamManager()).consumers.info(EVENTS_STREAM, RELAY_CONSUMER);
	return info.num_ack_pending + info.num_pending;
};

it('brings events with their frames to the edge and its verdicts back, then lets go of the message', async () => {
	const output = result('a1', '{"text":"grüße"}');
	world.edge.verdict = (event) => (event.kind === 'started' ? 'duplicate' : 'upload');
	await first().sendEvents(++batch, [started('a1'), output.event], [output.frame]);
	expect(await settled(first(), batch)).toEqual({ hostBoot: first().boot, batch, verdicts: ['duplicate', 'upload'] });
	const post = world.edge.seen.findLast(({ path }) => path === EDGE_PATHS.events);
	expect(post?.body.subarray(post.body.indexOf(10) + 1).toString()).toBe('{"text":"grüße"}');
	expect(world.edge.events.every(({ agoMs }) => agoMs >= 5)).toBe(true);
	await until(async () => (await unacked()) === 0, { what: 'the message is acknowledged' });
});

it('keeps the order of a host’s events through any number of posts', async () => {
	const ids = Array.from({ length: 300 }, (_, i) => `o${i}`);
	world.edge.intercept = async ({ path }) => {
		if (path === EDGE_PATHS.events) await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
		return undefined;
	};
	const base = batch;
	await Promise.all(
		hosts.map(async (host) => {
			for (const [i, id] of ids.entries()) await host.sendEvents(base + i + 1, [{ ...started(id), hostBoot: host.boot }]);
		}),
	);
	batch += ids.length;
	for (const host of hosts) await settled(host, batch);
	for (const host of hosts) expect(world.edge.events.filter(({ hostBoot }) => hostBoot === host.boot).map(({ id }) => id)).toEqual(ids);
});

it('keeps events while the edge is down and delivers them when it is back, with their age', async () => {
	await world.edge.close();
	await first().sendEvents(++batch, [started('d1')]);
	await until(() => world.broker.lines.some(({ msg }) => msg === 'events wait for the edge'), { what: 'the broker says that events wait' });
	expect(first().verdicts).toEqual([]);
	await world.edge.open();
	await settled(first(), batch);
	expect(world.edge.events.map(({ id }) => id)).toEqual(['d1']);
	expect(world.edge.events[0]?.agoMs).toBeGreaterThan(5);
});

it.each([500, 503, 401, 429])('tries again after %i', async (status) => {
	let refusals = 2;
	world.edge.intercept = ({ path }) => (path === EDGE_PATHS.events && refusals-- > 0 ? { status, body: '{}' } : undefined);
	await first().sendEvents(++batch, [started(`s${status}`)]);
	await settled(first(), batch);
	expect(world.edge.events.map(({ id }) => id)).toEqual([`s${status}`]);
});

it('lets no bad event stop the others: refused batches are split, and what is refused alone is dropped loudly', async () => {
	const isBad = (body: Buffer): boolean => body.includes('"poison"');
	world.edge.intercept = ({ path, body }) => (path === EDGE_PATHS.events && isBad(body) ? { status: 400, body: '{"error":"poison"}' } : undefined);
	const good = result('p1', '{"ok":1}');
	await first().sendEvents(++batch, [started('p0'), started('poison'), good.event], [good.frame]);
	await first().sendEvents(++batch, [started('p2')]);
	expect((await settled(first(), batch - 1)).verdicts).toEqual(['accepted', 'stop', 'accepted']);
	expect((await settled(first(), batch)).verdicts).toEqual(['accepted']);
	expect(world.edge.events.map(({ id }) => id)).toEqual(['p0', 'p1', 'p2']);
	expect(world.broker.lines).toContainEqual(expect.objectContaining({ level: 'error', msg: 'the edge refuses an event, it is dropped', job: 'poison' }));
});

it('drops a message that is not what its subject says', async () => {
	const before = await unacked();
	await first().nats.jetstream().publish('events.h1', Buffer.from('rubbish'));
	await first()
		.nats.jetstream()
		.publish('events.h2', Buffer.from(`${JSON.stringify({ hostId: 'h1', hostBoot: 'b', batch: 1, events: [started('forged')] })}\n`));
	await first()
		.nats.jetstream()
		.publish('events.h1', Buffer.from(`${JSON.stringify({ hostId: 'h1', hostBoot: 'b', batch: 1, events: [result('short', 'xx').event] })}\nx`));
	await until(async () => (await unacked()) === before, { what: 'the messages are let go' });
	await first().sendEvents(++batch, [started('after')]);
	await settled(first(), batch);
	expect(world.edge.events.map(({ id }) => id)).toEqual(['after']);
	expect(world.broker.lines.filter(({ msg }) => msg === 'dropped an event message that cannot be read')).toHaveLength(3);
});

it('takes a message with more events than one post may have', async () => {
	const ids = Array.from({ length: 700 }, (_, i) => `m${i}`);
	await first().sendEvents(++batch, ids.map(started));
	expect((await settled(first(), batch)).verdicts).toHaveLength(700);
	expect(world.edge.events.map(({ id }) => id)).toEqual(ids);
});

it('goes on after nats-server was killed and started again, and loses nothing', async () => {
	await first().sendEvents(++batch, [started('k1')]);
	await settled(first(), batch);
	await world.edge.close();
	await first().sendEvents(++batch, [started('k2')]);
	await world.nats.restart();
	await world.edge.open();
	await until(() => world.edge.events.some(({ id }) => id === 'k2'), { what: 'k2 reaches the edge' });
	await until(
		async () =>
			first()
				.sendEvents(batch + 1, [started('k3')])
				.then(
					() => true,
					() => false,
				),
		{ what: 'the host publishes again' },
	);
	await until(() => world.edge.events.some(({ id }) => id === 'k3'), { what: 'k3 reaches the edge' });
});
