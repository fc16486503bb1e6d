/** Webhooks on a real workerd, to a real receiver on loopback, with a region that a test plays. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type Client, deploy } from '../support/client.ts';
import { readRows } from '../support/read-rows.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Hit, type Sink, startSink } from '../support/sink.ts';
import { type Answer, type Edge, startEdge } from '../support/start-edge.ts';

const RETRY_MS = 300;
let edge: Edge;
let region: Region;
let sink: Sink;
let client: Client;

beforeAll(async () => {
	edge = await startEdge({ WEBHOOK_ALLOW_PRIVATE: 1, WEBHOOK_RETRY_MS: RETRY_MS, WEBHOOK_TIMEOUT_MS: 1_000, PUBLIC_HOSTS: 'gpu.example.com, 10.9.8.7' });
	region = await startRegion(edge, 'eu-1');
	region.beat(true);
	sink = await startSink();
	client = await deploy(edge, [region]);
});
afterAll(async () => {
	await region?.close();
	await sink?.stop();
	await edge?.stop();
});

/** A job that has run, with its webhook at `path`. */
async function end(of: Client, path = '/hook', over: { error?: string } = {}): Promise<string> {
	const job = await of.runAt(region, { input: { path }, webhook: sink.url + path });
	await region.tell(job, 'result', over.error === undefined ? { text: '{"done":true}' } : { error: over.error });
	return job.id;
}

const logOf = (of: Client, job: string): Promise<Answer> => edge.call('GET', `/v2/${of.endpointId}/webhooks/${job}`, undefined, of.key);

function untilState(of: Client, job: string, state: string): Promise<Record<string, unknown>> {
	return until(
		async (note) => {
			const { body } = await logOf(of, job);
			note(body);
			return body['state'] === state && body;
		},
		{ what: `the webhook of ${job} to be ${state}`, timeoutMs: 20_000, everyMs: 25 },
	);
}

