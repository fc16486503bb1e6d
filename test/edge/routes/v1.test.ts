/** REST v1 on a real edge: what tools of before REST v2 expect. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { host } from '../core/samples.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Answer, type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let region: Region;
let owner: string;

const call = (method: string, path: string, body?: unknown, key = owner): Promise<Answer> => edge.call(method, `/v1${path}`, body, key);
const made = async (path: string, body: object): Promise<string> => {
	const answer = await call('POST', path, body);
	expect(answer.status, answer.text).toBe(200);
	return answer.body['id'] as string;
};
let names = 0;
const template = (over: object = {}): Promise<string> =>
	made('/templates', { name: `t${names++}`, imageName: 'process:///srv', isServerless: true, dockerStartCmd: ['python3', '-u', 'a handler.py'], env: { A: 'b' }, ...over });
const expectMessage = (answer: Answer, status: number, text: RegExp): void => {
	expect(answer.status, answer.text).toBe(status);
	expect(answer.body).toEqual({ message: expect.stringMatching(text) as string });
};

beforeAll(async () => {
	edge = await startEdge();
	region = await startRegion(edge, 'r1');
	region.hosts = [host({ id: 'h1', dataCenterId: 'EU-RO-1' })];
	await region.heartbeat();
	owner = await edge.createAccount();
}, 60_000);
afterAll(async () => {
	await region.close();
	await edge.stop();
});

const KINDS = [
	{ path: '/templates', body: { name: 't', imageName: 'i:1', isServerless: true }, change: { imageName: 'i:2' } },
	{ path: '/networkvolumes', body: { name: 'v', size: 10, dataCenterId: 'EU-RO-1' }, change: { size: 20 } },
	{ path: '/containerregistryauth', body: { name: 'r', username: 'u', password: 'hidden' }, change: null },
] as const;

describe.each(KINDS)('/v1$path', ({ path, body, change }) => {
	test('creates with 200, lists a bare array, reads, changes both ways, deletes with 204 and no body', async () => {
		const created = await call('POST', path, body);
		expect(created.status, created.text).toBe(200);
		expect(created.text).not.toContain('hidden');
		const { id } = created.body as { id: string };
		expect(JSON.parse((await call('GET', path)).text)).toContainEqual(created.body);
		expect((await call('GET', `${path}/${id}`)).body).toEqual(created.body);
		if (change !== null) {
			expect((await call('PATCH', `${path}/${id}`, change)).body).toEqual({ ...created.body, ...change });
			expect((await call('POST', `${path}/${id}/update`, { name: 'renamed' })).body).toEqual({ ...created.body, ...change, name: 'renamed' });
		}
		const gone = await call('DELETE', `${path}/${id}`);
		expect([gone.status, gone.text]).toEqual([204, '']);
		expectMessage(await call('GET', `${path}/${id}`), 404, /not found/);
	});

	test('says what is wrong as {"message": …} with 400, 401, 404 or 405', async () => {
		expectMessage(await call('POST', path, {}), 400, /name: is missing/);
		expectMessage(await call('POST', path, { ...body, nam: 'x' }), 400, /nam: unknown field \(did you mean name\?\)/);
		expectMessage(await call('POST', path, '{'), 400, /not valid JSON/);
		expectMessage(await call('GET', path, undefined, 'wrong'), 401, /key/);
		expectMessage(await call('DELETE', `${path}/nothing`), 404, /not found/);
		const wrong = await call('PUT', path, body);
		expectMessage(wrong, 405, /GET, POST/);
		expect(wrong.headers.get('allow')).toBe('GET, POST');
	});
});

describe('an endpoint', () => {
	test('runs what its template says, and is the same one in REST v2', async () => {
		const templateId = await template();
		const created = await call('POST', '/endpoints', {
			templateId,
			name: 'v1',
			gpuTypeIds: ['NVIDIA GeForce RTX 4090'],
			workersMax: 2,
			idleTimeout: 7,
			flashboot: true,
			executionTimeoutMs: 60_000,
		});
		expect(created.status, created.text).toBe(200);
		expect(created.body).toMatchObject({
			name: 'v1',
			templateId,
			computeType: 'GPU',
			gpuTypeIds: ['NVIDIA GeForce RTX 4090'],
			gpuCount: 1,
			workersMin: 0,
			workersMax: 2,
			idleTimeout: 7,
			scalerType: 'QUEUE_DELAY',
			scalerValue: 4,
			flashboot: true,
			executionTimeoutMs: 60_000,
			env: { A: 'b' },
			version: 1,
		});
		expect(created.body).not.toHaveProperty('template');
		const { id } = created.body as { id: string };
		expect((await edge.call('GET', `/v2/serverless/${id}`, undefined, owner)).body).toMatchObject({
			type: 'QUEUE',
			image: 'process:///srv',
			args: "python3 -u 'a handler.py'",
			flashboot: 'FLASHBOOT',
		});
		region.workers = [
			{
				id: 'w1',
				version: 1,
				state: 'running',
				draining: false,
				gpuCount: 1,
				gpuType: 'NVIDIA GeForce RTX 4090',
				hostId: 'h1',
				dataCenterId: 'EU-RO-1',
				jobs: 1,
				startedAgoMs: 5_000,
			},
		];
		expect((await call('GET', `/endpoints/${id}?includeTemplate=true&includeWorkers=true`)).body).toMatchObject({
			template: { id: templateId, dockerStartCmd: ['python3', '-u', 'a handler.py'] },
			workers: [{ id: 'w1', endpointId: id, desiredStatus: 'RUNNING', image: 'process:///srv', machine: { dataCenterId: 'EU-RO-1' } }],
		});
		expect(JSON.parse((await call('GET', '/endpoints')).text)).toContainEqual(created.body);
		expect((await edge.call('POST', `/v2/${id}/run`, { input: {} }, owner)).status).toBe(200);
		expect((await call('DELETE', `/endpoints/${id}`)).status).toBe(204);
		expectMessage(await call('GET', `/endpoints/${id}`), 404, /not found/);
	});

	test('rolls for what needs new workers and not for the rest', async () => {
		const id = await made('/endpoints', { templateId: await template() });
		const inPlace = { workersMax: 4, workersMin: 1, idleTimeout: 9, scalerType: 'REQUEST_COUNT', scalerValue: 3, executionTimeoutMs: 70_000, flashboot: true, name: 'x' };
		expect((await call('PATCH', `/endpoints/${id}`, inPlace)).body).toMatchObject({ ...inPlace, version: 1 });
		expect((await call('POST', `/endpoints/${id}/update`, { gpuCount: 2 })).body).toMatchObject({ gpuCount: 2, version: 2, workersMax: 4 });
	});

	test('rolls when its template changes, by REST v1 or v2, and can be bound to another one', async () => {
		const templateId = await template();
		const id = await made('/endpoints', { templateId });
		await call('PATCH', `/templates/${templateId}`, { imageName: 'process:///other' });
		expect((await edge.call('GET', `/v2/serverless/${id}`, undefined, owner)).body).toMatchObject({ image: 'process:///other', version: 2 });
		await edge.call('PATCH', `/v2/templates/${templateId}`, { env: { C: 'd' } }, owner);
		expect((await call('GET', `/endpoints/${id}`)).body).toMatchObject({ env: { C: 'd' }, version: 3 });
		expectMessage(await call('DELETE', `/templates/${templateId}`), 400, new RegExp(id));

		const next = await template({ imageName: 'process:///third' });
		expect((await call('PATCH', `/endpoints/${id}`, { templateId: next })).body).toMatchObject({ templateId: next, version: 4 });
		expect((await call('DELETE', `/templates/${templateId}`)).status).toBe(204);
	});

	test('on CPUs is one', async () => {
		const { body } = await call('POST', '/endpoints', { templateId: await template(), computeType: 'CPU', cpuFlavorIds: ['cpu5g'], vcpuCount: 4 });
		expect(body).toMatchObject({ computeType: 'CPU', instanceIds: ['cpu5g-4-16'], gpuTypeIds: [], gpuCount: 0 });
	});

	test('with an entry point runs it before the command', async () => {
		const id = await made('/endpoints', { templateId: await template({ dockerEntrypoint: ['env', 'X=1'], dockerStartCmd: ['run'] }) });
		expect((await edge.call('GET', `/v2/serverless/${id}`, undefined, owner)).body).toMatchObject({ entrypoint: ['env', 'X=1'], args: 'run' });
	});

	test('is refused with REST v1’s names of the fields', async () => {
		const templateId = await template();
		expectMessage(await call('POST', '/endpoints', {}), 400, /templateId: is missing/);
		expectMessage(await call('POST', '/endpoints', { templateId: 'nothing' }), 400, /templateId: .* no template nothing: GET \/v1\/templates/);
		expectMessage(await call('POST', '/endpoints', { templateId, workersMin: 4 }), 400, /workersMin: 4 .* workersMax \(3\)/);
		expectMessage(await call('POST', '/endpoints', { templateId, gpuTypeIds: ['RTX 4090'] }), 400, /gpuTypeIds: "RTX 4090".*NVIDIA GeForce RTX 4090/);
		expectMessage(await call('POST', '/endpoints', { templateId, networkVolumeId: 'nothing' }), 400, /networkVolumeIds\.0: .*GET \/v1\/networkvolumes/);
		expectMessage(await call('GET', '/endpoints/nothing'), 404, /not found/);
		expectMessage(await call('GET', '/pods'), 404, /no such route/);
	});
});

describe('a template in REST v2', () => {
	const create = (body: object): Promise<Answer> => edge.call('POST', '/v2/serverless', { name: 'e', type: 'QUEUE', gpu: { pools: ['ADA_24'] }, ...body }, owner);

	test('is taken over once, variable by variable, and later changes of it do not reach the endpoint', async () => {
		const templateId = await template({ env: { A: '1', B: '1' } });
		const created = await create({ templateId, env: { B: '2' } });
		expect(created.status, created.text).toBe(201);
		expect(created.body).toMatchObject({ image: 'process:///srv', env: { A: '1', B: '2' } });
		await call('PATCH', `/templates/${templateId}`, { imageName: 'i:2' });
		const path = `/v2/serverless/${created.body['id'] as string}`;
		expect((await edge.call('GET', path, undefined, owner)).body).toMatchObject({ image: 'process:///srv', version: 1 });
		expect((await edge.call('PATCH', path, { templateId }, owner)).body).toMatchObject({ image: 'i:2', env: { A: '1', B: '1' }, version: 2 });
		expect((await call('DELETE', `/templates/${templateId}`)).status).toBe(204);
	});

	test('must be there, be serverless, or an image must be given', async () => {
		const unknown = await create({ templateId: 'nothing' });
		expect(unknown.status).toBe(422);
		expect(unknown.body['detail']).toMatch(/^templateId: this account has no template nothing/);
		const ofPods = await template({ isServerless: false });
		expect([(await create({ templateId: ofPods })).status, (await create({})).status]).toEqual([422, 422]);
		expect((await create({})).body['detail']).toMatch(/image: is missing: .*templateId/);
	});
});
