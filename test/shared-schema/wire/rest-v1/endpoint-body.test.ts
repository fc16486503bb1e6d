import { describe, expect, test } from 'vitest';
import { GPU_POOL_IDS } from '../../../../shared-schema/src/catalog/pools.ts';
import { changeFromV1, createEndpointV1, settingsFromV1, updateEndpointV1 } from '../../../../shared-schema/src/wire/rest-v1/endpoint-body.ts';
import { toEndpointV1 } from '../../../../shared-schema/src/wire/rest-v1/endpoint-show.ts';
import { inWordsOfV1 } from '../../../../shared-schema/src/wire/rest-v1/words.ts';
import { specFromV2 } from '../../../../shared-schema/src/wire/rest-v2/endpoint-apply.ts';
import { createEndpointV2, updateEndpointV2 } from '../../../../shared-schema/src/wire/rest-v2/endpoint-body.ts';

const create = (over: object = {}) => settingsFromV1(createEndpointV1.parse({ templateId: 't', ...over }));
const specOf = (over: object = {}) => specFromV2(createEndpointV2.parse({ name: 'n', type: 'QUEUE', image: 'i', ...create(over) }));
const gpuBefore = { gpuCount: 1, cpuFlavors: [], scaling: { type: 'QUEUE_DELAY', queueDelayS: 7 } } as const;
const change = (body: object, before: Parameters<typeof changeFromV1>[1] = { ...gpuBefore, cpuFlavors: [] }) => changeFromV1(updateEndpointV1.parse(body), before);

describe('a new endpoint', () => {
	test("has RunPod's defaults and takes any GPU pool, the cheapest first", () => {
		expect(specOf()).toMatchObject({
			gpuPools: GPU_POOL_IDS,
			gpuCount: 1,
			workersMin: 0,
			workersMax: 3,
			idleTimeoutS: 5,
			scaling: { type: 'QUEUE_DELAY', queueDelayS: 4 },
			flashboot: 'OFF',
		});
	});

	test('names GPU types in order of preference', () => {
		expect(specOf({ gpuTypeIds: ['NVIDIA L4', 'NVIDIA GeForce RTX 4090'], gpuCount: 2, allowedCudaVersions: ['12.8'], minCudaVersion: '12.4' })).toMatchObject({
			gpuTypes: ['NVIDIA L4', 'NVIDIA GeForce RTX 4090'],
			gpuPools: ['AMPERE_24', 'ADA_24'],
			gpuCount: 2,
			cudaVersions: ['12.8'],
			minCudaVersion: '12.4',
		});
	});

	test('on CPUs is a CPU endpoint, whatever it says of GPUs', () => {
		expect(specOf({ computeType: 'CPU', gpuTypeIds: ['NVIDIA L4'], gpuCount: 2 })).toMatchObject({
			gpuCount: 0,
			gpuTypes: [],
			gpuPools: [],
			cpuFlavors: [{ id: 'cpu3c', vcpuCount: 2 }],
		});
		expect(specOf({ computeType: 'CPU', cpuFlavorIds: ['cpu5g', 'cpu3c'], vcpuCount: 4 }).cpuFlavors).toEqual([
			{ id: 'cpu5g', vcpuCount: 4 },
			{ id: 'cpu3c', vcpuCount: 4 },
		]);
	});

	test('maps scaler, timeouts, FlashBoot and volumes', () => {
		expect(
			specOf({
				scalerType: 'REQUEST_COUNT',
				scalerValue: 2,
				idleTimeout: 30,
				executionTimeoutMs: 60_000,
				flashboot: true,
				networkVolumeId: 'v1',
				networkVolumeIds: ['v2', 'v1'],
				workersMin: 1,
				workersMax: 9,
			}),
		).toMatchObject({
			scaling: { type: 'REQUEST_COUNT', requestCount: 2 },
			idleTimeoutS: 30,
			executionTimeoutMs: 60_000,
			flashboot: 'FLASHBOOT',
			networkVolumeIds: ['v2', 'v1'],
			workersMin: 1,
			workersMax: 9,
		});
	});

	test.each<[string, object]>([
		['no template', {}],
		['an unknown member', { templateId: 't', type: 'QUEUE' }],
		['an idle timeout of 0', { templateId: 't', idleTimeout: 0 }],
		['no GPU', { templateId: 't', gpuCount: 0 }],
		['a scaler of its own', { templateId: 't', scalerType: 'COST' }],
		['a name of 192 characters', { templateId: 't', name: 'x'.repeat(192) }],
	])('%s is refused', (_what, body) => expect(createEndpointV1.safeParse(body).success).toBe(false));
});

