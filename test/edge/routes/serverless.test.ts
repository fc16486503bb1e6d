/** REST v2 through the door of a real edge: shapes, codes and errors of endpoints, their releases and workers, and who may see them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createdEndpointV2, endpointV2 } from '../../../shared-schema/src/wire/rest-answers.ts';
import { releasesV2, workersV2 } from '../../../shared-schema/src/wire/rest-v2/fleet-answers.ts';
import { A100, host } from '../core/samples.ts';
import { type Region, startRegion } from '../support/region-stand-in.ts';
import { type Answer, type Edge, startEdge } from '../support/start-edge.ts';

let edge: Edge;
let eu: Region;
let us: Region;
let key: string;

const minimal = { name: 'a name', type: 'QUEUE', image: 'image:1', gpu: { pools: ['ADA_24'] } };
const call = (method: string, path: string, body?: unknown, by: string = key): Promise<Answer> => edge.call(method, `/v2/serverless${path}`, body, by);
const create = async (over: object = {}): Promise<string> => {
	const answer = await call('POST', '', { ...minimal, ...over });
	if (answer.status !== 201) throw new Error(`not created: ${answer.text}`);
	return answer.body['id'] as string;
};
/** Checks that an answer is a problem, and gives the texts in it. */
function problemsOf(answer: Answer, status: number): string[] {
	expect([answer.status, answer.text]).toEqual([status, expect.any(String)]);
	expect(answer.headers.get('content-type')).toBe('application/problem+json');
	const { title, detail, errors } = answer.body;
	expect(answer.body['status']).toBe(status);
	expect([typeof title, typeof detail]).toEqual(['string', 'string']);
	return errors as string[];
}

beforeAll(async () => {
	edge = await startEdge();
	eu = await startRegion(edge, 'eu-1');
	us = await startRegion(edge, 'us-1');
	eu.hosts = [host({ id: 'h-eu', boot: 'boot-of-eu-1', dataCenterId: 'EU-RO-1' })];
	us.hosts = [host({ id: 'h-us', boot: 'boot-of-us-1', dataCenterId: 'US-TX-3', gpuType: A100, gpus: 8, gpusFree: 2, cudaVersion: '12.4' })];
	for (const region of [eu, us]) region.beat(true);
	for (const region of [eu, us]) await region.heartbeat();
	key = await edge.createAccount();
});
afterAll(async () => {
	await eu?.close();
	await us?.close();
	await edge?.stop();
});

describe('an endpoint', () => {
	test('is made with 201, shown the same by its id and in the list, changed, and deleted with 204 and nothing', async () => {
		const made = await call('POST', '', minimal);
		expect(made.status).toBe(201);
		expect(createdEndpointV2.parse(made.body)).toEqual(made.body);
		const { webhookSecret, ...shown } = made.body;
		expect(webhookSecret).toMatch(/^whsec_/);
		const id = shown['id'] as string;
		expect((await call('GET', `/${id}`)).body).toEqual(shown);
		expect((await call('GET', '')).body['endpoints']).toContainEqual(shown);
		for (const url of Object.values(shown['requestUrls'] as Record<string, string>)) expect(url.startsWith(`${edge.url}/v2/${id}/`)).toBe(true);

		const patched = await call('PATCH', `/${id}`, { name: 'another name' });
		expect([patched.status, patched.body]).toEqual([200, { ...shown, name: 'another name' }]);
		const gone = await call('DELETE', `/${id}`);
		expect([gone.status, gone.text]).toEqual([204, '']);
		for (const [method, path] of [
			['GET', ''],
			['PATCH', ''],
			['DELETE', ''],
			['GET', '/workers'],
			['GET', '/releases'],
			['POST', '/rollback'],
		] as const)
			expect(problemsOf(await call(method, `/${id}${path}`, method === 'GET' || method === 'DELETE' ? undefined : { version: 1 }), 404)).toEqual(['endpoint not found']);
	});

	test('takes every setting and shows it; what an update leaves out stays', async () => {
		const all = {
			name: 'all',
			image: 'image:2',
			args: 'python3 -u handler.py',
			env: { A: '1', B: 'two words' },
			disk: 40,
			ports: ['8080/http', '22/tcp'],
			gpu: { pools: ['AMPERE_80', 'ADA_24'], excludedTypes: ['NVIDIA A100-SXM4-80GB'], count: 2, allowedCudaVersions: ['12.4', '12.8'], minCudaVersion: '12.2' },
			workers: { min: 1, max: 4, idleTimeout: 30 },
			scaling: { type: 'QUEUE_DELAY', queueDelay: 2 },
			dataCenterIds: ['EU-RO-1', 'US-TX-3'],
			timeout: 30_000,
			ttl: 60_000,
			retries: 2,
			flashboot: 'PRIORITY_FLASHBOOT',
			model: 'org/model',
			webhook: { profile: 'durable' },
			fallbackOrder: 'region',
		};
		const id = await create(all);
		const shown = (await call('GET', `/${id}`)).body;
		expect(shown).toMatchObject(all);
		expect(endpointV2.parse(shown)).toEqual(shown);
		for (const [name, value] of Object.entries({ workers: { max: 5 }, gpu: { count: 1 }, flashboot: 'OFF', timeout: 5_000, env: {}, disk: null, ports: [] })) {
			const { version, ...before } = (await call('GET', `/${id}`)).body;
			const { version: _after, ...after } = (await call('PATCH', `/${id}`, { [name]: value })).body;
			const merged = typeof value === 'object' && value !== null && !Array.isArray(value) && name !== 'env' ? { ...(before[name] as object), ...value } : value;
			expect([name, after]).toEqual([name, { ...before, [name]: merged }]);
			expect(version).toBeGreaterThan(0);
		}
	});

	test('runs on CPUs where it says so', async () => {
		const { gpu: _gpu, ...rest } = minimal;
		const made = await call('POST', '', { ...rest, cpu: [{ id: 'cpu5c', vcpuCount: 4 }] });
		expect(made.body).toMatchObject({ cpu: [{ id: 'cpu5c', vcpuCount: 4, memory: 8 }] });
		expect(made.body).not.toHaveProperty('gpu');
	});
});

