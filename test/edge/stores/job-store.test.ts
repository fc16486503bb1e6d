/** One job's life at the edge, on a real workerd, with a region that a test plays. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, deploy } from '../support/client.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let region: Region;
let client: Client;

beforeAll(async () => {
	edge = await startEdge();
	region = await startRegion(edge, 'eu-1');
	region.beat(true);
	client = await deploy(edge, [region]);
});
afterAll(async () => {
	expect(region.forged).toEqual([]);
	await region?.close();
	await edge?.stop();
});

const keysOf = (value: object): string[] => Object.keys(value).sort();

describe('a job', () => {
	test('walks from the queue through its run to its result, key by key as RunPod shows it', async () => {
		const answer = await client.post('run', { input: { n: 1 } });
		expect([answer.status, answer.body]).toEqual([200, { id: answer.body['id'], status: 'IN_QUEUE' }]);
		const job = await region.dispatched.next(({ id }) => id === answer.body['id'], 'dispatch');
		expect(answer.headers.get('x-longshore-job-id')).toBe(job.id);
		expect((await client.status(job.id)).body).toEqual({ id: job.id, status: 'IN_QUEUE' });

		expect(await region.tell(job, 'started')).toBe('accepted');
		const running = (await client.status(job.id)).body;
		expect(running).toMatchObject({ id: job.id, status: 'IN_PROGRESS', workerId: 'worker-1' });
		expect(keysOf(running)).toEqual(['delayTime', 'id', 'status', 'workerId']);

		expect(await region.tell(job, 'progress', { text: '{"percent": 50}' })).toBe('accepted');
		expect((await client.status(job.id)).text).toContain('"output":{"percent": 50}');

		expect(await region.tell(job, 'result', { text: '{"n": 9007199254740993}', executionMs: 40 })).toBe('accepted');
		const ended = await client.status(job.id);
		expect(ended.text).toContain('"output":{"n": 9007199254740993}');
		expect(ended.body).toMatchObject({ status: 'COMPLETED', executionTime: 40, workerId: 'worker-1' });
		expect(keysOf(ended.body)).toEqual(['delayTime', 'executionTime', 'id', 'output', 'status', 'workerId']);
	});

	test('reaches its region with the input byte for byte, once, and with its own limits', async () => {
		const input = '{ "n":9007199254740993,\n"u":"\\u0041\\ud83d", "e":1E400, "__proto__":{"a":[ ]}, "日本":"🙂" }';
		const job = await client.runAt(region, `{"policy":{"executionTimeout":7000,"lowPriority":true},"input":${input},"colour":"red"}`);
		expect(job.payload).toBe(`{"id":"${job.id}","input":${input}}`);
		expect(job).toMatchObject({
			epoch: 1,
			inline: true,
			payloadBytes: Buffer.byteLength(job.payload ?? ''),
			executionTimeoutMs: 7_000,
			lowPriority: true,
			endpointId: client.endpointId,
		});
		expect(job.startWithinMs).toBeGreaterThan(1_000);
		expect(job.startWithinMs).toBeLessThanOrEqual(2_000);
		await region.tell(job, 'result', { text: 'null' });
		expect(region.dispatched.all.filter(({ id }) => id === job.id)).toHaveLength(1);
	});

	test('of another endpoint, of another account or made up is not found', async () => {
		const job = await client.run();
		const sibling = await deploy(edge, [region], {}, client.key);
		const stranger = await edge.createAccount();
		expect((await sibling.status(job)).status).toBe(404);
		expect((await edge.call('GET', `/v2/${client.endpointId}/status/${job}`, undefined, stranger)).body).toEqual({ error: 'endpoint not found' });
		expect((await client.status(job.replace(/.-e0$/, '0-e0').replace(/^./, 'f'))).status).toBe(404);
		expect((await client.cancel('abc')).status).toBe(404);
	});
});

describe('runsync', () => {
	test('sends its head with the job id at once and its body at the result', async () => {
		const response = await fetch(`${edge.url}/v2/${client.endpointId}/runsync`, { method: 'POST', headers: { authorization: client.key }, body: '{"input":{"sync":1}}' });
		const id = response.headers.get('x-longshore-job-id') ?? '';
		expect(response.status).toBe(200);
		expect(id).toMatch(/^sync-/);
		const job = await region.dispatched.next((candidate) => candidate.id === id, 'dispatch');
		const text = response.text();
		await region.tell(job, 'result', { text: '"late"' });
		expect(JSON.parse(await text)).toMatchObject({ id, status: 'COMPLETED', output: 'late' });
	});

	test('answers a short job in one piece', async () => {
		const answering = client.post('runsync', { input: { quick: true } });
		const job = await region.dispatched.next(({ payload }) => payload?.includes('"quick":true') ?? false, 'dispatch');
		await region.tell(job, 'result', { text: '7' });
		expect((await answering).body).toMatchObject({ id: job.id, status: 'COMPLETED', output: 7 });
	});

	test('answers with the state when the wait is over, and the job goes on', async () => {
		const answer = await client.post('runsync?wait=1000');
		const id = answer.body['id'] as string;
		expect([answer.status, answer.body]).toEqual([200, { id, status: 'IN_QUEUE' }]);
		const job = await region.dispatched.next((candidate) => candidate.id === id, 'dispatch');
		expect(await region.tell(job, 'result', { text: '1' })).toBe('accepted');
		expect((await client.status(id)).body['status']).toBe('COMPLETED');
	});

	test.each(['999', '300001', 'abc', '1e9', '', '1000.5'])('with wait=%s is refused', async (wait) => {
		const answer = await client.post(`runsync?wait=${wait}`);
		expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('wait')]);
	});

	test('status-sync of many readers wakes all of them', async () => {
		const job = await client.runAt(region);
		const readers = Array.from({ length: 5 }, () => edge.call('GET', `/v2/${client.endpointId}/status-sync/${job.id}?wait=20000`, undefined, client.key));
		await region.tell(job, 'started');
		await region.tell(job, 'result', { text: '[]', error: 'boom' });
		for (const { body } of await Promise.all(readers)) expect(body).toMatchObject({ status: 'FAILED', error: 'boom' });
	});
});

describe('reports', () => {
	test('a result that comes twice is a duplicate, and the first one stays', async () => {
		const job = await client.runAt(region);
		expect(await region.tell(job, 'result', { text: '"first"' })).toBe('accepted');
		expect(await region.tell(job, 'result', { text: '"second"' })).toBe('duplicate');
		expect((await client.status(job.id)).body['output']).toBe('first');
	});

	test('after a lost attempt its result is too late; the next attempt ends the job', async () => {
		const first = await client.runAt(region);
		await region.tell(first, 'started');
		expect(await region.tell(first, 'lost')).toBe('accepted');
		const second = await region.dispatched.next(({ id, epoch }) => id === first.id && epoch === 2, 'second attempt');
		expect(second.token).not.toBe(first.token);
		expect(await region.tell(first, 'result', { text: '"stale"' })).toBe('stop');
		expect(await region.tell({ ...second, token: first.token }, 'result', { text: '"stale"' })).toBe('stop');
		expect(await region.tell(second, 'result', { text: '"good"' })).toBe('accepted');
		expect((await client.status(first.id)).body).toMatchObject({ status: 'COMPLETED', output: 'good', retries: 1 });
	});

	test('progress of a lost attempt is not shown with the next one', async () => {
		const first = await client.runAt(region);
		await region.tell(first, 'progress', { text: '"half"' });
		await region.tell(first, 'lost');
		const second = await region.dispatched.next(({ id, epoch }) => id === first.id && epoch === 2, 'second attempt');
		await region.tell(second, 'started');
		expect((await client.status(first.id)).body).not.toHaveProperty('output');
		await region.tell(second, 'result');
		expect((await client.status(first.id)).body).not.toHaveProperty('output');
	});

	test('after as many losses as retries the job fails with the reason', async () => {
		const first = await client.runAt(region);
		await region.tell(first, 'lost', { reason: 'exit 1' });
		const second = await region.dispatched.next(({ id, epoch }) => id === first.id && epoch === 2, 'second attempt');
		expect(await region.tell(second, 'lost', { reason: 'exit 137' })).toBe('accepted');
		expect((await client.status(first.id)).body).toMatchObject({ status: 'FAILED', retries: 1, error: 'job timed out after 1 retries: exit 137' });
	});

	test('of another region about a foreign attempt stop, and change nothing', async () => {
		const thief = await startRegion(edge, 'xx-1');
		const job = await client.runAt(region);
		expect(await thief.tell(job, 'result', { text: '"stolen"' })).toBe('stop');
		expect(await thief.claim(job)).toBe('drop');
		expect((await thief.payload(job)).status).toBe(404);
		expect(await thief.upload(job, Buffer.from('"stolen"'))).toBe(404);
		expect((await client.status(job.id)).body).toEqual({ id: job.id, status: 'IN_QUEUE' });
		await region.tell(job, 'result');
		await thief.close();
	});

	test('of jobs that this edge never made stop', async () => {
		const job = await client.runAt(region);
		expect(await region.tell({ ...job, id: 'made-up' }, 'started')).toBe('stop');
		expect(await region.tell({ ...job, endpointId: 'abcdefghijklmn' }, 'started')).toBe('stop');
		await region.tell(job, 'result');
	});
});

describe('cancel', () => {
	test('ends a queued job at once, takes it back from its region, and its result stops', async () => {
		const job = await client.runAt(region);
		const answer = await client.cancel(job.id);
		expect([answer.status, answer.body]).toEqual([200, { id: job.id, status: 'CANCELLED' }]);
		// Not waited for: it was taken back before the answer, so that it cannot start behind the caller's back.
		expect(region.revoked.all.find(({ id }) => id === job.id)).toMatchObject({ epoch: 1, endpointId: client.endpointId });
		expect(await region.tell(job, 'started')).toBe('stop');
		expect(await region.tell(job, 'result', { text: '1' })).toBe('stop');
		expect((await client.status(job.id)).body).toEqual({ id: job.id, status: 'CANCELLED' });
	});

	test('of a running job wakes who waits for it', async () => {
		const waiting = client.post('runsync', { input: { cancel: 'me' } });
		const job = await region.dispatched.next(({ payload }) => payload?.includes('"cancel":"me"') ?? false, 'dispatch');
		await region.tell(job, 'started');
		await client.cancel(job.id);
		expect((await waiting).body).toMatchObject({ id: job.id, status: 'CANCELLED', workerId: 'worker-1' });
	});

	test('of an ended job answers 200 with its state', async () => {
		const job = await client.runAt(region);
		await region.tell(job, 'result', { text: '5' });
		const answer = await client.cancel(job.id);
		expect([answer.status, answer.body['status'], answer.body['output']]).toEqual([200, 'COMPLETED', 5]);
	});
});

describe('claims', () => {
	test('a late start is granted once a host, and dropped when the attempt is over', async () => {
		const job = await client.runAt(region);
		expect(await region.claim(job)).toBe('run');
		expect((await client.status(job.id)).body).toMatchObject({ status: 'IN_PROGRESS', workerId: 'worker-1' });
		expect(await region.claim(job, { hostBoot: 'another-boot' })).toBe('drop');
		expect(await region.claim(job, { token: `${client.endpointId}.AAAAAAAAAAAAAAAAAAAAAA` })).toBe('drop');
		expect(await region.claim(job, { epoch: 2 })).toBe('drop');
		await region.tell(job, 'result');
		expect(await region.claim(job)).toBe('drop');
	});
});

describe('counts', () => {
	test('are those of the jobs, all keys always', async () => {
		const fresh = await deploy(edge, [region]);
		expect(await fresh.health()).toEqual({
			jobs: { completed: 0, failed: 0, inProgress: 0, inQueue: 0, retried: 0 },
			workers: { idle: 0, initializing: 0, ready: 0, running: 0, throttled: 0, unhealthy: 0 },
		});
		const [done, failed, lost, running] = await Promise.all([fresh.runAt(region), fresh.runAt(region), fresh.runAt(region), fresh.runAt(region), fresh.runAt(region)]);
		if (done === undefined || failed === undefined || lost === undefined || running === undefined) throw new Error('unreachable');
		await region.tell(done, 'result', { text: '1' });
		await region.tell(failed, 'result', { error: 'boom' });
		await region.tell(lost, 'lost');
		await region.dispatched.next(({ id, epoch }) => id === lost.id && epoch === 2, 'second attempt');
		await region.tell(running, 'started');
		const counts = { completed: 1, failed: 1, inProgress: 1, inQueue: 2, retried: 1 };
		expect((await fresh.health()).jobs).toEqual(counts);
		await edge.restart();
		expect((await fresh.health()).jobs).toEqual(counts);
	});
});
