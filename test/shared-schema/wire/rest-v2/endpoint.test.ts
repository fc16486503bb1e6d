import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GPU_POOL_IDS } from '../../../../shared-schema/src/catalog/pools.ts';
import { endpointSpec } from '../../../../shared-schema/src/endpoint/endpoint.ts';
import { splitShellWords } from '../../../../shared-schema/src/endpoint/shell-words.ts';
import { applyV2, specFromV2 } from '../../../../shared-schema/src/wire/rest-v2/endpoint-apply.ts';
import { type CreateEndpointV2, createEndpointV2, updateEndpointV2 } from '../../../../shared-schema/src/wire/rest-v2/endpoint-body.ts';
import { toEndpointV2 } from '../../../../shared-schema/src/wire/rest-v2/endpoint-show.ts';

const minimal = { name: 'x', type: 'QUEUE', image: 'i', gpu: { pools: ['ADA_24'] } } as const;
const create = (over: object = {}): CreateEndpointV2 => createEndpointV2.parse({ ...minimal, ...over });
const specOf = (over: object = {}): ReturnType<typeof specFromV2> => specFromV2(create(over));

describe('a new endpoint', () => {
	test("has RunPod's defaults", () => {
		expect(specOf()).toEqual({
			name: 'x',
			type: 'QUEUE',
			image: 'i',
			command: [],
			env: {},
			gpuPools: ['ADA_24'],
			gpuTypes: [],
			excludedGpuTypes: [],
			gpuCount: 1,
			cpuFlavors: [],
			cudaVersions: [],
			minCudaVersion: null,
			dataCenterIds: [],
			networkVolumeIds: [],
			ports: [],
			diskGb: null,
			registryId: null,
			workersMin: 0,
			workersMax: 3,
			idleTimeoutS: 5,
			scaling: { type: 'QUEUE_DELAY', queueDelayS: 4 },
			executionTimeoutMs: 600_000,
			ttlMs: 86_400_000,
			retriesMax: 1,
			flashboot: 'OFF',
			model: null,
			fallbackOrder: 'tier',
		});
	});

	test('a CPU endpoint has no GPU and no pools', () => {
		const { gpu: _gpu, ...rest } = minimal;
		expect(specFromV2(createEndpointV2.parse({ ...rest, cpu: [{ id: 'cpu3c' }] }))).toMatchObject({ gpuCount: 0, gpuPools: [], cpuFlavors: [{ id: 'cpu3c', vcpuCount: 2 }] });
	});

	test('an execution timeout of 0 means the default', () => {
		expect(specOf({ timeout: 0 }).executionTimeoutMs).toBe(600_000);
		expect(specOf({ timeout: 5_000 }).executionTimeoutMs).toBe(5_000);
	});

	test.each<[string, object]>([
		['an unknown member', { colour: 'red' }],
		['an unknown member of gpu', { gpu: { pools: ['ADA_24'], kount: 1 } }],
		['an unknown pool', { gpu: { pools: ['ADA_25'] } }],
		['a port without a protocol', { ports: ['8080'] }],
		['port 65536', { ports: ['65536/http'] }],
		['a disk of 0 GB', { disk: 0 }],
		['a CUDA version without its minor', { gpu: { pools: ['ADA_24'], minCudaVersion: '12' } }],
		['a fallback order of its own', { fallbackOrder: 'price' }],
		['no name', { name: '' }],
		['a type of its own', { type: 'BATCH' }],
		['17 GPUs', { gpu: { pools: ['ADA_24'], count: 17 } }],
		['half a worker', { workers: { max: 1.5 } }],
		['an idle timeout of 0', { workers: { idleTimeout: 0 } }],
		['an idle timeout above an hour', { workers: { idleTimeout: 3_601 } }],
		['an execution timeout below 5 s', { timeout: 4_999 }],
		['a TTL above 7 days', { ttl: 604_800_001 }],
		['a bad variable name', { env: { 'A-B': '1' } }],
		['a variable that is no text', { env: { A: 1 } }],
		['request count 0', { scaling: { type: 'REQUEST_COUNT', requestCount: 0 } }],
		['mixed scaling', { scaling: { type: 'REQUEST_COUNT', queueDelay: 4 } }],
	])('%s is refused', (_what, over) => {
		expect(createEndpointV2.safeParse({ ...minimal, ...over }).success).toBe(false);
	});
});

