/** `GET /operator/v1/hosts`: every host with its figures, and the boots that were lost. */
import type { Duties } from '../fleet/duties.ts';
import type { Registry } from '../fleet/registry.ts';

/** The answer's body. */
export function describeHosts(registry: Registry, duties: Pick<Duties, 'of'>, isLeader: boolean, now: number): unknown {
	return {
		leader: isLeader,
		complete: registry.isComplete(),
		hosts: registry.hosts().map((host) => ({
			...host.figure,
			duty: duties.of(host.figure.id),
			workers: host.workers.length,
			frozen: host.frozen,
			starts: host.starts,
			heardAgoMs: host.n === 0 ? null : Math.round(now - host.heardAtMs),
			report: host.n,
		})),
		lostBoots: registry.lostBoots(),
	};
}
