/** An endpoint's specification with usual values, for tests that care about some of them. */
import { type EndpointSpec, endpointSpec } from '../../shared-schema/src/endpoint/endpoint.ts';

/** A small GPU endpoint with RunPod's defaults, and `more` of its own. */
export function specWith(more: Partial<EndpointSpec> = {}): EndpointSpec {
	return endpointSpec.parse({
		name: 'test',
		type: 'QUEUE',
		image: 'example/worker:1',
		command: [],
		env: {},
		gpuPools: ['ADA_24'],
		excludedGpuTypes: [],
		gpuCount: 1,
		cudaVersions: [],
		dataCenterIds: [],
		workersMin: 0,
		workersMax: 3,
		idleTimeoutS: 5,
		scaling: { type: 'QUEUE_DELAY', queueDelayS: 4 },
		executionTimeoutMs: 600_000,
		ttlMs: 86_400_000,
		retriesMax: 1,
		flashboot: false,
		model: null,
		...more,
	});
}
