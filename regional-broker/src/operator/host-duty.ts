/** `GET /operator/v1/hosts/{id}` and `POST /operator/v1/hosts/{id}/{cordon,drain,undrain}`: one host, and the duty that the operator gives it. */
import { suggestion } from '@longshore/shared-schema/config/parse';
import type { HostDuty } from '../core/host-duty.ts';
import type { Duties } from '../fleet/duties.ts';
import type { Registry } from '../fleet/registry.ts';
import type { Answer } from '../ingress/answer.ts';
import { errorText } from '../log.ts';

/** The verbs of the path and the duty that each gives. */
export const DUTY_OF_VERB: Readonly<Record<string, HostDuty>> = { cordon: 'cordoned', drain: 'drained', undrain: 'open' };

export interface HostDutySources {
	readonly registry: Pick<Registry, 'host' | 'hosts'>;
	readonly duties: Pick<Duties, 'of' | 'set'>;
}

/** The host as it is. */
export function describeHost({ registry, duties }: HostDutySources, hostId: string): Answer {
	const host = registry.host(hostId);
	if (host === undefined) return unknownHost(registry, hostId);
	const workers = host.workers.filter(({ phase }) => phase !== 'exited');
	const jobs = workers.reduce((sum, worker) => sum + worker.jobs.length, 0);
	return { status: 200, body: { ...host.figure, duty: duties.of(hostId), workers: workers.length, jobs } };
}

/** Gives a host its duty; answered when the order would outlive this broker. */
export async function giveDuty(sources: HostDutySources, hostId: string, duty: HostDuty): Promise<Answer> {
	if (sources.registry.host(hostId) === undefined) return unknownHost(sources.registry, hostId);
	try {
		await sources.duties.set(hostId, duty);
	} catch (error) {
		return { status: 503, body: { error: `the order could not be kept: ${errorText(error)}; nothing was changed, try again` }, retryAfterS: 1 };
	}
	return describeHost(sources, hostId);
}

/** The answer about a host that this region does not have. */
export function unknownHost(registry: Pick<Registry, 'hosts'>, hostId: string): Answer {
	const known = registry.hosts().map((host) => host.figure.id);
	return { status: 404, body: { error: `no host "${hostId.slice(0, 64)}" in this region${suggestion(hostId.slice(0, 64), known)}` } };
}
