/** `/v2/keys` and `/admin/accounts` on a real edge. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/wait.ts';
import { type Answer, type Edge, startEdge } from '../support/start-edge.ts';

const ENDPOINT = { name: 'e', type: 'QUEUE', image: 'image:1', gpu: { pools: ['ADA_24'] } };

let edge: Edge;
let owner: string;
let endpointA: string;
let endpointB: string;

const call = (method: string, path: string, body?: unknown, key = owner): Promise<Answer> => edge.call(method, path, body, key);
const mint = async (body: object, by = owner): Promise<{ id: string; key: string }> => {
	const answer = await call('POST', '/v2/keys', { name: 'k', permissions: ['read', 'run', 'manage'], ...body }, by);
	expect(answer.status, answer.text).toBe(201);
	return answer.body as { id: string; key: string };
};
const statusOf = async (method: string, path: string, key: string, body?: unknown): Promise<number> => (await call(method, path, body, key)).status;
const expectProblem = (answer: Answer, status: number, text: RegExp): void => {
	expect(answer.status, answer.text).toBe(status);
	expect(answer.headers.get('content-type')).toContain('application/problem+json');
	expect(answer.body['detail']).toMatch(text);
};

beforeAll(async () => {
	edge = await startEdge();
	owner = await edge.createAccount();
	endpointA = (await call('POST', '/v2/serverless', ENDPOINT)).body['id'] as string;
	endpointB = (await call('POST', '/v2/serverless', ENDPOINT)).body['id'] as string;
}, 60_000);
afterAll(() => edge.stop());

describe('a key', () => {
	test('is shown once, listed without its text, changed, revoked', async () => {
		const { id, key } = await mint({ name: 'ci', permissions: ['read'], expiresAt: '2099-01-01T00:00:00Z' });
		const shown = await call('GET', `/v2/keys/${id}`);
		expect(shown.body).toMatchObject({ id, name: 'ci', permissions: ['read'], endpointIds: null, expiresAt: '2099-01-01T00:00:00.000Z', lastUsedAt: null });
		expect(shown.text).not.toContain(key);
		expect((await call('GET', '/v2/keys')).body['keys']).toContainEqual(shown.body);

		const changed = await call('PATCH', `/v2/keys/${id}`, { name: 'ci 2', permissions: ['read', 'run'], expiresAt: null });
		expect(changed.body).toEqual({ ...shown.body, name: 'ci 2', permissions: ['read', 'run'], expiresAt: null });

		expect(await statusOf('GET', '/v2/serverless', key)).toBe(200);
		expect((await call('DELETE', `/v2/keys/${id}`)).status).toBe(204);
		expect(await statusOf('GET', '/v2/serverless', key)).toBe(401);
		expectProblem(await call('GET', `/v2/keys/${id}`), 404, /key not found/);
		expectProblem(await call('DELETE', `/v2/keys/${id}`), 404, /key not found/);
	});

	test('says when it was used last, soon after', async () => {
		const { id, key } = await mint({});
		await call('GET', '/v2/serverless', undefined, key);
		await until(async () => typeof (await call('GET', `/v2/keys/${id}`)).body['lastUsedAt'] === 'string', { what: 'the use to be noted', timeoutMs: 10_000, everyMs: 100 });
	});

	test('stays revoked when the edge starts again', async () => {
		const { id, key } = await mint({});
		await call('DELETE', `/v2/keys/${id}`);
		await edge.restart();
		expect(await statusOf('GET', '/v2/serverless', key)).toBe(401);
		expect(await statusOf('GET', '/v2/serverless', owner)).toBe(200);
	});

	test('ends at its time', async () => {
		const { key } = await mint({ expiresAt: new Date(Date.now() + 1_500).toISOString() });
		await until(async () => (await statusOf('GET', '/v2/serverless', key)) === 401, { what: 'the key to expire', timeoutMs: 10_000, everyMs: 100 });
	});
});

describe('permissions', () => {
	test('a read key looks and does nothing else', async () => {
		const { key } = await mint({ permissions: ['read'] });
		expect(await statusOf('GET', `/v2/${endpointA}/health`, key)).toBe(200);
		expect(await statusOf('GET', `/v2/serverless/${endpointA}`, key)).toBe(200);
		for (const [method, path] of [
			['POST', `/v2/${endpointA}/run`],
			['POST', `/v2/${endpointA}/purge-queue`],
			['PATCH', `/v2/serverless/${endpointA}`],
			['DELETE', `/v2/serverless/${endpointA}`],
			['POST', '/v2/serverless'],
			['GET', '/v2/keys'],
			['POST', '/v2/keys'],
		] as const)
			expect(await statusOf(method, path, key, method === 'GET' ? undefined : { input: {} }), path).toBe(403);
	});

	test('a run key runs and does not manage', async () => {
		const { key } = await mint({ permissions: ['run'] });
		expect(await statusOf('POST', `/v2/${endpointA}/run`, key, { input: {} })).toBe(200);
		expect(await statusOf('PATCH', `/v2/serverless/${endpointA}`, key, { name: 'x' })).toBe(403);
		expect(await statusOf('GET', `/v2/${endpointA}/health`, key)).toBe(403);
	});

	test('a key of one endpoint sees no other: it looks like none', async () => {
		const { key } = await mint({ endpointIds: [endpointA] });
		const listed = (await call('GET', '/v2/serverless', undefined, key)).body['endpoints'] as { id: string }[];
		expect(listed.map(({ id }) => id)).toEqual([endpointA]);
		expect(await statusOf('POST', `/v2/${endpointA}/run`, key, { input: {} })).toBe(200);
		for (const [method, path] of [
			['GET', 'serverless/ENDPOINT'],
			['DELETE', 'serverless/ENDPOINT'],
			['GET', 'ENDPOINT/health'],
		] as const) {
			const ofOther = await call(method, `/v2/${path.replace('ENDPOINT', endpointB)}`, undefined, key);
			const ofNone = await call(method, `/v2/${path.replace('ENDPOINT', 'aaaaaaaaaaaaaa')}`, undefined, key);
			expect(ofOther.status).toBe(404);
			expect(ofOther.text).toBe(ofNone.text);
		}
		expect(await statusOf('POST', '/v2/serverless', key, ENDPOINT)).toBe(403);
	});
});

describe('no key makes a stronger one', () => {
	test('more permissions, more endpoints, more time', async () => {
		const end = '2098-01-01T00:00:00Z';
		const { key } = await mint({ permissions: ['read', 'manage'], endpointIds: [endpointA], expiresAt: end });
		for (const stronger of [{ permissions: ['run'] }, { endpointIds: null }, { endpointIds: [endpointB] }, { expiresAt: null }, { expiresAt: '2099-01-01T00:00:00Z' }]) {
			expectProblem(await call('POST', '/v2/keys', { name: 'k', permissions: ['read'], ...stronger }, key), 403, /stronger/);
		}
		const made = await mint({ permissions: ['read'] }, key);
		expect((await call('GET', `/v2/keys/${made.id}`)).body).toMatchObject({ endpointIds: [endpointA], expiresAt: '2098-01-01T00:00:00.000Z' });
		expectProblem(await call('PATCH', `/v2/keys/${made.id}`, { endpointIds: null }, key), 403, /stronger/);
	});

	test('and stronger ones cannot be seen, changed or revoked with it', async () => {
		const strong = await mint({});
		const { key } = await mint({ endpointIds: [endpointA] });
		expect(((await call('GET', '/v2/keys', undefined, key)).body['keys'] as { id: string }[]).map(({ id }) => id)).not.toContain(strong.id);
		for (const method of ['GET', 'PATCH', 'DELETE']) expect(await statusOf(method, `/v2/keys/${strong.id}`, key, method === 'PATCH' ? { name: 'x' } : undefined)).toBe(404);
		expect(await statusOf('GET', '/v2/serverless', strong.key)).toBe(200);
	});
});

describe('bad requests name the field', () => {
	test.each<[object, RegExp]>([
		[{}, /name/],
		[{ name: 'k' }, /permissions/],
		[{ name: 'k', permissions: [] }, /permissions/],
		[{ name: 'k', permissions: ['write'] }, /permissions\.0/],
		[{ name: 'k', permissions: ['read', 'read'] }, /permissions.*twice/],
		[{ name: 'k', permissions: ['read'], scope: 'all' }, /scope: unknown field/],
		[{ name: 'k', permisions: ['read'] }, /permisions: unknown field \(did you mean permissions\?\)/],
		[{ name: 'k', permissions: ['read'], endpointIds: ['nothing'] }, /endpointIds\.0.*no endpoint nothing/],
		[{ name: 'k', permissions: ['read'], expiresAt: 'tomorrow' }, /expiresAt.*2027-01-31T12:00:00Z/],
		[{ name: 'k', permissions: ['read'], expiresAt: '2020-01-01T00:00:00Z' }, /expiresAt.*future/],
	])('%j', async (body, text) => {
		expectProblem(await call('POST', '/v2/keys', body), 422, text);
	});

	test('another method says which ones there are', async () => {
		const answer = await call('PUT', '/v2/keys', {});
		expectProblem(answer, 405, /GET, POST/);
		expect(answer.headers.get('allow')).toBe('GET, POST');
	});
});

describe("the operator's accounts", () => {
	test('are made, listed, renamed, suspended, opened again and deleted', async () => {
		const { id, apiKey } = (await edge.call('POST', '/admin/accounts', { name: 'team' })).body as { id: string; apiKey: string };
		const listed = (await edge.call('GET', '/admin/accounts')).body['accounts'] as { id: string }[];
		expect(listed.map((account) => account.id)).toContain(id);
		const { id: endpointId } = (await call('POST', '/v2/serverless', ENDPOINT, apiKey)).body as { id: string };
		expect((await edge.call('GET', `/admin/accounts/${id}`)).body).toMatchObject({ id, name: 'team', suspendedAt: null, keys: 1, endpoints: 1 });

		expect((await edge.call('PATCH', `/admin/accounts/${id}`, { name: 'crew', suspended: true })).body).toMatchObject({ name: 'crew', suspendedAt: expect.any(String) as string });
		const refused = await call('GET', `/v2/${endpointId}/health`, undefined, apiKey);
		expect([refused.status, refused.body]).toEqual([403, { error: expect.stringContaining('suspended') as string }]);
		await edge.call('PATCH', `/admin/accounts/${id}`, { suspended: false });
		expect(await statusOf('GET', `/v2/${endpointId}/health`, apiKey)).toBe(200);

		expect((await edge.call('DELETE', `/admin/accounts/${id}`)).status).toBe(204);
		expect(await statusOf('GET', '/v2/serverless', apiKey)).toBe(401);
		expect((await edge.call('GET', `/admin/accounts/${id}`)).status).toBe(404);
		expect(((await edge.call('GET', '/admin/accounts')).body['accounts'] as { id: string }[]).map((account) => account.id)).not.toContain(id);
		expect(await statusOf('GET', `/v2/serverless/${endpointId}`, owner)).toBe(404);
	});

	test('are none of an API key’s business, and made-up ones are not found', async () => {
		for (const [method, path] of [
			['GET', '/admin/accounts'],
			['GET', '/admin/accounts/aaaaaaaaaaaaaa'],
			['PATCH', '/admin/accounts/aaaaaaaaaaaaaa'],
			['DELETE', '/admin/accounts/aaaaaaaaaaaaaa'],
		] as const) {
			const body = method === 'PATCH' ? { name: 'x' } : undefined;
			expect(await statusOf(method, path, owner, body)).toBe(401);
			if (path !== '/admin/accounts') expect((await edge.call(method, path, body)).status).toBe(404);
		}
	});
});
