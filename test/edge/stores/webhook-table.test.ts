/** What becomes of webhooks when an edge dies, a job's time runs out, a retention ends or an address is forbidden: real workerd, real receiver. */
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type Client, deploy } from '../support/client.ts';
import { readRows } from '../support/read-rows.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Sink, startSink } from '../support/sink.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

interface World {
	readonly edge: Edge;
	readonly region: Region;
	readonly sink: Sink;
	readonly client: Client;
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
	for (const end of ends.splice(0).reverse()) await end();
});

async function startWorld(...options: Parameters<typeof startEdge>): Promise<World> {
	const edge = await startEdge(...options);
	ends.push(edge.stop);
	const region = await startRegion(edge, 'eu-1');
	ends.push(region.close);
	const sink = await startSink();
	ends.push(sink.stop);
	return { edge, region, sink, client: await deploy(edge, [region]) };
}

async function end({ region, sink, client }: World): Promise<string> {
	const job = await client.runAt(region, { input: {}, webhook: `${sink.url}/hook` });
	await region.tell(job, 'result', { text: '1' });
	return job.id;
}

const counts = async ({ edge, client }: World): Promise<unknown> => (await edge.call('GET', `/v2/${client.endpointId}/webhooks`, undefined, client.key)).body;

describe('an edge that is killed', () => {
	test('after a job’s end calls its webhook when it is back, by its own alarm and under the same id', async () => {
		const world = await startWorld({ WEBHOOK_ALLOW_PRIVATE: 1, WEBHOOK_TIMEOUT_MS: 60_000 });
		const { edge, sink } = world;
		sink.answer = () => () => undefined;
		const cut = await end(world);
		await sink.next(cut);
		// More than can be under way at once: these wait for room when the edge dies.
		const waiting: string[] = [];
		for (let i = 0; i < 6; i++) waiting.push(await end(world));
		const last = await end(world);
		await edge.kill();
		const before = sink.hits.all.length;
		expect(before).toBeLessThan(8);
		sink.answer = () => 200;
		await edge.restart();
		for (const job of [cut, ...waiting, last]) {
			const hit = await sink.hits.next(({ body }) => body['id'] === job, `a call for ${job} after the restart`, { from: before });
			expect(hit.headers['webhook-id']).toBe(`${job}_1`);
		}
		await until(async () => (await counts(world)) !== null && ((await counts(world)) as { delivered: number }).delivered === 8, {
			what: '8 deliveries',
			timeoutMs: 10_000,
			everyMs: 50,
		});
		expect(await counts(world)).toEqual({ pending: 0, delivered: 8, failed: 0, dropped: 0 });
	});
});

describe('a job’s own timers', () => {
	test('call its webhook: TTL as TIMED_OUT, execution timeout as FAILED', async () => {
		const { region, sink, client } = await startWorld({ WEBHOOK_ALLOW_PRIVATE: 1 });
		const queued = await client.runAt(region, { input: { a: 1 }, webhook: sink.url, policy: { ttl: 10_000 } });
		const running = await client.runAt(region, { input: { b: 2 }, webhook: sink.url, policy: { executionTimeout: 5_000 } });
		await region.tell(running, 'started');
		region.beat(true);
		const [expired, overrun] = await Promise.all([sink.next(queued.id), sink.next(running.id)]);
		expect(expired.body).toMatchObject({ status: 'TIMED_OUT', input: { a: 1 }, webhook: sink.url });
		expect(overrun.body).toMatchObject({ status: 'FAILED', error: 'executionTimeout exceeded', input: { b: 2 } });
	}, 40_000);
});

describe('the end of the retention', () => {
	test('takes the webhook and its log along; a delivery that is still open is dropped and counted', async () => {
		const world = await startWorld({ WEBHOOK_ALLOW_PRIVATE: 1, RETENTION_ASYNC_MS: 1_500, WEBHOOK_RETRY_MS: 1_000 });
		const { edge, sink, client } = world;
		sink.answer = () => 500;
		const job = await end(world);
		await until(
			async (note) => {
				const now = (await counts(world)) as { dropped: number };
				note(now);
				return now.dropped === 1;
			},
			{ what: 'the delivery to be dropped', timeoutMs: 10_000, everyMs: 50 },
		);
		expect(await counts(world)).toEqual({ pending: 0, delivered: 0, failed: 0, dropped: 1 });
		expect((await edge.call('GET', `/v2/${client.endpointId}/webhooks/${job}`, undefined, client.key)).status).toBe(404);
		expect(readRows(edge, 'JobStore', 'webhooks', 'SELECT url FROM webhooks UNION ALL SELECT error FROM webhook_tries')).toEqual([]);
		expect(sink.of(job)).toHaveLength(2);
	});
});

describe('without the operator’s leave', () => {
	test('a URL that shows an inner address or name is refused at submit', async () => {
		const { client } = await startWorld();
		for (const webhook of ['http://127.0.0.1:9000/', 'http://localhost:9000/', 'http://10.1.2.3/', 'http://[::1]:9000/', 'http://0x7f.1:9000/', 'http://gpu-host:9000/']) {
			const answer = await client.post('run', { input: {}, webhook });
			expect([webhook, answer.status, answer.text.slice(0, 18)]).toEqual([webhook, 400, '{"error":"webhook:']);
		}
	});

	test('the network refuses an inner address that the text of a URL did not show', async () => {
		// The guard lets loopback pass here, as it would a name; the network does not.
		const world = await startWorld({ WEBHOOK_ALLOW_PRIVATE: 1, WEBHOOK_RETRY_MS: 100 }, { webhooksReachPrivate: false });
		const job = await end(world);
		const log = await until(
			async (note) => {
				const { body } = await world.edge.call('GET', `/v2/${world.client.endpointId}/webhooks/${job}`, undefined, world.client.key);
				note(body);
				return body['state'] === 'failed' && body;
			},
			{ what: 'the delivery to fail', timeoutMs: 10_000, everyMs: 50 },
		);
		expect(log).toMatchObject({ tries: [{ status: null, error: 'connection' }, { error: 'connection' }, { error: 'connection' }] });
		expect(world.sink.hits.all).toEqual([]);
		expect(world.sink.open.most).toBe(0);
	});
});
