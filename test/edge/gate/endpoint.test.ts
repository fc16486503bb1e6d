/** Who may see what: ids of others look like none, and ids that this edge never made cost no storage. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, deploy } from '../support/client.ts';
import { databaseFiles } from '../support/read-rows.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let region: Region;
let client: Client;

beforeAll(async () => {
	edge = await startEdge();
	region = await startRegion(edge, 'eu-1');
	client = await deploy(edge, [region]);
});
afterAll(async () => {
	await region?.close();
	await edge?.stop();
});

describe('made-up ids', () => {
	test('of jobs, endpoints, accounts and keys make no file in the data directory', async () => {
		const job = await client.runAt(region);
		await region.tell(job, 'result');
		const before = databaseFiles(edge).sort();
		const uuid = (): string => crypto.randomUUID();
		const letters = (): string => Math.random().toString(36).slice(2, 16).padEnd(14, 'a');
		for (let i = 0; i < 25; i++) {
			const probes: [string, string, string][] = [
				['GET', `/v2/${client.endpointId}/status/${uuid()}-e0`, client.key],
				['GET', `/v2/${client.endpointId}/status/${job.id.slice(0, -1)}${i % 10}`, client.key],
				['POST', `/v2/${client.endpointId}/cancel/sync-${uuid()}-e63`, client.key],
				['GET', `/v2/${letters()}/health`, client.key],
				['POST', `/v2/${letters()}/run`, client.key],
				['GET', `/v2/serverless/${letters()}`, client.key],
				['GET', `/v2/${client.endpointId}/health`, `lsk_${letters()}${'x'.repeat(38)}`],
			];
			for (const [method, path, key] of probes) {
				const { status } = await edge.call(method, path, method === 'POST' ? { input: {} } : undefined, key);
				if (!path.endsWith(job.id)) expect([path, status >= 400 && status < 500]).toEqual([path, true]);
			}
			await region.tell({ ...job, endpointId: letters() }, 'started');
			await region.claim({ ...job, endpointId: letters() });
			await region.payload({ ...job, token: `${letters()}.AAAAAAAAAAAAAAAAAAAAAA` });
		}
		expect(databaseFiles(edge).sort()).toEqual(before);
	});
});

describe('an endpoint of another account', () => {
	test('looks unknown to every verb', async () => {
		const job = await client.runAt(region);
		const stranger = await edge.createAccount();
		const verbs: [string, string, unknown][] = [
			['POST', `/v2/${client.endpointId}/run`, { input: {} }],
			['POST', `/v2/${client.endpointId}/runsync`, { input: {} }],
			['GET', `/v2/${client.endpointId}/status/${job.id}`, undefined],
			['GET', `/v2/${client.endpointId}/status-sync/${job.id}`, undefined],
			['POST', `/v2/${client.endpointId}/cancel/${job.id}`, undefined],
			['GET', `/v2/${client.endpointId}/health`, undefined],
			['GET', `/v2/serverless/${client.endpointId}`, undefined],
			['PATCH', `/v2/serverless/${client.endpointId}`, { name: 'stolen' }],
			['DELETE', `/v2/serverless/${client.endpointId}`, undefined],
		];
		for (const [method, path, body] of verbs) expect([path, (await edge.call(method, path, body, stranger)).status]).toEqual([path, 404]);
		expect((await edge.call('GET', '/v2/serverless', undefined, stranger)).body).toEqual({ endpoints: [] });
		expect((await client.status(job.id)).body['status']).toBe('IN_QUEUE');
		await region.tell(job, 'result');
	});
});

describe('calls without a good key', () => {
	test.each([
		['no key', ''],
		['only the word', 'Bearer'],
		['a made-up key', 'Bearer lsk_nothing'],
		['a key in basic auth', `Basic ${Buffer.from('a:b').toString('base64')}`],
	])('with %s are refused with 401', async (_what, authorization) => {
		for (const path of [`/v2/${client.endpointId}/run`, '/v2/serverless', '/admin/accounts']) {
			const response = await fetch(edge.url + path, { method: 'POST', body: '{"input":{}}', headers: authorization === '' ? {} : { authorization } });
			expect([path, response.status]).toEqual([path, 401]);
			expect(await response.text()).not.toContain('lsk_');
		}
	});

	test('the key counts with and without the word Bearer', async () => {
		for (const authorization of [client.key, `Bearer ${client.key}`, `bearer ${client.key}`]) {
			expect((await fetch(`${edge.url}/v2/${client.endpointId}/health`, { headers: { authorization } })).status).toBe(200);
		}
	});

	test('a tenant is no operator, and the operator no tenant', async () => {
		expect((await edge.call('GET', '/admin/regions', undefined, client.key)).status).toBe(401);
		expect((await edge.call('GET', `/v2/${client.endpointId}/health`)).status).toBe(401);
	});
});
