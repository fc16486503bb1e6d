import { describe, expect, test } from 'vitest';
import { needsNewWorkers, rolledBack } from '../../../edge/src/core/release.ts';
import type { EndpointSpec } from '../../../shared-schema/src/endpoint/endpoint.ts';
import { spec } from './samples.ts';

const changes: Record<Exclude<keyof EndpointSpec, 'type'>, [Partial<EndpointSpec>, boolean]> = {
	name: [{ name: 'y' }, false],
	workersMin: [{ workersMin: 1 }, false],
	workersMax: [{ workersMax: 9 }, false],
	idleTimeoutS: [{ idleTimeoutS: 60 }, false],
	scaling: [{ scaling: { type: 'REQUEST_COUNT', requestCount: 1 } }, false],
	executionTimeoutMs: [{ executionTimeoutMs: 5_000 }, false],
	ttlMs: [{ ttlMs: 10_000 }, false],
	retriesMax: [{ retriesMax: 0 }, false],
	flashboot: [{ flashboot: 'FLASHBOOT' }, false],
	fallbackOrder: [{ fallbackOrder: 'region' }, false],
	webhookProfile: [{ webhookProfile: 'durable' }, false],
	image: [{ image: 'other:2' }, true],
	entrypoint: [{ entrypoint: ['sh'] }, true],
	command: [{ command: ['python3'] }, true],
	env: [{ env: { A: '1' } }, true],
	gpuPools: [{ gpuPools: ['AMPERE_80'] }, true],
	excludedGpuTypes: [{ excludedGpuTypes: ['NVIDIA L4'] }, true],
	gpuCount: [{ gpuCount: 2 }, true],
	cudaVersions: [{ cudaVersions: ['12.8'] }, true],
	gpuTypes: [{ gpuTypes: ['NVIDIA L4'] }, true],
	cpuFlavors: [{ cpuFlavors: [{ id: 'cpu5c', vcpuCount: 4 }] }, true],
	minCudaVersion: [{ minCudaVersion: '12.4' }, true],
	networkVolumeIds: [{ networkVolumeIds: ['vol1'] }, true],
	ports: [{ ports: ['8080/http'] }, true],
	diskGb: [{ diskGb: 50 }, true],
	registryId: [{ registryId: 'reg1' }, true],
	dataCenterIds: [{ dataCenterIds: ['EU-RO-1'] }, true],
	model: [{ model: 'org/model' }, true],
};

describe('a change of', () => {
	test.each(Object.entries(changes))('%s', (_name, [change, release]) => {
		expect(needsNewWorkers(spec(), spec(change))).toBe(release);
		expect(needsNewWorkers(spec(change), spec())).toBe(release);
	});

	test('nothing is no release', () => {
		expect(needsNewWorkers(spec({ env: { A: '1' } }), spec({ env: { A: '1' } }))).toBe(false);
	});

	test('the order of variables alone is no release', () => {
		expect(needsNewWorkers(spec({ env: { A: '1', B: '2' } }), spec({ env: { B: '2', A: '1' } }))).toBe(false);
	});
});

describe('a roll-back', () => {
	test('brings back what workers are made of, and leaves what applies in place', () => {
		const earlier = spec({ image: 'old:1', env: { A: '1' }, workersMax: 2, name: 'was', webhookProfile: 'durable' });
		const current = spec({ image: 'new:2', env: {}, workersMax: 9, name: 'is', executionTimeoutMs: 5_000 });
		expect(rolledBack(current, earlier)).toEqual({ ...current, image: 'old:1', env: { A: '1' } });
	});

	test('to what runs now needs no new workers', () => {
		expect(needsNewWorkers(spec(), rolledBack(spec(), spec({ name: 'was' })))).toBe(false);
	});
});