describe('what cannot be is refused with the field and the fix', () => {
	test.each<[string, unknown, RegExp[]]>([
		['an unknown field', { ...minimal, wrokers: {} }, [/^wrokers: unknown field \(did you mean workers\?\)$/]],
		['an unknown field inside', { ...minimal, workers: { maximum: 3 } }, [/^workers\.maximum: unknown field/]],
		['two things at once', { ...minimal, name: '', workers: { min: -1 } }, [/^name: /, /^workers\.min: /]],
		['min above max', { ...minimal, workers: { min: 5, max: 2 } }, [/^workers\.min: 5 must not exceed workers\.max \(2\): lower min or raise max$/]],
		['a data centre that nobody serves', { ...minimal, dataCenterIds: ['EU-CZ-1'] }, [/^dataCenterIds: no region serves EU-CZ-1: add one of EU-RO-1, US-TX-3/]],
		[
			'a CUDA version that no host of its pools has',
			{ ...minimal, gpu: { pools: ['ADA_24'], allowedCudaVersions: ['12.4'] } },
			[/^gpu\.allowedCudaVersions: no host with ADA_24 .* they have 12\.8/],
		],
		['more GPUs than a host has', { ...minimal, gpu: { pools: ['ADA_24'], count: 5 } }, [/^gpu\.count: .*the largest has 4/]],
		['a mistyped pool', { ...minimal, gpu: { pools: ['ADA24'] } }, [/^gpu\.pools\.0: .*did you mean ADA_24\?/]],
		['a mistyped GPU type', { ...minimal, gpu: { types: ['RTX 4090'] } }, [/^gpu\.types: .*did you mean NVIDIA GeForce RTX 4090\?/]],
		['a model on CPUs', { name: 'x', type: 'QUEUE', image: 'i', cpu: [{ id: 'cpu5c' }], model: 'm' }, [/^model: needs a GPU endpoint/]],
		['a volume that is not there', { ...minimal, networkVolumes: ['nothing'] }, [/^networkVolumes\.0: .*nothing/]],
	])('%s', async (_what, body, words) => {
		const before = (await call('GET', '')).body['endpoints'] as unknown[];
		const errors = problemsOf(await call('POST', '', body), 422);
		expect(errors).toHaveLength(words.length);
		for (const [n, word] of words.entries()) expect(errors[n]).toMatch(word);
		expect((await call('GET', '')).body['endpoints']).toHaveLength(before.length);
	});

	test('in an update too, which then changes nothing', async () => {
		const id = await create();
		const before = (await call('GET', `/${id}`)).body;
		for (const body of [{ workers: { min: 4 } }, { dataCenterIds: ['US-KS-2'] }, { gpu: { minCudaVersion: '13.0' } }, { type: 'QUEUE' }, { cpu: [{ id: 'cpu5c' }] }])
			expect(problemsOf(await call('PATCH', `/${id}`, body), 422)).toHaveLength(1);
		expect((await call('GET', `/${id}`)).body).toEqual(before);
	});

	test('a body that is no JSON, and a method that a path does not take', async () => {
		expect(problemsOf(await call('POST', '', '{"name":'), 400)).toEqual(['the request body is not valid JSON']);
		const id = await create();
		for (const [method, path, allow] of [
			['PUT', '', 'GET, POST'],
			['DELETE', '', 'GET, POST'],
			['POST', `/${id}`, 'GET, PATCH, DELETE'],
			['POST', `/${id}/workers`, 'GET'],
			['GET', `/${id}/rollback`, 'POST'],
		] as const) {
			const answer = await call(method, path, method === 'GET' ? undefined : {});
			problemsOf(answer, 405);
			expect(answer.headers.get('allow')?.split(', ').sort()).toEqual(allow.split(', ').sort());
		}
	});
});

