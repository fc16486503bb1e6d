import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { EDGE_PATHS, type JobEvent } from '../../../shared-schema/src/wire/region.ts';
import { EVENTS_STREAM } from '../../../shared-schema/src/wire/subjects.ts';
import { type BrokerWorld, startBrokerWorld } from '../../support/broker-world.ts';
import type { HostStandIn } from '../../support/host-stand-in.ts';

let world: BrokerWorld;
let hosts: [HostStandIn, HostStandIn];
let batch = 0;
beforeAll(async () => {
	world = await startBrokerWorld();
	hosts = [await world.host('h1'), await world.host('h2')];
});
afterAll(() => world.close());
beforeEach(() => {
	world.edge.events.length = 0;
	world.edge.seen.length = 0;
	world.edge.intercept = () => undefined;
	world.edge.verdict = () => 'accepted';
});

const attempt = (id: string, host = hosts[0]) => ({ id, endpointId: 'ep1', epoch: 1, token: `token-of-${id}-0123456789`, hostBoot: host.boot, workerId: 'w1', agoMs: 5 });
const started = (id: string, host = hosts[0]): JobEvent => ({ kind: 'started', ...attempt(id, host) });
const posts = () => world.edge.seen.filter(({ path }) => path === EDGE_PATHS.events);
const stored = async () => (await (await hosts[0].nats.jetstreamManager()).streams.info(EVENTS_STREAM)).state.last_seq;

it('answers a host’s events with the edge’s verdicts and stores nothing', async () => {
	const before = await stored();
	const output = '{"text":"grüße"}';
	world.edge.verdict = (event) => (event.kind === 'started' ? 'duplicate' : 'accepted');
	const events: JobEvent[] = [started('a1'), { kind: 'result', ...attempt('a1'), executionMs: 3, bytes: Buffer.byteLength(output) }];
	expect(await hosts[0].askVerdicts(++batch, events, [Buffer.from(output)])).toEqual({ verdicts: ['duplicate', 'accepted'] });
	const post = posts()[0];
	expect(post?.body.subarray(post.body.indexOf(10) + 1).toString()).toBe(output);
	expect(await stored()).toBe(before);
});

it('gives events back at once when the edge cannot say', async () => {
	world.edge.intercept = ({ path }) => (path === EDGE_PATHS.events ? { status: 503, body: '{"error":"busy"}' } : undefined);
	expect(await hosts[0].askVerdicts(++batch, [started('b1')])).toEqual({ verdicts: null });
	expect(posts()).toHaveLength(1);
});

it('gives events back that the edge refuses: the stream’s relay finds the bad one among them', async () => {
	world.edge.intercept = ({ path }) => (path === EDGE_PATHS.events ? { status: 400, body: '{"error":"no"}' } : undefined);
	expect(await hosts[0].askVerdicts(++batch, [started('c1')])).toEqual({ verdicts: null });
});

it('takes no events under another host’s name', async () => {
	const [one, other] = hosts;
	// Its own inbox is no place for answers to the other: nobody answers, and nothing of it reaches the edge.
	await expect(one.askVerdicts(++batch, [started('d1')], [], other.id)).rejects.toThrow('TIMEOUT');
	expect(posts()).toEqual([]);
});

it('answers each of several hosts with its own verdicts', async () => {
	world.edge.verdict = (event) => (event.hostBoot === hosts[1].boot ? 'stop' : 'accepted');
	const answers = await Promise.all(hosts.map((host) => host.askVerdicts(++batch, [started(`e-${host.id}`, host), started(`f-${host.id}`, host)])));
	expect(answers).toEqual([{ verdicts: ['accepted', 'accepted'] }, { verdicts: ['stop', 'stop'] }]);
});
