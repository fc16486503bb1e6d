/** `POST workers`: the workers of one endpoint as their hosts last reported them. */
import { type RegionWorker, type WorkersAnswer, workersRequest } from '@longshore/shared-schema/wire/region-workers';
import type { HostedWorker, Registry } from '../fleet/registry.ts';
import { type Answer, badRequest } from './answer.ts';

/** The verb over the region's registry. */
export function createEndpointWorkers(registry: Registry, now: () => number): (body: unknown) => Promise<Answer> {
	return async (body) => {
		const parsed = workersRequest.safeParse(body);
		if (!parsed.success) return badRequest(`workers: ${parsed.error.message.slice(0, 500)}`);
		const hosted = registry.workers().get(parsed.data.endpointId) ?? [];
		const workers = hosted.flatMap((worker) => toRegionWorker(worker, registry, now()) ?? []);
		return { status: 200, body: { workers } satisfies WorkersAnswer };
	};
}

function toRegionWorker(worker: HostedWorker, registry: Registry, now: number): RegionWorker | null {
	const host = registry.host(worker.hostId);
	if (host === undefined || worker.phase === 'exited') return null;
	const draining = worker.phase === 'draining';
	return {
		id: worker.id,
		version: worker.version,
		state: worker.phase === 'draining' ? (worker.jobs.length > 0 ? 'running' : 'idle') : worker.phase,
		draining,
		gpuCount: worker.gpus.length,
		gpuType: host.figure.gpuType,
		hostId: worker.hostId,
		dataCenterId: host.figure.dataCenterId,
		jobs: worker.jobs.length,
		startedAgoMs: Math.round(worker.startedAgoMs + now - worker.heardAtMs),
		...(worker.start === undefined ? {} : { start: worker.start }),
		...(worker.preparing === undefined ? {} : { preparing: worker.preparing }),
		...(worker.ports === undefined ? {} : { ports: worker.ports }),
	};
}
