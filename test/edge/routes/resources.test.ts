/** Templates, network volumes, registry credentials and secrets on a real edge. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRows } from '../support/read-rows.ts';
import { startRegion } from '../support/region-stand-in.ts';
import { type Answer, type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let region: Awaited<ReturnType<typeof startRegion>>;
let owner: string;

const call = (method: string, path: string, body?: unknown, key = owner): Promise<Answer> => edge.call(method, path, body, key);
const expectProblem = (answer: Answer, status: number, text: RegExp): void => {
	expect(answer.status, answer.text).toBe(status);
	expect(answer.headers.get('content-type')).toContain('application/problem+json');
	expect(answer.body).toMatchObject({ status, detail: expect.stringMatching(text) as string });
};

beforeAll(async () => {
	edge = await startEdge();
	region = await startRegion(edge, 'r1');
	await region.heartbeat();
	owner = await edge.createAccount();
}, 60_000);
afterAll(async () => {
	await region.close();
	await edge.stop();
});

const KINDS = [
	{ path: '/v2/templates', list: 'templates', body: { name: 't', image: 'image:1', serverless: true }, change: { disk: 70 } },
	{ path: '/v2/network-volumes', list: 'networkVolumes', body: { name: 'v', size: 10, dataCenter: 'EU-RO-1' }, change: { size: 20 } },
	{ path: '/v2/registries', list: 'registries', body: { name: 'r', username: 'me', password: 'hidden-password' }, change: null },
	{ path: '/v2/secrets', list: 'secrets', body: { name: 's', value: 'hidden-value' }, change: { description: 'what for' } },
	{ path: '/v2/account/secrets', list: 'secrets', body: { name: 's2', value: 'hidden-value' }, change: { description: 'what for' } },
] as const;

describe.each(KINDS)('$path', ({ path, list, body, change }) => {
	test('makes, lists, shows, changes and deletes one', async () => {
		const made = await call('POST', path, body);
		expect(made.status, made.text).toBe(201);
		const { id } = made.body as { id: string };
		expect((await call('GET', path)).body).toEqual({ [list]: expect.arrayContaining([made.body]) as unknown });
		expect((await call('GET', `${path}/${id}`)).body).toEqual(made.body);
		if (change !== null) {
			const changed = await call('PATCH', `${path}/${id}`, change);
			expect([changed.status, changed.body]).toEqual([200, { ...made.body, ...change }]);
			expect((await call('GET', `${path}/${id}`)).body).toEqual(changed.body);
		}
		const gone = await call('DELETE', `${path}/${id}`);
		expect([gone.status, gone.text]).toEqual([204, '']);
		for (const method of ['GET', 'DELETE']) expectProblem(await call(method, `${path}/${id}`), 404, /not found/);
	});

	test("shows another account's as none", async () => {
		const { id } = (await call('POST', path, { ...body, name: 'mine' })).body as { id: string };
		const other = await edge.createAccount();
		const theirs = await call('GET', `${path}/${id}`, undefined, other);
		const none = await call('GET', `${path}/nothing`, undefined, other);
		expect([theirs.status, theirs.text]).toEqual([none.status, none.text]);
		expect((await call('DELETE', `${path}/${id}`, undefined, other)).status).toBe(404);
		expect((await call('GET', path, undefined, other)).body).toEqual({ [list]: [] });
		expect((await call('DELETE', `${path}/${id}`)).status).toBe(204);
	});

	test('takes the permission and a key of the whole account', async () => {
		const { id: endpointId } = (await call('POST', '/v2/serverless', { name: 'e', type: 'QUEUE', image: 'i', gpu: { pools: ['ADA_24'] } })).body as { id: string };
		const reader = (await call('POST', '/v2/keys', { name: 'k', permissions: ['read'] })).body['key'] as string;
		const ofOne = (await call('POST', '/v2/keys', { name: 'k', permissions: ['read', 'manage'], endpointIds: [endpointId] })).body['key'] as string;
		expect((await call('GET', path, undefined, reader)).status).toBe(200);
		expectProblem(await call('POST', path, body, reader), 403, /"manage"/);
		expectProblem(await call('GET', path, undefined, ofOne), 403, /chosen endpoints/);
	});

	test('refuses unknown fields and methods', async () => {
		expectProblem(await call('POST', path, { ...body, nmae: 'x' }), 422, /nmae: unknown field \(did you mean name\?\)/);
		expectProblem(await call('POST', path, '{"name":'), 400, /not valid JSON/);
		const wrong = await call('PUT', path, body);
		expectProblem(wrong, 405, /GET, POST/);
		expect(wrong.headers.get('allow')).toBe('GET, POST');
	});
});

describe('names', () => {
	test('of templates, registries and secrets are unique, those of volumes are not', async () => {
		for (const { path, body } of KINDS.slice(0, 4)) {
			const named = { ...body, name: 'twice' };
			expect((await call('POST', path, named)).status).toBe(201);
			const second = await call('POST', path, named);
			if (path === '/v2/network-volumes') expect(second.status).toBe(201);
			else expectProblem(second, 409, /already a .* named twice/);
		}
	});
});

describe('a network volume', () => {
	test.each<[object, RegExp]>([
		[{ name: 'v', size: 9, dataCenter: 'EU-RO-1' }, /size/],
		[{ name: 'v', size: 4_097, dataCenter: 'EU-RO-1' }, /size/],
		[{ name: 'v', size: 10, dataCenter: 'EU-RO-2' }, /dataCenter: no region serves EU-RO-2 \(did you mean EU-RO-1\?\)/],
		[{ name: 'v', size: 10, dataCenter: 'EU-RO-1', type: 'FAST' }, /type/],
	])('%j is refused', async (body, text) => expectProblem(await call('POST', '/v2/network-volumes', body), 422, text));

	test('is of the standard tier, grows and never shrinks', async () => {
		const { id, type } = (await call('POST', '/v2/network-volumes', { name: 'v', size: 50, dataCenter: 'EU-RO-1' })).body as { id: string; type: string };
		expect(type).toBe('STANDARD');
		expectProblem(await call('PATCH', `/v2/network-volumes/${id}`, { size: 49 }), 422, /size: .*50 GB cannot shrink to 49 GB/);
		expect((await call('PATCH', `/v2/network-volumes/${id}`, { size: 60 })).body['size']).toBe(60);
		expectProblem(await call('PATCH', `/v2/network-volumes/${id}`, { dataCenter: 'EU-RO-1' }), 422, /dataCenter/);
	});
});

describe('secrets', () => {
	test('are found by name in any case', async () => {
		const made = await call('POST', '/v2/secrets', { name: 'hf-token', value: 'x' });
		expect((await call('GET', '/v2/account/secrets?name=HF-Token')).body).toEqual({ secrets: [made.body] });
		expect((await call('GET', '/v2/secrets?name=hf')).body).toEqual({ secrets: [] });
	});

	test.each<[object, RegExp]>([
		[{ name: '1st', value: 'x' }, /name.*starts with a letter or _/],
		[{ name: 'runpod_x', value: 'x' }, /name.*RUNPOD/],
		[{ name: 'x', value: '' }, /value/],
		[{ name: 'x', value: 'y'.repeat(32_769) }, /value/],
	])('%j is refused', async (body, text) => expectProblem(await call('POST', '/v2/secrets', body), 422, text));

	test('a change without members is refused, a new value says when it came', async () => {
		const made = (await call('POST', '/v2/secrets', { name: 'rotated', value: 'one' })).body as { id: string; valueLastUpdatedAt: string };
		expectProblem(await call('PATCH', `/v2/secrets/${made.id}`, {}), 422, /give value, description or both/);
		const changed = await call('PATCH', `/v2/secrets/${made.id}`, { value: 'two' });
		expect(Date.parse(changed.body['valueLastUpdatedAt'] as string)).toBeGreaterThanOrEqual(Date.parse(made.valueLastUpdatedAt));
	});

	test('and passwords lie sealed in the store, and are in no answer', async () => {
		const canary = 'canary-7f3a9c';
		const answers = [
			await call('POST', '/v2/secrets', { name: 'canary', value: `${canary}-value` }),
			await call('POST', '/v2/registries', { name: 'canary', username: `${canary}-user`, password: `${canary}-password` }),
			await call('GET', '/v2/secrets'),
			await call('GET', '/v2/registries'),
		];
		for (const answer of answers) expect(answer.text).not.toContain(canary);
		const rows = JSON.stringify(readRows(edge, 'AccountStore', 'resources', 'SELECT * FROM resources'));
		expect(rows).toContain('"canary"');
		expect(rows).not.toContain(canary);
		expect(edge.log.join('\n')).not.toContain(canary);
	});
});

test('a template loses a registry credential that is deleted', async () => {
	const { id: registry } = (await call('POST', '/v2/registries', { name: 'short-lived', username: 'u', password: 'p' })).body as { id: string };
	const { id } = (await call('POST', '/v2/templates', { name: 'private', image: 'i', registry })).body as { id: string };
	expect((await call('DELETE', `/v2/registries/${registry}`)).status).toBe(204);
	expect((await call('GET', `/v2/templates/${id}`)).body['registry']).toBeNull();
});
