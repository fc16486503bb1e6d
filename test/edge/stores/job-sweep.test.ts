/** Timers of jobs: TTL, watchdog, retention, and what is really left on the disk after them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type Client, deploy } from '../support/client.ts';
import { readRows } from '../support/read-rows.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

const RETENTION_ASYNC_MS = 2_500;
let edge: Edge;
let region: Region;
let client: Client;

beforeAll(async () => {
	edge = await startEdge({ RETENTION_ASYNC_MS, RETENTION_SYNC_MS: 600 });
	region = await startRegion(edge, 'eu-1');
	region.beat(true);
	client = await deploy(edge, [region]);
});
afterAll(async () => {
	await region?.close();
	await edge?.stop();
});

const rowsOf = (id: string): number => readRows(edge, 'JobStore', 'jobs', 'SELECT id FROM jobs').filter((row) => row['id'] === id).length;
const chunks = (): number => readRows(edge, 'JobStore', 'chunks', 'SELECT COUNT(*) AS count FROM chunks').reduce((sum, { count }) => sum + Number(count), 0);
const gone = (id: string): Promise<unknown> => until(async () => (await client.status(id)).status === 404, { what: `${id} to be gone`, everyMs: 20 });
const erased = (id: string): Promise<unknown> => until(() => rowsOf(id) === 0, { what: `the row of ${id} to be erased` });

describe('retention', () => {
	test('keeps a result readable for its whole time and then erases row, payload, output and chunks', async () => {
		const job = await client.runAt(region, { input: { blob: 'x'.repeat(100_000) } });
		await region.tell(job, 'chunk', { text: '"part"' });
		await region.upload(job, Buffer.from(`"${'y'.repeat(300_000)}"`));
		const before = Date.now();
		await region.tell(job, 'result', { uploadedBytes: 300_002 });
		const after = Date.now();
		expect(chunks()).toBeGreaterThan(0);
		await gone(job.id);
		expect(Date.now() - before).toBeGreaterThanOrEqual(RETENTION_ASYNC_MS);
		expect(after - before).toBeLessThan(RETENTION_ASYNC_MS);
		await erased(job.id);
		await until(() => chunks() === 0, { what: 'chunk rows to be erased' });
		expect((await client.cancel(job.id)).status).toBe(404);
		expect(await region.tell(job, 'result', { text: '1' })).toBe('stop');
	});

	test('of runsync is the shorter one', async () => {
		const waiting = client.post('runsync', { input: { sync: 'short' } });
		const job = await region.dispatched.next(({ payload }) => payload?.includes('"short"') ?? false, 'dispatch');
		await region.tell(job, 'result', { text: '1' });
		const ended = Date.now();
		expect((await waiting).body['status']).toBe('COMPLETED');
		await gone(job.id);
		expect(Date.now() - ended).toBeLessThan(RETENTION_ASYNC_MS);
		await erased(job.id);
	});

	test('that ran out while the edge was down is over when it is back, and the row is erased', async () => {
		const job = await client.runAt(region);
		await region.tell(job, 'result', { text: '"old"' });
		await edge.kill();
		await new Promise((resolve) => setTimeout(resolve, RETENTION_ASYNC_MS));
		await edge.restart();
		expect((await client.status(job.id)).status).toBe(404);
		await erased(job.id);
	});

	test('leaves no row behind', async () => {
		const stay = await client.runAt(region);
		await client.cancel(stay.id);
		await erased(stay.id);
		expect(readRows(edge, 'JobStore', 'jobs', 'SELECT id, phase FROM jobs')).toEqual([]);
	});
});

describe('limits of time', () => {
	test('the TTL ends a job that no worker took, tells its region, and what comes later stops', { timeout: 60_000 }, async () => {
		const waiting = client.post('runsync?wait=30000', { policy: { ttl: 10_000 }, input: { ttl: 'queued' } });
		const job = await region.dispatched.next(({ payload }) => payload?.includes('"ttl":"queued"') ?? false, 'dispatch');
		expect((await waiting).body).toMatchObject({ id: job.id, status: 'TIMED_OUT', error: expect.stringContaining('10000 ms') as string });
		await region.revoked.next(({ id }) => id === job.id, 'revoke');
		expect(await region.tell(job, 'started')).toBe('stop');
		expect(await region.claim(job)).toBe('drop');
	});

	test('the watchdog fails a job whose worker says nothing past its execution timeout', { timeout: 60_000 }, async () => {
		const waiting = client.post('runsync?wait=30000', { policy: { executionTimeout: 5_000 }, input: { silent: 'worker' } });
		const job = await region.dispatched.next(({ payload }) => payload?.includes('"silent"') ?? false, 'dispatch');
		await region.tell(job, 'started');
		const { body } = await waiting;
		expect(body).toMatchObject({ id: job.id, status: 'FAILED', error: 'executionTimeout exceeded', workerId: 'worker-1' });
		expect(body['executionTime']).toBeGreaterThanOrEqual(5_500);
		await region.revoked.next(({ id }) => id === job.id, 'revoke');
		expect(await region.tell(job, 'result', { text: '"late"' })).not.toBe('accepted');
		expect((await client.status(job.id)).body).toEqual(body);
	});
});
