/** What single jobs cost, through the edge's door: from their runs and what their worker's host told. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobCost } from '../../../shared-schema/src/wire/job-costs.ts';
import { EDGE_PATHS } from '../../../shared-schema/src/wire/region.ts';
import type { WorkerUsage } from '../../../shared-schema/src/wire/usage.ts';
import { type Client, deploy } from '../support/client.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

const FLEX = 0.00031;

let edge: Edge;
let region: Region;
let client: Client;

beforeAll(async () => {
	edge = await startEdge({ REGION_LEASE_MS: 600_000 });
	region = await startRegion(edge, 'eu-1');
	client = await deploy(edge, [region], { workers: { min: 0, max: 3 } });
});
afterAll(async () => {
	await region?.close();
	await edge?.stop();
});

const get = async (path: string, key = client.key) => edge.call('GET', `/v2/${client.endpointId}/${path}`, undefined, key);
const costOf = async (job: string) => jobCost.parse((await get(`costs/${job}`)).body);

async function tell(id: string, more: Partial<WorkerUsage>): Promise<void> {
	const workers = [{ id, endpointId: client.endpointId, version: 1, gpus: 2, startingMs: 0, runningMs: 0, idleMs: 0, ended: false, ...more }];
	const body = { hostId: 'h1', dataCenterId: 'EU-RO-1', gpuType: 'NVIDIA GeForce RTX 4090', workers };
	expect((await region.send('POST', EDGE_PATHS.usage, new TextEncoder().encode(JSON.stringify(body)))).status).toBe(200);
}

/** A job that ran on `workerId` for so long. */
async function ran(workerId: string, executionMs: number): Promise<string> {
	const job = await client.runAt(region);
	expect(await region.tell(job, 'started', { workerId, agoMs: 0 })).toBe('accepted');
	expect(await region.tell(job, 'result', { workerId, executionMs, agoMs: 0, text: '1' })).toBe('accepted');
	return job.id;
}

test('a job costs its part of its worker, at the worker’s price and for each of its GPUs, and is final when both have ended', async () => {
	const job = await ran('w1', 4_000);
	expect(await costOf(job)).toMatchObject({ status: 'COMPLETED', workerId: 'w1', gpuTypeId: null, executionTime: 4_000, runningMs: 4_000, amount: null, final: false });
	await tell('w1', { startingMs: 1_000, runningMs: 4_000, idleMs: 500 });
	const open = await costOf(job);
	expect(open).toMatchObject({ gpuTypeId: 'NVIDIA GeForce RTX 4090', gpuCount: 2, dataCenterId: 'EU-RO-1', priceKind: 'flex', startingMs: 1_000, idleMs: 500, final: false });
	expect(open.gpuSeconds).toBeCloseTo(11, 9);
	expect(open.amount).toBeCloseTo(11 * FLEX, 9);
	await tell('w1', { startingMs: 1_000, runningMs: 4_000, idleMs: 5_000, ended: true });
	expect(await costOf(job)).toMatchObject({ idleMs: 5_000, final: true });
});

test('the jobs of a worker cost together what is billed for it', async () => {
	// Much longer than the moments between their starts here: each has the worker for itself but for those.
	const jobs = [await ran('w2', 60_000), await ran('w2', 60_000), await ran('w2', 60_000)];
	const { costs } = (await get('costs?limit=3')).body as { costs: { id: string; runningMs: number }[] };
	expect(costs.map(({ id }) => id).sort()).toEqual([...jobs].sort());
	const busyMs = costs.reduce((sum, { runningMs }) => sum + runningMs, 0);
	expect(busyMs).toBeGreaterThanOrEqual(59_999);
	expect(busyMs).toBeLessThan(120_000);
	await tell('w2', { startingMs: 2_000, runningMs: busyMs, idleMs: 10_000, ended: true });
	const amounts = await Promise.all(jobs.map(async (job) => (await costOf(job)).amount ?? Number.NaN));
	expect(amounts.reduce((sum, amount) => sum + amount, 0)).toBeCloseTo(2 * (12 + busyMs / 1_000) * FLEX, 4);
});

test('a job that no worker had costs nothing', async () => {
	const job = await client.runAt(region);
	expect(await costOf(job.id)).toMatchObject({ status: 'IN_QUEUE', workerId: null, runningMs: 0, gpuSeconds: 0, amount: 0, final: false });
	await client.cancel(job.id);
	expect(await costOf(job.id)).toMatchObject({ status: 'CANCELLED', amount: 0, final: true });
});

test('an unknown job and another account’s key are answered as everywhere', async () => {
	expect((await get('costs/00000000-0000-4000-8000-000000000000-e0')).status).toBe(404);
	expect((await get('costs', await edge.createAccount())).status).toBe(404);
	const { status, text } = await get('costs?limit=0');
	expect(status).toBe(400);
	expect(text).toContain('limit');
});