const updates = fc.record(
	{
		name: fc.string({ minLength: 1, maxLength: 20 }),
		image: fc.constantFrom('a:1', 'process:///tmp'),
		args: fc.array(fc.string({ maxLength: 8 }), { maxLength: 4 }).map((words) => words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')),
		env: fc.dictionary(fc.constantFrom('A', 'B_1', '_C'), fc.string()),
		gpu: fc.record(
			{
				pools: fc.subarray([...GPU_POOL_IDS], { minLength: 1 }),
				count: fc.integer({ min: 1, max: 16 }),
				allowedCudaVersions: fc.subarray(['12.4', '12.8']),
				minCudaVersion: fc.constantFrom('12.0', null),
				types: fc.subarray(['NVIDIA L4', 'NVIDIA L40S', 'Tesla T4']),
				excludedTypes: fc.subarray(['NVIDIA L40', 'NVIDIA A40']),
			},
			{ requiredKeys: ['pools'] },
		),
		workers: fc.record({ min: fc.nat({ max: 10 }), max: fc.nat({ max: 10 }), idleTimeout: fc.integer({ min: 1, max: 3_600 }) }, { requiredKeys: [] }),
		scaling: fc.oneof(
			fc.record({ type: fc.constant('QUEUE_DELAY'), queueDelay: fc.integer({ min: 1, max: 3_600 }) }),
			fc.record({
				type: fc.constant('QUEUE_DELAY'),
				queueDelay: fc.integer({ min: 1, max: 3_600 }),
				anticipate: fc.record({ patience: fc.constantFrom(0, 0.4, 1), spareWorkers: fc.nat(100) }),
			}),
			fc.record({ type: fc.constant('REQUEST_COUNT'), requestCount: fc.integer({ min: 1, max: 10_000 }) }),
		),
		dataCenterIds: fc.subarray(['EU-RO-1', 'US-TX-3']),
		disk: fc.option(fc.integer({ min: 1, max: 10_000 })),
		ports: fc.subarray(['8080/http', '22/tcp']),
		registry: fc.option(fc.constantFrom('reg_1')),
		networkVolumes: fc.subarray(['vol_1', 'vol_2']),
		fallbackOrder: fc.constantFrom('tier', 'region'),
		timeout: fc.constantFrom(0, 5_000, 604_800_000),
		ttl: fc.integer({ min: 10_000, max: 604_800_000 }),
		retries: fc.nat({ max: 10 }),
		flashboot: fc.constantFrom('OFF', 'FLASHBOOT', 'PRIORITY_FLASHBOOT'),
		model: fc.option(fc.string({ maxLength: 10 })),
	},
	{ requiredKeys: [] },
);

describe('an update', () => {
	test('without members changes nothing', () => {
		const spec = specOf({ args: 'a "b c"', workers: { min: 1 } });
		expect(applyV2(spec, updateEndpointV2.parse({}))).toEqual(spec);
	});

	test('gives a specification that the wire to regions takes, and is the same when sent twice', () => {
		fc.assert(
			fc.property(updates, updates, (first, second) => {
				const spec = applyV2(specFromV2(create(first)), updateEndpointV2.parse(second));
				expect(endpointSpec.parse(spec)).toEqual(spec);
				expect(applyV2(spec, updateEndpointV2.parse(second))).toEqual(spec);
			}),
		);
	});

	test('changes only what it names', () => {
		const spec = specOf({ workers: { min: 1, max: 5, idleTimeout: 30 }, env: { A: '1' } });
		expect(applyV2(spec, updateEndpointV2.parse({ workers: { max: 9 } }))).toEqual({ ...spec, workersMax: 9 });
		expect(applyV2(spec, updateEndpointV2.parse({ env: {} }))).toEqual({ ...spec, env: {} });
		expect(applyV2(spec, updateEndpointV2.parse({ model: null }))).toEqual(spec);
	});

	test('cannot change the type', () => {
		expect(updateEndpointV2.safeParse({ type: 'LOAD_BALANCER' }).success).toBe(false);
	});
});

describe('GPUs of an update', () => {
	const before = specOf({ gpu: { pools: ['ADA_48_PRO', 'AMPERE_48'], excludedTypes: ['NVIDIA L40'], count: 2, allowedCudaVersions: ['12.8'], minCudaVersion: '12.4' } });
	const updated = (gpu: object): ReturnType<typeof specFromV2> => applyV2(before, updateEndpointV2.parse({ gpu }));

	test('without pools leave the selection as it is', () => {
		expect(updated({ count: 4 })).toEqual({ ...before, gpuCount: 4 });
		expect(updated({ allowedCudaVersions: [] })).toEqual({ ...before, cudaVersions: [] });
		expect(updated({ minCudaVersion: '' })).toEqual({ ...before, minCudaVersion: null });
	});

	test('with pools replace it, exclusions that are not restated included', () => {
		expect(updated({ pools: ['ADA_24'] })).toEqual({ ...before, gpuPools: ['ADA_24'], excludedGpuTypes: [] });
	});

	test('by type take the pools of the types, in their order', () => {
		expect(updated({ types: ['NVIDIA L4', 'Tesla T4', 'NVIDIA A40', 'NVIDIA RTX A5000'] })).toMatchObject({
			gpuTypes: ['NVIDIA L4', 'Tesla T4', 'NVIDIA A40', 'NVIDIA RTX A5000'],
			gpuPools: ['AMPERE_24', 'AMPERE_48'],
			excludedGpuTypes: [],
		});
		expect(updated({ pools: ['ADA_24'], types: [] })).toMatchObject({ gpuTypes: [], gpuPools: ['ADA_24'] });
	});
});

test('a stored specification of before there were three modes of FlashBoot, CPU flavours and volumes is still one', () => {
	const { gpuTypes, cpuFlavors, minCudaVersion, networkVolumeIds, ports, diskGb, registryId, fallbackOrder, ...old } = specOf();
	expect(endpointSpec.parse({ ...old, flashboot: true })).toEqual({ ...specOf(), flashboot: 'FLASHBOOT' });
	expect(endpointSpec.parse({ ...old, flashboot: false })).toEqual(specOf());
});

const facts = { id: 'abc', createdAt: '2026-01-02T00:00:00.000Z', version: 3, origin: 'https://edge.example' };

describe('the endpoint as shown', () => {
	test('shows a start command that splits into the same words, whatever they hold', () => {
		fc.assert(
			fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 6 }), (command) => {
				const shown = toEndpointV2(facts, { ...specOf(), command });
				expect(splitShellWords(shown['args'] as string)).toEqual(command);
			}),
		);
	});

	test('can be sent back as an update that changes nothing', () => {
		fc.assert(
			fc.property(updates, (over) => {
				const spec = specFromV2(create(over));
				const { id: _i, type: _t, createdAt: _c, version: _v, requestUrls: _r, ...body } = toEndpointV2(facts, spec);
				// The default profile of webhooks is spelled out when shown.
				expect(applyV2(spec, updateEndpointV2.parse(body))).toEqual({ webhookProfile: 'runpod', ...spec });
			}),
		);
	});

	test('names all URLs of a queue under the address that was called', () => {
		const at = (path: string): string => `https://edge.example/v2/abc/${path}`;
		expect(toEndpointV2(facts, specOf())).toMatchObject({ id: 'abc', createdAt: '2026-01-02T00:00:00.000Z', version: 3 });
		expect(toEndpointV2(facts, specOf())['requestUrls']).toEqual({
			run: at('run'),
			runSync: at('runsync'),
			status: at('status/{job_id}'),
			stream: at('stream/{job_id}'),
			cancel: at('cancel/{job_id}'),
			retry: at('retry/{job_id}'),
			purgeQueue: at('purge-queue'),
			health: at('health'),
		});
	});

	test('names base and health of a load balancer', () => {
		expect(toEndpointV2(facts, specOf({ type: 'LOAD_BALANCER' }))['requestUrls']).toEqual({ base: 'https://edge.example/lb/abc', health: 'https://edge.example/v2/abc/health' });
	});

	test('leaves the idle timeout out where it does not apply', () => {
		expect(toEndpointV2(facts, specOf({ scaling: { type: 'REQUEST_COUNT', requestCount: 1 } }))['workers']).toEqual({ min: 0, max: 3 });
		expect(toEndpointV2(facts, specOf())['workers']).toEqual({ min: 0, max: 3, idleTimeout: 5 });
	});

	test('shows the memory of CPU flavours', () => {
		const { gpu: _gpu, ...rest } = minimal;
		const cpu = specFromV2(createEndpointV2.parse({ ...rest, cpu: [{ id: 'cpu3g', vcpuCount: 4 }] }));
		expect(toEndpointV2(facts, cpu)).toMatchObject({ cpu: [{ id: 'cpu3g', vcpuCount: 4, memory: 16 }] });
		expect(toEndpointV2(facts, cpu)).not.toHaveProperty('gpu');
	});
});