describe('releases', () => {
	const releases = async (id: string): Promise<Record<string, unknown>[]> => (await call('GET', `/${id}/releases`)).body['releases'] as Record<string, unknown>[];

	test('are made by what needs new workers only, and say what changed', async () => {
		const id = await create({ env: { A: '1' } });
		expect((await call('PATCH', `/${id}`, { workers: { max: 9 }, name: 'x', timeout: 5_000, scaling: { type: 'REQUEST_COUNT', requestCount: 2 } })).body['version']).toBe(1);
		expect((await call('PATCH', `/${id}`, { image: 'image:2', env: { A: '2' } })).body['version']).toBe(2);
		const answer = await call('GET', `/${id}/releases`);
		expect(releasesV2.parse(answer.body)).toEqual(answer.body);
		expect(answer.body['endpointVersion']).toBe(2);
		expect((await releases(id)).map(({ version, source, diff }) => ({ version, source, diff }))).toEqual([
			{
				version: 2,
				source: 'MANUAL',
				diff: [
					{ field: 'image', old: 'image:1', new: 'image:2' },
					{ field: 'env.A', old: '1', new: '2' },
				],
			},
			{ version: 1, source: 'MANUAL', diff: [] },
		]);
	});

	test('can be gone back to, as a new one that keeps what applies in place', async () => {
		const id = await create();
		await call('PATCH', `/${id}`, { image: 'image:2', workers: { max: 7 } });
		expect(problemsOf(await call('POST', `/${id}/rollback`, { version: 2 }), 409)[0]).toMatch(/same workers/);
		expect(problemsOf(await call('POST', `/${id}/rollback`, { version: 9 }), 404)[0]).toMatch(/not among those kept, 1 to 2/);
		expect(problemsOf(await call('POST', `/${id}/rollback`, { verison: 1 }), 422)).toContain('verison: unknown field (did you mean version?)');
		const back = await call('POST', `/${id}/rollback`, { version: 1 });
		expect([back.status, back.body]).toMatchObject([200, { version: 3, image: 'image:1', workers: { max: 7 } }]);
		await eu.pushes.next(({ endpoints }) => endpoints.some((grant) => grant.endpointId === id && grant.version === 3), 'the release at its region');
		expect((await releases(id)).map(({ version }) => version)).toEqual([3, 2, 1]);
	});

	test('survive a restart of the edge', async () => {
		const id = await create();
		await call('PATCH', `/${id}`, { image: 'image:2' });
		const before = await releases(id);
		await edge.restart();
		expect(await releases(id)).toEqual(before);
	});
});

describe('workers', () => {
	test('are those that the regions name, of the release that they run', async () => {
		const id = await create({ workers: { max: 2 } });
		await call('PATCH', `/${id}`, { image: 'image:2' });
		const worker = {
			state: 'running',
			draining: true,
			gpuCount: 1,
			gpuType: 'NVIDIA GeForce RTX 4090',
			hostId: 'h-eu',
			dataCenterId: 'EU-RO-1',
			jobs: 1,
			startedAgoMs: 61_000,
		} as const;
		eu.workers = [
			{ ...worker, id: 'w-old', version: 1 },
			{ ...worker, id: 'w-new', version: 2, state: 'idle', draining: false, jobs: 0 },
		];
		const answer = await call('GET', `/${id}/workers`);
		expect(workersV2.parse(answer.body)).toEqual(answer.body);
		expect(answer.body).toMatchObject({
			endpointVersion: 2,
			summary: { running: 1, idle: 1, total: 2 },
			workers: [
				{ id: 'w-old', isStale: true, version: 1, image: 'image:1', status: 'RUNNING', uptimeSeconds: 61 },
				{ id: 'w-new', isStale: false, version: 2, image: 'image:2', status: 'IDLE' },
			],
		});
		expect((await call('GET', `/${id}/releases`)).body['rollout']).toEqual({ inProgress: true, workersOnLatest: 1, workersTotal: 2, percentOnLatest: 50 });
		eu.workers = [];
	});

	test('of a region that does not answer are missing by name', async () => {
		const id = await create({ workers: { max: 2 } });
		await eu.close();
		try {
			expect((await call('GET', `/${id}/workers`)).body).toMatchObject({ workers: [], unreachableRegions: ['eu-1'] });
		} finally {
			await eu.open();
		}
	});
});

test('an endpoint of another account is the same 404 as one that never was, on every route', async () => {
	const id = await create();
	const stranger = await edge.createAccount();
	const routes = [
		['GET', ''],
		['PATCH', ''],
		['DELETE', ''],
		['GET', '/workers'],
		['GET', '/releases'],
		['POST', '/rollback'],
		['POST', '/webhook-secret/rotate'],
	] as const;
	for (const [method, path] of routes) {
		const body = method === 'PATCH' ? { name: 'mine' } : method === 'POST' ? { version: 1 } : undefined;
		const [theirs, nobodys] = [await call(method, `/${id}${path}`, body, stranger), await call(method, `/aaaaaaaaaaaaaa${path}`, body, stranger)];
		expect([method, path, theirs.status, theirs.text]).toEqual([method, path, 404, nobodys.text]);
	}
	expect((await call('GET', '', undefined, stranger)).body).toEqual({ endpoints: [] });
	expect((await call('GET', `/${id}`)).status).toBe(200);
});