describe('a change', () => {
	test('says only what it names, as REST v2 takes it', () => {
		expect(change({})).toEqual({});
		expect(change({ workersMax: 5 })).toEqual({ workers: { max: 5 } });
		expect(change({ flashboot: false })).toEqual({ flashboot: 'OFF' });
		expect(updateEndpointV2.safeParse(change({ gpuCount: 2, networkVolumeId: '', name: 'x' })).success).toBe(true);
		expect(change({ networkVolumeId: '' })).toEqual({ networkVolumes: [] });
	});

	test('of the scaler keeps the other half', () => {
		expect(change({ scalerValue: 9 }).scaling).toEqual({ type: 'QUEUE_DELAY', queueDelay: 9 });
		const anticipate = { patience: 0.5, spareWorkers: 1 };
		const before = { ...gpuBefore, cpuFlavors: [], scaling: { ...gpuBefore.scaling, anticipate } };
		expect(change({ scalerValue: 9 }, before).scaling).toEqual({ type: 'QUEUE_DELAY', queueDelay: 9, anticipate });
		expect(change({ scalerType: 'QUEUE_DELAY' }).scaling).toEqual({ type: 'QUEUE_DELAY', queueDelay: 7 });
		expect(change({ scalerType: 'REQUEST_COUNT' }).scaling).toEqual({ type: 'REQUEST_COUNT', requestCount: 4 });
	});

	test('of CPUs keeps the flavours that it does not name, and nothing of GPUs reaches a CPU endpoint', () => {
		const before = { gpuCount: 0, cpuFlavors: [{ id: 'cpu3g', vcpuCount: 2 }], scaling: gpuBefore.scaling };
		expect(change({ vcpuCount: 8 }, before)).toEqual({ cpu: [{ id: 'cpu3g', vcpuCount: 8 }] });
		expect(change({ gpuTypeIds: ['NVIDIA L4'] }, before)).toEqual({});
		expect(change({ cpuFlavorIds: ['cpu5c'] })).toEqual({});
	});
});

test('the endpoint as shown has every GPU type of its pools but the excluded ones, or the flavour with its memory', () => {
	const facts = { id: 'e', accountId: 'a', createdAt: '2026-01-01T00:00:00.000Z', version: 1, templateId: 't' };
	const pools = specFromV2(createEndpointV2.parse({ name: 'n', type: 'QUEUE', image: 'i', gpu: { pools: ['ADA_24', 'AMPERE_24'], excludedTypes: ['NVIDIA L4'] } }));
	expect(toEndpointV1(facts, pools)).toMatchObject({
		computeType: 'GPU',
		gpuTypeIds: ['NVIDIA GeForce RTX 4090', 'NVIDIA RTX A5000', 'NVIDIA GeForce RTX 3090'],
		templateId: 't',
		userId: 'a',
	});
	expect(toEndpointV1(facts, specOf({ computeType: 'CPU' }))).toMatchObject({ computeType: 'CPU', gpuTypeIds: [], instanceIds: ['cpu3c-2-4'] });
});

test.each([
	['workers.min: 4 must not exceed workers.max (3)', 'workersMin: 4 must not exceed workersMax (3)'],
	['gpu.types: "x" is not a GPU type', 'gpuTypeIds: "x" is not a GPU type'],
	['cpu.0.id: "x" is not a CPU flavour', 'cpuFlavorIds: "x" is not a CPU flavour'],
	['networkVolumes.1: no volume: GET /v2/network-volumes lists them', 'networkVolumeIds.1: no volume: GET /v1/networkvolumes lists them'],
])('%s reads %s in REST v1', (problem, text) => expect(inWordsOfV1(problem)).toBe(text));
