import { describe, expect, test } from 'vitest';
import { needsNewWorkers } from '../../../edge/src/core/release.ts';
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
	flashboot: [{ flashboot: true }, false],
	webhookProfile: [{ webhookProfile: 'durable' }, false],
	image: [{ image: 'other:2' }, true],
	command: [{ command: ['python3'] }, true],
	env: [{ env: { A: '1' } }, true],
	gpuPools: [{ gpuPools: ['AMPERE_80'] }, true],
	excludedGpuTypes: [{ excludedGpuTypes: ['NVIDIA L4'] }, true],
	gpuCount: [{ gpuCount: 2 }, true],
	cudaVersions: [{ cudaVersions: ['12.8'] }, true],
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
