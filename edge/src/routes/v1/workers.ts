/** An endpoint's workers in REST v1's shape, which is that of a pod. */

import type { EndpointRecord } from '../../core/endpoint-record.ts';
import { showWorkers } from '../../core/fleet-view.ts';
import type { Env } from '../../env.ts';
import { askWorkers } from '../../regions/region-workers.ts';
import { viewClock } from '../serverless/show.ts';

/** Workers that really run, as the regions say now. */
export async function workersV1(env: Env, { id, version, spec }: EndpointRecord): Promise<Record<string, unknown>[]> {
	const [fleets, releases] = await Promise.all([askWorkers(env, id), env.ENDPOINT_STORE.getByName(id).releases()]);
	const { workers } = showWorkers(fleets, releases, version, spec.gpuCount, viewClock());
	return workers
		.filter(({ startedAt }) => startedAt !== null)
		.map((worker) => ({
			id: worker.id,
			endpointId: id,
			desiredStatus: 'RUNNING',
			lastStartedAt: worker.startedAt,
			image: worker.image,
			slsVersion: worker.version,
			gpu: worker.gpuCount === 0 ? null : { id: worker.gpuTypeId, count: worker.gpuCount },
			publicIp: worker.ports[0]?.publicIp ?? '',
			portMappings: Object.fromEntries(worker.ports.map(({ port, publicPort }) => [String(port), publicPort])),
			machine: { dataCenterId: worker.dataCenterId, gpuTypeId: worker.gpuTypeId },
		}));
}
