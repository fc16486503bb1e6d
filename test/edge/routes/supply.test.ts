/** Endpoints that refer to secrets, volumes and registry credentials, on a real edge with a region that keeps what it is sent. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EndpointGrant } from '../../../shared-schema/src/wire/region.ts';
import { host } from '../core/samples.ts';
import { readRows } from '../support/read-rows.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Answer, type Edge, startEdge } from '../support/start-edge.ts';

const ENDPOINT = { name: 'e', type: 'QUEUE', image: 'image:1', gpu: { pools: ['ADA_24'] } };

let edge: Edge;
let region: Region;
let owner: string;

const call = (method: string, path: string, body?: unknown, key = owner): Promise<Answer> => edge.call(method, path, body, key);
const made = async (path: string, body: object): Promise<string> => {
	const answer = await call('POST', path, body);
	expect(answer.status, answer.text).toBe(201);
	return answer.body['id'] as string;
};
/** The endpoint's grant at a version, as the region got it. */
const grantOf = async (endpointId: string, version = 1): Promise<EndpointGrant> => {
	const matches = (grant: EndpointGrant): boolean => grant.endpointId === endpointId && grant.version === version;
	const push = await region.pushes.next(({ endpoints }) => endpoints.some(matches), `version ${version} of ${endpointId}`);
	return push.endpoints.find(matches) as EndpointGrant;
};

beforeAll(async () => {
	edge = await startEdge();
	region = await startRegion(edge, 'r1');
	region.hosts = [host({ id: 'h1', dataCenterId: 'EU-RO-1' }), host({ id: 'h2', dataCenterId: 'EU-SE-1' })];
	await region.heartbeat();
	owner = await edge.createAccount();
}, 60_000);
afterAll(async () => {
	await region.close();
	await edge.stop();
});

describe('a secret in the environment', () => {
	test('goes to the region filled in, is shown as a reference, and a new value makes a release', async () => {
		const secret = await made('/v2/secrets', { name: 'db-password', value: 'canary-one' });
		const endpoint = await made('/v2/serverless', { ...ENDPOINT, env: { URL: 'db://u:{{ secret.db-password }}@h', OTHER: '{{ RUNPOD_SECRET_db-password }}', PLAIN: 'x' } });
		expect((await grantOf(endpoint)).spec.env).toEqual({ URL: 'db://u:canary-one@h', OTHER: 'canary-one', PLAIN: 'x' });
		expect((await call('GET', `/v2/serverless/${endpoint}`)).body['env']).toMatchObject({ URL: 'db://u:{{ secret.db-password }}@h', PLAIN: 'x' });

		expect((await call('PATCH', `/v2/secrets/${secret}`, { value: 'canary-two' })).status).toBe(200);
		expect((await grantOf(endpoint, 2)).spec.env).toMatchObject({ URL: 'db://u:canary-two@h' });
		expect((await call('GET', `/v2/serverless/${endpoint}`)).body['version']).toBe(2);
		await call('PATCH', `/v2/secrets/${secret}`, { description: 'of the database' });
		expect((await call('GET', `/v2/serverless/${endpoint}`)).body['version']).toBe(2);
		expect((await region.heartbeat()).endpoints.find(({ endpointId }) => endpointId === endpoint)?.spec.env).toMatchObject({ OTHER: 'canary-two' });

		for (const table of [
			['EndpointStore', 'endpoint'],
			['EndpointStore', 'releases'],
			['RegionDirectory', 'endpoints'],
			['AccountStore', 'resources'],
		] as const) {
			const rows = JSON.stringify(readRows(edge, table[0], table[1], `SELECT * FROM ${table[1]}`));
			expect(rows.length).toBeGreaterThan(10);
			expect(rows, table.join()).not.toContain('canary-');
		}
		expect(edge.log.join('\n')).not.toContain('canary-');
	});

	test('that does not exist is refused by name, and the endpoint does not stay half made', async () => {
		const before = (await call('GET', '/v2/serverless')).text;
		const refused = await call('POST', '/v2/serverless', { ...ENDPOINT, env: { A: '{{ secret.nowhere }}' } });
		expect([refused.status, refused.body['detail']]).toEqual([422, expect.stringMatching(/secret nowhere.*POST \/v2\/secrets/)]);
		expect((await call('GET', '/v2/serverless')).text).toBe(before);
	});

	test('cannot be deleted while an endpoint refers to it', async () => {
		const secret = await made('/v2/secrets', { name: 'held', value: 'x' });
		const endpoint = await made('/v2/serverless', { ...ENDPOINT, env: { A: '{{ secret.held }}' } });
		const refused = await call('DELETE', `/v2/secrets/${secret}`);
		expect([refused.status, refused.body['detail']]).toEqual([409, expect.stringContaining(endpoint)]);
		expect((await call('PATCH', `/v2/serverless/${endpoint}`, { env: {} })).status).toBe(200);
		expect((await call('DELETE', `/v2/secrets/${secret}`)).status).toBe(204);
		const back = await call('PATCH', `/v2/serverless/${endpoint}`, { env: { A: '{{ secret.held }}' } });
		expect([back.status, back.body['detail']]).toEqual([422, expect.stringContaining('held')]);
	});
});

