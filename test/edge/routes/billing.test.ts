/** What regions tell of workers' times, and the bill that comes of it, through the edge's door. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EDGE_PATHS } from '../../../shared-schema/src/wire/region.ts';
import type { WorkerUsage } from '../../../shared-schema/src/wire/usage.ts';
import { type Client, deploy } from '../support/client.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let region: Region;
let client: Client;

beforeAll(async () => {
	edge = await startEdge({ REGION_LEASE_MS: 600_000 });
	region = await startRegion(edge, 'eu-1');
	client = await deploy(edge, [region]);
});
afterAll(async () => {
	await region?.close();
	await edge?.stop();
});

async function tell(workers: readonly Partial<WorkerUsage>[], endpointId = client.endpointId): Promise<number> {
	const whole = workers.map((worker) => ({ id: 'w1', endpointId, version: 1, gpus: 1, startingMs: 0, runningMs: 0, idleMs: 0, ended: false, ...worker }));
	const body = { hostId: 'h1', dataCenterId: 'EU-RO-1', gpuType: 'NVIDIA GeForce RTX 4090', workers: whole };
	return (await region.send('POST', EDGE_PATHS.usage, new TextEncoder().encode(JSON.stringify(body)))).status;
}

const bill = async (query = '', key = client.key) => (await edge.call('GET', `/v2/billing/serverless${query}`, undefined, key)).body['billing'] as Record<string, unknown>[];

test('an account without usage gets an empty bill', async () => {
	expect(await bill()).toEqual([]);
});

test('times add up by worker, are charged once however often they come, and cost what the tier says', async () => {
	for (const runningMs of [1_000, 3_000, 2_000, 3_000])
		expect(
			await tell([
				{ startingMs: 500, runningMs },
				{ id: 'w2', idleMs: 4_000, ended: true },
			]),
		).toBe(200);
	const [row, ...others] = await bill();
	expect(others).toEqual([]);
	expect(row).toMatchObject({ endpointId: client.endpointId, timeBilledMs: 7_500, startingMs: 500, runningMs: 3_000, idleMs: 4_000, diskSpaceBilledGb: 0 });
	expect(row?.['amount']).toBeCloseTo(7.5 * 0.00031, 9);
	expect(String(row?.['time'])).toMatch(/T00:00:00\.000Z$/);
});

test('REST v1 answers the bare list, grouped by worker when asked', async () => {
	const { status, text } = await edge.call('GET', '/v1/billing/endpoints?grouping=podId&bucketSize=hour', undefined, client.key);
	expect(status).toBe(200);
	expect((JSON.parse(text) as { podId: string; timeBilledMs: number }[]).map(({ podId, timeBilledMs }) => [podId, timeBilledMs])).toEqual([
		['w1', 3_500],
		['w2', 4_000],
	]);
});

test('filters leave out what they do not name', async () => {
	expect(await bill('?gpuTypeId=NVIDIA%20A40')).toEqual([]);
	expect(await bill('?dataCenterId=US-TX-3')).toEqual([]);
	expect(await bill('?endpointId=nobodys')).toEqual([]);
	expect(await bill('?dataCenterId=EU-RO-1,US-TX-3&gpuTypeId=NVIDIA%20GeForce%20RTX%204090')).toHaveLength(1);
	expect(await bill('?startTime=2020-01-01T00:00:00Z&endTime=2020-02-01T00:00:00Z')).toEqual([]);
});

test('within the minimum of workers the active price counts', async () => {
	const active = await deploy(edge, [region], { workers: { min: 1, max: 3 } }, client.key);
	expect(await tell([{ id: 'a1', idleMs: 10_000 }], active.endpointId)).toBe(200);
	expect(await tell([{ id: 'a2', idleMs: 10_000 }], active.endpointId)).toBe(200);
	const rows = await bill(`?grouping=podId&endpointId=${active.endpointId}`);
	expect(rows.map((row) => row['podId'])).toEqual(['a1', 'a2']);
	expect(rows[0]?.['amount']).toBeCloseTo(10 * 0.00021, 9);
	expect(rows[1]?.['amount']).toBeCloseTo(10 * 0.00031, 9);
});

test('another account sees nothing of it', async () => {
	const other = await edge.createAccount();
	expect(await bill('', other)).toEqual([]);
	expect(await bill(`?endpointId=${client.endpointId}`, other)).toEqual([]);
	expect((await edge.call('GET', '/v2/billing/serverless', undefined, 'no-key')).status).toBe(401);
});

test.each([
	['?bucketSize=minute', 'bucketSize must be one of hour, day, week, month, year'],
	['?grouping=colour', 'grouping must be one of endpointId, podId, gpuTypeId'],
	['?startTime=yesterday', 'startTime must be a time such as'],
	['?startTime=2026-02-01T00:00:00Z&endTime=2026-01-01T00:00:00Z', 'startTime must be before endTime'],
	['?startTime=2020-01-01T00:00:00Z&endTime=2026-01-01T00:00:00Z', 'at most 366 days'],
])('%s is refused with what it takes', async (query, text) => {
	const answer = await edge.call('GET', `/v2/billing/serverless${query}`, undefined, client.key);
	expect(answer.status).toBe(400);
	expect(answer.text).toContain(text);
});

test('usage of an endpoint that this edge never made is taken and booked nowhere; a malformed report is refused', async () => {
	expect(await tell([{ id: 'w9', runningMs: 1 }], 'madeupendpoint')).toBe(200);
	expect((await region.send('POST', EDGE_PATHS.usage, new TextEncoder().encode('{"workers":[]}'))).status).toBe(400);
	expect(await tell([{ runningMs: -1 }])).toBe(400);
});

const advice = (query: string) => edge.call('GET', `/v2/billing/advice${query}`, undefined, client.key);

test('advice on a typed-in load at given prices reproduces the 40 % example', async () => {
	const { status, body } = await advice('?utilisation=0.4&flexPerSecond=0.000805555555&dedicatedPerHour=2');
	expect(status).toBe(200);
	expect(body).toMatchObject({ recommended: 'flex', perMonth: { dedicated: 1_440, active: null }, prices: { gpuPool: null } });
	expect((body['perMonth'] as { flex: number }).flex).toBeCloseTo(835.2, 2);
});

test('advice on a tier compares the tiers with as much memory, the cheapest first', async () => {
	const { body } = await advice('?busyHoursPerMonth=176&gpuPool=ADA_80_PRO');
	expect(body).toMatchObject({ recommendedTier: 'AMPERE_80', prices: { flexPerSecond: 0.00116, activePerSecond: 0.00093 } });
	expect((body['tiers'] as { gpuPool: string }[]).map(({ gpuPool }) => gpuPool)).toEqual(['AMPERE_80', 'ADA_80_PRO', 'HOPPER_141', 'BLACKWELL_180']);
});

test('advice on a measured load takes what was booked', async () => {
	const { body } = await advice(`?endpointId=${client.endpointId}`);
	expect(body).toMatchObject({ load: { measured: true, hours: 1, overheadPerBusySecond: 1.5 }, prices: { gpuPool: 'ADA_24' }, utilisation: 3 / 3_600 });
});

test.each([
	['', 'give exactly one of'],
	['?utilisation=0.4&busyHoursPerMonth=3&gpuPool=ADA_24', 'give exactly one of'],
	['?utilisation=0.4', 'gpuPool must name the tier'],
	['?utilisation=-1&gpuPool=ADA_24', 'utilisation'],
	['?utilisation=0.4&gpuPool=ADA_32_PRO', 'has no price'],
	['?utilisation=0.4&gpuPool=ADA_24&colour=blue', 'colour'],
])('advice %s is refused with what is missing', async (query, text) => {
	const answer = await advice(query);
	expect(answer.status).toBe(400);
	expect(answer.text).toContain(text);
});

test('advice on another account’s endpoint is not given', async () => {
	const other = await edge.createAccount();
	expect((await edge.call('GET', `/v2/billing/advice?endpointId=${client.endpointId}`, undefined, other)).status).toBe(404);
});