/** The signature as the standard defines it, computed without the code under test. */
function isSigned({ headers, text }: Hit, secret: string): boolean {
	const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
	const mac = createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`).digest('base64');
	return String(headers['webhook-signature']).split(' ').includes(`v1,${mac}`);
}

describe('a webhook', () => {
	test("of a completed job carries RunPod's body: the status object, the input as it was sent, the URL", async () => {
		const url = `${sink.url}/a/b?c=1`;
		const input = '{ "n":9007199254740993, "u":"\\u0041 \\ud83d", "日本":"🙂", "__proto__":{} }';
		const job = await client.runAt(region, `{"webhook":${JSON.stringify(url)},"s3Config":{"accessId":"a","accessSecret":"b","bucketName":"c","endpointUrl":"d"},"input":${input}}`);
		await region.tell(job, 'started');
		await region.tell(job, 'result', { text: '{"big": 12345678901234567890}', executionMs: 40 });
		const hit = await sink.next(job.id);
		const status = (await client.status(job.id)).text;
		expect(hit.text).toBe(`${status.slice(0, -1)},"input":${input},"webhook":${JSON.stringify(url)}}`);
		expect(hit.path).toBe('/a/b?c=1');
		expect(Object.keys(hit.body).sort()).toEqual(['delayTime', 'executionTime', 'id', 'input', 'output', 'status', 'webhook', 'workerId']);
		expect(hit.headers).toMatchObject({ 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(hit.text)) });
		expect(hit.text).not.toContain('accessSecret');
		await untilState(client, job.id, 'delivered');
		expect(sink.of(job.id)).toHaveLength(1);
	});

	test('of a failed job carries its error', async () => {
		const job = await end(client, '/failed', { error: 'out of memory' });
		expect((await sink.next(job)).body).toMatchObject({ id: job, status: 'FAILED', error: 'out of memory', webhook: `${sink.url}/failed` });
	});

	test('of a job that is cancelled or purged calls nobody, and one without a webhook has no row', async () => {
		const cancelled = await client.runAt(region, { input: {}, webhook: `${sink.url}/cancelled` });
		await client.cancel(cancelled.id);
		region.onDispatch = () => 'refused';
		const purged = await client.run({ input: {}, webhook: `${sink.url}/purged` });
		await client.post('purge-queue');
		region.onDispatch = () => 'accepted';
		const plain = await client.runAt(region, { input: {} });
		await region.tell(plain, 'result', { text: '1' });
		const last = await end(client, '/last');
		await sink.next(last);
		expect([sink.of(cancelled.id), sink.of(purged)]).toEqual([[], []]);
		expect((await logOf(client, cancelled.id)).body).toMatchObject({ state: 'waiting', webhookId: null, tries: [] });
		expect((await logOf(client, plain.id)).status).toBe(404);
		const rows = readRows(edge, 'JobStore', 'webhooks', `SELECT jobs.id FROM webhooks JOIN jobs ON jobs.n = webhooks.job WHERE jobs.id = '${plain.id}'`);
		expect(rows).toEqual([]);
	});

	test('of large input and output arrives whole, signed over all of it', async () => {
		const created = await edge.call('POST', '/v2/serverless', { name: 'large', type: 'QUEUE', image: 'i', gpu: { pools: ['ADA_24'] } }, client.key);
		const large: Client = { ...(await deploy(edge, [region], {}, client.key)), endpointId: created.body['id'] as string };
		const text = JSON.stringify({ text: 'é'.repeat(1_500_000) });
		const answer = await edge.call('POST', `/v2/${large.endpointId}/run`, `{"input":${text},"webhook":"${sink.url}/large"}`, client.key);
		const id = answer.body['id'] as string;
		const job = await region.dispatched.next((one) => one.id === id, 'dispatch');
		const output = new TextEncoder().encode(JSON.stringify('ü'.repeat(1_200_000)));
		expect(await region.upload(job, output)).toBe(204);
		await region.tell(job, 'result', { uploadedBytes: output.length });
		const hit = await sink.next(id);
		expect(hit.text).toContain(`"output":${new TextDecoder().decode(output)},"input":${text},"webhook":`);
		expect(hit.headers['content-length']).toBe(String(Buffer.byteLength(hit.text)));
		expect(isSigned(hit, created.body['webhookSecret'] as string)).toBe(true);
	});
});

describe('the runpod profile', () => {
	test('tries three times at most, at its pause, and leaves the job alone', async () => {
		sink.answer = ({ path }) => (path === '/down' ? 503 : 200);
		const job = await end(client, '/down');
		const log = await untilState(client, job, 'failed');
		const hits = sink.of(job);
		expect(hits.map(({ headers }) => headers['webhook-id'])).toEqual([`${job}_1`, `${job}_1`, `${job}_1`]);
		for (const [i, hit] of hits.slice(1).entries()) expect(hit.at - (hits[i]?.at ?? 0)).toBeGreaterThanOrEqual(RETRY_MS - 5);
		expect(log).toMatchObject({ id: job, nextTryAt: null, tries: [{ status: 503, error: null }, { status: 503 }, { status: 503 }] });
		expect(JSON.stringify(log)).not.toContain('nobody else');
		expect((await client.status(job)).body).toMatchObject({ status: 'COMPLETED' });
	});

	test('takes nothing but 200 for delivered, and stops at the first 200', async () => {
		sink.answer = ({ path }) => (path === '/second' && sink.hits.all.filter((hit) => hit.path === '/second').length === 1 ? 204 : 200);
		const job = await end(client, '/second');
		expect(await untilState(client, job, 'delivered')).toMatchObject({ tries: [{ status: 204 }, { status: 200 }] });
	});

	test('follows no redirect, to loopback or elsewhere', async () => {
		sink.answer = ({ path }) => (path === '/redirect' ? { status: 307, headers: { location: `${sink.url}/inner` } } : 200);
		const job = await end(client, '/redirect');
		expect(await untilState(client, job, 'failed')).toMatchObject({ tries: [{ status: 307 }, { status: 307 }, { status: 307 }] });
		expect(sink.hits.all.some(({ path }) => path === '/inner')).toBe(false);
	});

	test('gives up on a receiver that does not answer in time, or hangs up', async () => {
		sink.answer = ({ path }) => (path === '/silent' ? () => undefined : path === '/hangs-up' ? (response) => void response.socket?.destroy() : 200);
		const silent = await end(client, '/silent');
		const hangsUp = await end(client, '/hangs-up');
		expect(await untilState(client, hangsUp, 'failed')).toMatchObject({ tries: [{ status: null, error: 'connection' }, {}, {}] });
		expect(await untilState(client, silent, 'failed')).toMatchObject({ tries: [{ status: null, error: 'timeout' }, {}, {}] });
	});

	test('counts an answer whose body never ends as an answer', async () => {
		sink.answer = ({ path }) => (path === '/endless' ? (response) => void response.writeHead(200).write('x'.repeat(100_000)) : 200);
		const job = await end(client, '/endless');
		expect(await untilState(client, job, 'delivered')).toMatchObject({ tries: [{ status: 200 }] });
	});
});

describe('the durable profile', () => {
	test('takes any 2xx for delivered', async () => {
		const durable = await deploy(edge, [region], { webhook: { profile: 'durable' } }, client.key);
		sink.answer = ({ path }) => (path === '/accepted' ? 202 : 200);
		expect(await untilState(durable, await end(durable, '/accepted'), 'delivered')).toMatchObject({ tries: [{ status: 202 }] });
	});

	test('goes on beyond three tries, waits as long as Retry-After says, and stops at 410', async () => {
		const durable = await deploy(edge, [region], {}, client.key);
		await edge.call('PATCH', `/v2/serverless/${durable.endpointId}`, { webhook: { profile: 'durable' } }, client.key);
		expect((await edge.call('GET', `/v2/serverless/${durable.endpointId}`, undefined, client.key)).body).toMatchObject({ webhook: { profile: 'durable' } });
		let calls = 0;
		sink.answer = ({ path }) => {
			if (path !== '/durable') return 200;
			calls++;
			if (calls === 1) return { status: 429, headers: { 'retry-after': '1' } };
			return calls < 4 ? 500 : 410;
		};
		const job = await end(durable, '/durable');
		const first = await sink.next(job);
		const second = await sink.next(job, 2);
		expect(second.at - first.at).toBeGreaterThanOrEqual(995);
		expect(await untilState(durable, job, 'failed')).toMatchObject({ tries: [{ status: 429 }, { status: 500 }, { status: 500 }, { status: 410 }] });
	});
});

describe('many webhooks', () => {
	test('go to one host four at a time, and a slow host holds up no other', async () => {
		const slow = await startSink();
		const waiting: (() => void)[] = [];
		slow.answer = () => (response) => void waiting.push(() => response.writeHead(200).end());
		sink.answer = () => 200;
		const slowJobs: string[] = [];
		for (let i = 0; i < 10; i++) {
			const job = await client.runAt(region, { input: { i }, webhook: `${slow.url}/slow` });
			await region.tell(job, 'result', { text: '1' });
			slowJobs.push(job.id);
		}
		await until(() => slow.hits.all.length >= 4, { what: 'four calls are under way' });
		await sink.next(await end(client, '/quick'));
		expect(slow.hits.all).toHaveLength(4);
		slow.answer = () => 200;
		for (const answer of waiting) answer();
		await Promise.all(slowJobs.map((job) => slow.next(job)));
		expect(slow.open.most).toBe(4);
		await slow.stop();
	});
});

describe('a webhook secret', () => {
	test('signs, is shown once, and signs beside its successor after a rotation', async () => {
		sink.answer = () => 200;
		const created = await edge.call('POST', '/v2/serverless', { name: 'signed', type: 'QUEUE', image: 'i', gpu: { pools: ['ADA_24'] } }, client.key);
		const endpointId = created.body['id'] as string;
		const signed: Client = { ...client, endpointId };
		const first = created.body['webhookSecret'] as string;
		expect(first).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
		expect((await edge.call('GET', `/v2/serverless/${endpointId}`, undefined, client.key)).text).not.toContain('whsec_');

		const call = async (): Promise<Hit> => {
			const answer = await edge.call('POST', `/v2/${endpointId}/run`, { input: {}, webhook: `${sink.url}/signed` }, client.key);
			const job = await region.dispatched.next(({ id }) => id === answer.body['id'], 'dispatch');
			await region.tell(job, 'result', { text: '1' });
			const hit = await sink.next(job.id);
			await untilState(signed, job.id, 'delivered');
			return hit;
		};
		const before = await call();
		expect(isSigned(before, first)).toBe(true);
		expect(isSigned({ ...before, text: `${before.text} ` }, first)).toBe(false);

		const rotated = await edge.call('POST', `/v2/serverless/${endpointId}/webhook-secret/rotate`, undefined, client.key);
		const second = rotated.body['secret'] as string;
		expect(second).not.toBe(first);
		const both = await until(
			async (note) => {
				const hit = await call();
				note(hit.headers['webhook-signature']);
				return isSigned(hit, second) && hit;
			},
			{ what: 'a call that the new secret signed', timeoutMs: 10_000, everyMs: 200 },
		);
		expect([isSigned(both, first), String(both.headers['webhook-signature']).split(' ').length]).toEqual([true, 2]);
		expect((await edge.call('POST', `/v2/serverless/${endpointId}/webhook-secret/rotate`, undefined, await edge.createAccount())).status).toBe(404);
		expect(edge.log.join('\n')).not.toContain('whsec_');
	});
});

describe('a replay', () => {
	test('calls again under the same id; a retry of the job makes a new one', async () => {
		sink.answer = () => 200;
		const job = await end(client, '/again', { error: 'first' });
		await untilState(client, job, 'delivered');
		const replayed = await edge.call('POST', `/v2/${client.endpointId}/webhooks/${job}/replay`, undefined, client.key);
		expect([replayed.status, replayed.body['webhookId']]).toEqual([200, `${job}_1`]);
		const again = await sink.next(job, 2);
		expect(again.headers['webhook-id']).toBe(`${job}_1`);
		await untilState(client, job, 'delivered');

		const from = region.dispatched.all.length;
		await client.post(`retry/${job}`);
		expect((await edge.call('POST', `/v2/${client.endpointId}/webhooks/${job}/replay`, undefined, client.key)).status).toBe(409);
		const attempt = await region.dispatched.next(({ id }) => id === job, 'second dispatch', { from });
		await region.tell(attempt, 'result', { text: '"better"' });
		expect((await sink.next(job, 3)).headers['webhook-id']).toBe(`${job}_2`);
		expect(sink.of(job).map(({ body }) => body['status'])).toEqual(['FAILED', 'FAILED', 'COMPLETED']);
	});

	test('of an unknown job, of somebody else’s or of one without a webhook is refused', async () => {
		const plain = await client.run();
		const replay = async (job: string, key = client.key): Promise<number> => (await edge.call('POST', `/v2/${client.endpointId}/webhooks/${job}/replay`, undefined, key)).status;
		expect([await replay(plain), await replay('made-up'), await replay(plain, await edge.createAccount())]).toEqual([404, 404, 404]);
	});
});

describe('a URL that can never be called', () => {
	test.each([
		['ftp://example.com/', 'http or https'],
		['not a url', 'http or https'],
		['https://user:secret@example.com/', 'user name or password'],
		['https://example.com:22/', 'port 22'],
		['http://169.254.169.254/latest/meta-data', 'reserved address'],
		['http://[::ffff:a9fe:a9fe]/', 'reserved address'],
		['https://gpu.example.com/hook', 'this gateway'],
		['https://GPU.example.com.:8443/hook', 'this gateway'],
	])('%s is refused at submit, whatever the operator allows', async (webhook, why) => {
		const answer = await client.post('run', { input: {}, webhook });
		expect(answer.status).toBe(400);
		expect(answer.body['error']).toMatch(/^webhook: /);
		expect(answer.text).toContain(why);
	});

	test('is the edge’s own address, too', async () => {
		expect((await client.post('run', { input: {}, webhook: `${edge.url}/v2/x/run` })).body).toEqual({ error: 'webhook: must not name this gateway itself' });
	});
});