describe('a network volume', () => {
	test('brings workers to its data centre, and is not deleted under them', async () => {
		const volume = await made('/v2/network-volumes', { name: 'v', size: 10, dataCenter: 'EU-SE-1' });
		const endpoint = await made('/v2/serverless', { ...ENDPOINT, networkVolumes: [volume] });
		const grant = await grantOf(endpoint);
		expect([grant.spec.dataCenterIds, grant.volumes]).toEqual([['EU-SE-1'], [{ id: volume, dataCenterId: 'EU-SE-1' }]]);
		expect((await call('GET', `/v2/serverless/${endpoint}`)).body).toMatchObject({ dataCenterIds: [], networkVolumes: [volume] });
		expect((await call('DELETE', `/v2/network-volumes/${volume}`)).status).toBe(409);
		expect((await call('DELETE', `/v2/serverless/${endpoint}`)).status).toBe(204);
		expect((await call('DELETE', `/v2/network-volumes/${volume}`)).status).toBe(204);
	});

	test('stays held by its endpoint when a change of that is refused', async () => {
		const volume = await made('/v2/network-volumes', { name: 'held', size: 10, dataCenter: 'EU-RO-1' });
		const other = await made('/v2/network-volumes', { name: 'other', size: 10, dataCenter: 'EU-SE-1' });
		const endpoint = await made('/v2/serverless', { ...ENDPOINT, networkVolumes: [volume], dataCenterIds: ['EU-RO-1'] });
		expect((await call('PATCH', `/v2/serverless/${endpoint}`, { networkVolumes: [other] })).status).toBe(422);
		expect((await call('DELETE', `/v2/network-volumes/${volume}`)).status).toBe(409);
		expect((await call('DELETE', `/v2/network-volumes/${other}`)).status).toBe(204);
	});

	test('outside the allowed data centres, or of nobody, is refused', async () => {
		const volume = await made('/v2/network-volumes', { name: 'v', size: 10, dataCenter: 'EU-SE-1' });
		const outside = await call('POST', '/v2/serverless', { ...ENDPOINT, networkVolumes: [volume], dataCenterIds: ['EU-RO-1'] });
		expect([outside.status, outside.body['detail']]).toEqual([422, expect.stringMatching(/networkVolumes\.0: .* lies in EU-SE-1/)]);
		const theirs = await edge.createAccount();
		const foreign = await call('POST', '/v2/serverless', { ...ENDPOINT, networkVolumes: [volume] }, theirs);
		const none = await call('POST', '/v2/serverless', { ...ENDPOINT, networkVolumes: ['aaaaaaaaaaaaaa'] }, theirs);
		expect([foreign.status, foreign.text.replaceAll(volume, 'ID')]).toEqual([422, none.text.replaceAll('aaaaaaaaaaaaaa', 'ID')]);
	});
});

test("a registry's credential goes to the region and nowhere else", async () => {
	const registry = await made('/v2/registries', { name: 'ghcr', username: 'me', password: 'canary-password' });
	const endpoint = await made('/v2/serverless', { ...ENDPOINT, registry });
	expect((await grantOf(endpoint)).registryAuth).toEqual({ username: 'me', password: 'canary-password' });
	expect((await call('GET', `/v2/serverless/${endpoint}`)).text).not.toContain('canary-password');
	expect((await call('DELETE', `/v2/registries/${registry}`)).status).toBe(409);
});

test('webhook secrets lie sealed', async () => {
	const created = await call('POST', '/v2/serverless', ENDPOINT);
	const secret = created.body['webhookSecret'] as string;
	expect(secret).toMatch(/^whsec_/);
	const rows = JSON.stringify(readRows(edge, 'EndpointStore', 'webhook_secrets', 'SELECT * FROM webhook_secrets'));
	expect(rows).toContain('s1.');
	expect(rows).not.toContain(secret.slice('whsec_'.length));
	expect(rows).not.toContain('whsec_');
});
