/** The catalogue through the door of a real edge: what there is, what it costs, how free it is, and the operator's own. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_CATALOG } from '../../../shared-schema/src/catalog/data.ts';
import { cpuTypesV2, dataCentersV2, gpuTypesV2 } from '../../../shared-schema/src/wire/rest-v2/catalog.ts';
import { A100, host, RTX4090 } from '../core/samples.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Answer, type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let region: Region;
let key: string;
const get = (path: string): Promise<Answer> => edge.call('GET', `/v2/catalog/${path}`, undefined, key);

beforeAll(async () => {
	edge = await startEdge();
	region = await startRegion(edge, 'eu-1');
	region.hosts = [host({ id: 'a', gpus: 8, gpusFree: 5 }), host({ id: 'b', boot: 'boot-2', dataCenterId: 'home-1', gpuType: A100, gpus: 4, gpusFree: 0, cudaVersion: '12.4' })];
	await region.heartbeat();
	key = await edge.createAccount();
});
afterAll(async () => {
	await region?.close();
	await edge?.stop();
});

test('lists GPU types, CPU flavours and data centres, dated', async () => {
	for (const [path, schema] of [
		['gpus', gpuTypesV2],
		['cpus', cpuTypesV2],
		['datacenters', dataCentersV2],
	] as const) {
		const answer = await get(path);
		expect([path, answer.status]).toEqual([path, 200]);
		expect(schema.parse(answer.body)).toEqual(answer.body);
		expect(answer.body['date']).toBe(DEFAULT_CATALOG.date);
	}
});

test('shows one by its id, spaces included, and 404 for none', async () => {
	const answer = await get(`gpus/${encodeURIComponent(RTX4090)}`);
	expect(answer.body).toMatchObject({
		id: RTX4090,
		pool: 'ADA_24',
		memory: 24,
		price: { serverless: 1.116 },
		flexPerSecond: 0.00031,
		activePerSecond: 0.00021,
		maxCount: { secure: 8 },
	});
	expect((await get(`gpus/${encodeURIComponent('NVIDIA  A30')}`)).body).toMatchObject({ id: 'NVIDIA  A30', pool: null });
	expect((await get('cpus/cpu5c')).body).toMatchObject({ id: 'cpu5c', ramGbPerVcpu: 2 });
	for (const path of ['gpus/H900', 'cpus/cpu9x', 'datacenters/nowhere']) expect((await get(path)).status).toBe(404);
});

test('says how free GPUs are, by data centre and CUDA version', async () => {
	const ask = async (query: string): Promise<Record<string, unknown>> => (await get(`gpus/${encodeURIComponent(RTX4090)}?include=AVAILABILITY&product=SERVERLESS${query}`)).body;
	expect(await ask('')).toMatchObject({ availability: 'HIGH', dataCenters: [{ id: 'EU-RO-1', availability: 'HIGH' }], cudaVersions: [{ version: '12.8', available: true }] });
	expect(await ask('&count=8')).toMatchObject({ availability: 'NONE' });
	expect((await get(`gpus/${encodeURIComponent(A100)}?include=AVAILABILITY&product=SERVERLESS`)).body).toMatchObject({
		availability: 'NONE',
		cudaVersions: [{ version: '12.4', available: false }],
	});
	for (const query of ['include=AVAILABILITY', 'product=SERVERLESS', 'include=AVAILABLITY&product=SERVERLESS', 'include=AVAILABILITY&product=SERVERLESS&count=0'])
		expect([query, (await get(`gpus?${query}`)).status]).toEqual([query, 400]);
});

test('lists the operator’s own data centres first, and says which ones have hosts', async () => {
	const list = (await get('datacenters?include=GPU_AVAILABILITY')).body['dataCenters'] as { id: string; served: boolean; region: string; gpuAvailability?: unknown }[];
	expect(list.slice(0, 2).map(({ id, served }) => [id, served])).toEqual([
		['EU-RO-1', true],
		['home-1', true],
	]);
	expect(list[1]).toMatchObject({ region: 'UNKNOWN', gpuAvailability: [{ id: A100, name: 'A100 PCIe', availability: 'NONE' }] });
	expect(list.slice(2).every(({ served }) => !served)).toBe(true);
});

test('is the operator’s to replace, and refuses what placement would not know', async () => {
	const pools = DEFAULT_CATALOG.pools.map((pool) => (pool.id === 'ADA_24' ? { ...pool, flexPerSecond: 0.0002 } : pool));
	const own = {
		...DEFAULT_CATALOG,
		date: '2026-11-01',
		source: 'our price list',
		pools,
		gpus: [...DEFAULT_CATALOG.gpus, { id: 'Own X1', name: 'X1', pool: null, manufacturer: 'UNKNOWN', memoryGb: 64 }],
	};
	const put = (body: unknown, by?: string): Promise<Answer> => edge.call('PUT', '/admin/catalog', body, by);
	expect((await put(own, key)).status).toBe(401);
	expect((await put(own)).status).toBe(200);
	await edge.restart();
	await region.heartbeat();
	expect((await get(`gpus/${encodeURIComponent(RTX4090)}`)).body).toMatchObject({ flexPerSecond: 0.0002 });
	expect((await get('gpus')).body).toMatchObject({ date: '2026-11-01', source: 'our price list' });
	const endpoint = { name: 'x', type: 'QUEUE', image: 'i', gpu: { types: ['Own X1'] } };
	expect((await edge.call('POST', '/v2/serverless', endpoint, key)).status).toBe(201);

	for (const [body, words] of [
		[{ ...own, gpus: [{ ...own.gpus[0], pool: 'HOPPER_141' }] }, /gpus\.0\.pool: .*in every region/],
		[{ ...own, gpus: [{ id: 'Own X2', name: 'X2', pool: 'ADA_24', manufacturer: 'UNKNOWN', memoryGb: 64 }] }, /Own X2 is a type of your own/],
		[{ ...own, prices: {} }, /prices: unknown field/],
		[{ ...own, pools: own.pools.slice(1) }, /lacks AMPERE_16/],
	] as const) {
		const answer = await put(body);
		expect([answer.status, answer.text]).toEqual([422, expect.stringMatching(words)]);
	}
	expect((await edge.call('DELETE', '/admin/catalog')).status).toBe(204);
	expect((await edge.call('GET', '/admin/catalog')).body).toEqual(DEFAULT_CATALOG);
});
