/** `GET /operator/v1/workers`: every worker, and by endpoint the last failures with exit code and log. */
import type { Backoffs } from '../fleet/backoffs.ts';
import type { Grants } from '../fleet/grants.ts';
import type { Registry } from '../fleet/registry.ts';

/** The answer's body. */
export function describeWorkers(registry: Registry, grants: Grants, backoffs: Backoffs, now: number): unknown {
	const workers = [...registry.workers().values()].flat().map(({ heardAtMs, ...worker }) => {
		const version = grants.get(worker.endpointId)?.version;
		return { ...worker, outdated: version !== undefined && version !== worker.version, heardAgoMs: Math.round(now - heardAtMs) };
	});
	const failures = grants.all().flatMap(({ endpointId }) => backoffs.recent(endpointId).map(({ atMs, ...failure }) => ({ endpointId, ...failure, agoMs: Math.round(now - atMs) })));
	return { workers, failures };
}
