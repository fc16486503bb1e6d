/** What is left of an expired job on the disk: no file of the store holds its texts, nor the key that could make sense of what it holds. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { filesHolding } from '../../support/files-holding.ts';
import { until } from '../../support/wait.ts';
import { type Client, deploy } from '../support/client.ts';
import { readRows } from '../support/read-rows.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Sink, startSink } from '../support/sink.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';
import { textKeys, unseal } from '../support/store-files.ts';

const RETENTION_ASYNC_MS = 4_000;
/** Words that no key, id or name holds. */
const word = (what: string): string => `Canary-${what}-${crypto.randomUUID()}`;

let edge: Edge;
let region: Region;
let sink: Sink;
let client: Client;

beforeAll(async () => {
	edge = await startEdge({ RETENTION_ASYNC_MS, RETENTION_SYNC_MS: 2_000, RETENTION_BATCH_MS: 4_000, WEBHOOK_ALLOW_PRIVATE: 1 });
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

/** Every sealed value of the job tables, as it lies there. */
function sealedValues(): Buffer[] {
	const columns = [
		...readRows(edge, 'JobStore', 'jobs', 'SELECT payload AS a, output AS b, error AS c FROM jobs'),
		...readRows(edge, 'JobStore', 'chunks', 'SELECT bytes AS a FROM chunks'),
		...readRows(edge, 'JobStore', 'webhooks', 'SELECT url AS a FROM webhooks'),
	];
	return columns.flatMap((row) => Object.values(row)).flatMap((value) => (value instanceof Uint8Array ? [Buffer.from(value)] : []));
}

/** What a thief with these values and keys could read. */
const readable = (values: readonly Buffer[], keys: ReturnType<typeof textKeys>): string => keys.flatMap(({ key }) => values.map((value) => unseal(key, value))).join('\n');
const keysLeft = (keys: readonly Buffer[]): string[] => keys.flatMap((key) => filesHolding(edge.dataDir, key));

/** One job that leaves a word everywhere where a text of a tenant goes; the words. */
async function leaveWords(): Promise<string[]> {
	const words = Object.fromEntries(['input', 'large-input', 'progress', 'chunk', 'output', 'large-output', 'error', 'url', 'key', 'lost'].map((what) => [what, word(what)]));
	const webhook = `${sink.url}/${words['url']}`;
	const done = await client.runAt(region, { input: { text: words['input'] }, webhook });
	await region.tell(done, 'progress', { text: JSON.stringify(words['progress']) });
	await region.tell(done, 'chunk', { n: 1, text: JSON.stringify(words['chunk']) });
	await region.tell(done, 'result', { text: JSON.stringify(words['output']) });
	const large = await client.runAt(region, { input: { text: `${words['large-input']}${'x'.repeat(100_000)}` } });
	const output = Buffer.from(JSON.stringify(`${words['large-output']}${'y'.repeat(2_500_000)}`));
	await region.upload(large, output);
	await region.tell(large, 'result', { uploadedBytes: output.length });
	const failed = await client.runAt(region, { input: {} });
	await region.tell(failed, 'lost', { reason: words['lost'] as string });
	const again = await region.dispatched.next(({ id, epoch }) => id === failed.id && epoch === 2, 'second attempt');
	await region.tell(again, 'result', { error: `ValueError: ${words['error']}` });
	const keyed = await edge.call('POST', `/v2/${client.endpointId}/run`, { input: { text: words['input'] } }, client.key);
	await client.cancel(keyed.body['id'] as string);
	const response = await fetch(`${edge.url}/v2/${client.endpointId}/run`, {
		method: 'POST',
		headers: { authorization: `Bearer ${client.key}`, 'content-type': 'application/json', 'idempotency-key': words['key'] as string },
		body: '{"input":{}}',
	});
	await client.cancel(((await response.json()) as { id: string }).id);
	await sink.next(done.id);
	return Object.values(words);
}

test('an expired job’s texts are in no file, and the keys that they were sealed with are destroyed', { timeout: 60_000 }, async () => {
	const words = await leaveWords();
	const keys = textKeys(edge);
	const values = sealedValues();
	// Before: all of it is there for those who have the keys, and only for them. The output took the place of the progress, a caller’s key is
	// kept as a hash, and why an attempt was lost not at all.
	const plain = readable(values, keys);
	expect(words.filter((each) => !plain.includes(each)).map((each) => each.split('-')[1])).toEqual(['progress', 'key', 'lost']);
	expect(keysLeft(keys.map(({ key }) => key)).length).toBeGreaterThan(0);
	expect(words.flatMap((each) => filesHolding(edge.dataDir, each))).toEqual([]);

	await until(() => readRows(edge, 'JobStore', 'jobs', 'SELECT id FROM jobs').length === 0, { what: 'the rows to go' });
	// The sealed bytes are still about, in free pages or in SQLite's log: that is what the keys are for.
	expect(values.filter((value) => filesHolding(edge.dataDir, value.subarray(0, 64)).length > 0).length).toBeGreaterThan(0);
	await until(() => keysLeft(keys.map(({ key }) => key)).length === 0, { what: 'the keys to be in no file', timeoutMs: 20_000 });
	expect(words.flatMap((each) => filesHolding(edge.dataDir, each))).toEqual([]);
});

test('a job that outlives its key moves to another, unharmed, and the first key goes all the same', { timeout: 60_000 }, async () => {
	const body = { input: { text: word('long'), more: 'z'.repeat(40_000) }, webhook: `${sink.url}/long` };
	const job = await client.runAt(region, body);
	await region.tell(job, 'started');
	await region.tell(job, 'chunk', { text: '"first"' });
	await region.tell(job, 'progress', { n: 1, text: '"half"' });
	const [first] = textKeys(edge);
	await until(() => first !== undefined && keysLeft([first.key]).length === 0, { what: 'the first key to go', timeoutMs: 25_000 });
	expect((await client.status(job.id)).body).toMatchObject({ status: 'IN_PROGRESS', output: 'half' });
	await edge.restart();
	expect(await (await region.payload(job)).text()).toBe(`{"id":"${job.id}",${JSON.stringify(body).slice(1)}`);
	expect((await edge.call('GET', `/v2/${client.endpointId}/stream/${job.id}?wait=1000`, undefined, client.key)).body['stream']).toEqual([{ output: 'first' }]);
	expect(await region.tell(job, 'result', { text: '"whole"' })).toBe('accepted');
	expect((await sink.next(job.id)).body).toMatchObject({ status: 'COMPLETED', output: 'whole', input: body.input });
});

test('a key that was destroyed while the edge died is gone once the edge is back', { timeout: 60_000 }, async () => {
	const id = await client.run({ input: { text: word('killed') } });
	await client.cancel(id);
	const keys = textKeys(edge).map(({ key }) => key);
	expect(keysLeft(keys).length).toBeGreaterThan(0);
	await edge.kill();
	await new Promise((resolve) => setTimeout(resolve, RETENTION_ASYNC_MS));
	await edge.restart();
	await until(() => keysLeft(keys).length === 0, { what: 'the keys to be in no file', timeoutMs: 25_000 });
	expect((await client.status(id)).status).toBe(404);
});

test('a batch’s texts are sealed too, and go the same way', { timeout: 60_000 }, async () => {
	const [input, output, error] = [word('batch-input'), word('batch-output'), word('batch-error')];
	const call = (method: string, path: string, body?: unknown): ReturnType<Edge['call']> => edge.call(method, `/v2/${client.endpointId}/batch${path}`, body, client.key);
	const { id } = (await call('POST', '', { requests: [{ input: { text: input } }, { input: { bad: true } }] })).body as { id: string };
	await call('POST', `/${id}/finalize`);
	const done = await region.dispatched.next(({ payload }) => payload?.includes(input) ?? false, 'dispatch');
	const bad = await region.dispatched.next(({ payload }) => payload?.includes('"bad"') ?? false, 'dispatch');
	await region.tell(done, 'result', { text: JSON.stringify(output) });
	await region.tell(bad, 'result', { error });
	await until(async () => (await call('GET', `/${id}`)).body['requestInProgress'] === 0, { what: 'the batch to end' });
	const { requests } = (await call('GET', `/${id}/requests`)).body as { requests: unknown[] };
	expect(requests).toMatchObject([{ output }, { error: expect.stringContaining(error) as string }]);
	const keys = textKeys(edge);
	const texts = readRows(edge, 'BatchStore', 'texts', 'SELECT bytes AS a FROM texts').concat(
		readRows(edge, 'BatchStore', 'requests', 'SELECT error AS a FROM requests WHERE error IS NOT NULL'),
	);
	expect(
		readable(
			texts.map(({ a }) => Buffer.from(a as Uint8Array)),
			keys,
		),
	).toEqual(expect.stringContaining(output));
	expect([input, output, error].flatMap((each) => filesHolding(edge.dataDir, each))).toEqual([]);
	await until(() => readRows(edge, 'BatchStore', 'requests', 'SELECT n FROM requests').length === 0, { what: 'the batch to be forgotten' });
	await until(() => keysLeft(keys.map(({ key }) => key)).length === 0, { what: 'the keys to be in no file', timeoutMs: 25_000 });
});

test('a draft that outlives its key moves to another, and goes with its endpoint', { timeout: 60_000 }, async () => {
	const other = await deploy(edge, [region], {}, client.key);
	const known = new Set(textKeys(edge).map(({ gen }) => gen));
	const created = await edge.call('POST', `/v2/${other.endpointId}/batch`, { requests: [{ input: { text: word('draft') } }] }, other.key);
	const [first] = textKeys(edge).filter(({ gen }) => !known.has(gen));
	await edge.call('POST', `/v2/${other.endpointId}/batch/${created.body['id'] as string}/finalize`, undefined, other.key);
	await until(() => first !== undefined && keysLeft([first.key]).length === 0, { what: 'the first key to go', timeoutMs: 25_000 });
	expect(readRows(edge, 'BatchStore', 'requests', 'SELECT n FROM requests')).toHaveLength(1);
	expect((await edge.call('DELETE', `/v2/serverless/${other.endpointId}`, undefined, other.key)).status).toBe(204);
	await until(() => readRows(edge, 'BatchStore', 'requests', 'SELECT n FROM requests').length === 0, { what: 'the batch to go' });
});

test('a deleted endpoint takes its keys with it at once', { timeout: 60_000 }, async () => {
	const other = await deploy(edge, [region], { env: { SECRET: word('env') } }, client.key);
	const before = new Set(textKeys(edge).map(({ key }) => key.toString('hex')));
	await other.runAt(region, { input: { text: word('deleted') } });
	const own = textKeys(edge).filter(({ key }) => !before.has(key.toString('hex')));
	expect(own).toHaveLength(1);
	expect((await edge.call('DELETE', `/v2/serverless/${other.endpointId}`, undefined, other.key)).status).toBe(204);
	await until(() => keysLeft(own.map(({ key }) => key)).length === 0, { what: 'the key to be in no file' });
});
