/** What keeps an endpoint off each host that there is, grouped by the constraint, in words and in machine-readable form. Pure. */
import { compareCuda, describeCuda, isCudaAllowed } from '@longshore/shared-schema/endpoint/cuda';
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { gpuTierOf, gpuTiers } from '@longshore/shared-schema/endpoint/gpu-preference';
import type { HostFigure } from '@longshore/shared-schema/wire/region';
import type { Constraint, PlacementObstacle } from '@longshore/shared-schema/wire/rest-v2/decisions-answer';
import type { RegionCapacity } from './grant-units.ts';
import { placedOf, type Supply } from './supply.ts';

/** Hosts that are named one by one. */
const NAMED_MAX = 3;
/** Those that fit but for the last one first: that is what has to change. */
const ORDER: readonly Constraint[] = ['draining', 'silent', 'gpu_count', 'cuda', 'gpu', 'volume', 'data_center'];

interface Looked {
	readonly host: HostFigure;
	readonly constraint: Constraint;
}

/** Empty when a host may run it, whether it is full or not. `spec` as the endpoint has it, not yet bound to its volumes' data centres. */
export function placementObstacles(endpoint: { readonly spec: EndpointSpec; readonly supply?: Supply }, regions: readonly RegionCapacity[]): PlacementObstacle[] {
	const placed = placedOf(endpoint);
	const volumes = endpoint.supply?.volumes ?? [];
	const looked = regions.flatMap(({ hosts, alive }) => hosts.map((host) => ({ host, constraint: constraintOf(placed, host, alive, volumes.length > 0) })));
	if (looked.some(({ constraint }) => constraint === null)) return [];
	const groups = Map.groupBy(looked as readonly Looked[], ({ constraint }) => constraint);
	return ORDER.flatMap((constraint) => {
		const hosts = groups.get(constraint)?.map(({ host }) => host) ?? [];
		return hosts.length === 0 ? [] : [{ constraint, hosts: hosts.length, text: describe(constraint, hosts, placed, volumes) }];
	});
}

/** The obstacles in one sentence; null when there is none. */
export function describeObstacles(obstacles: readonly PlacementObstacle[]): string | null {
	return obstacles.length === 0 ? null : `no host may run this endpoint now: ${obstacles.map(({ text }) => text).join('; ')}`;
}

/** The first that the host fails, in the order in which a user thinks of them; whether it takes anything at all comes last. */
function constraintOf(spec: EndpointSpec, host: HostFigure, alive: boolean, hasVolumes: boolean): Constraint | null {
	if (spec.dataCenterIds.length > 0 && !spec.dataCenterIds.includes(host.dataCenterId)) return hasVolumes ? 'volume' : 'data_center';
	if (spec.gpuCount > 0) {
		if (gpuTierOf(spec, host.gpuType) < 0 || spec.excludedGpuTypes.includes(host.gpuType)) return 'gpu';
		if (!isCudaAllowed(spec, host.cudaVersion)) return 'cuda';
		if (host.gpus < spec.gpuCount) return 'gpu_count';
	}
	if (!alive) return 'silent';
	return host.draining ? 'draining' : null;
}

function describe(constraint: Constraint, hosts: readonly HostFigure[], spec: EndpointSpec, volumes: Supply['volumes']): string {
	const n = hosts.length;
	const some = `${n} ${n === 1 ? 'host' : 'hosts'}`;
	const [is, has] = n === 1 ? ['is', 'has'] : ['are', 'have'];
	switch (constraint) {
		case 'draining':
			return `${
				n > NAMED_MAX
					? some
					: hosts
							.map(({ id }) => id)
							.sort()
							.join(' and ')
			} ${is} drained or cordoned`;
		case 'silent':
			return `${some} that would do ${is} in a region that is not heard`;
		case 'gpu_count':
			return `${some} ${has} fewer than ${spec.gpuCount} GPUs (the largest ${Math.max(...hosts.map(({ gpus }) => gpus))})`;
		case 'cuda':
			return `${some} ${has} CUDA ${list(hosts.map(({ cudaVersion }) => cudaVersion).sort(compareCuda))}, not ${describeCuda(spec)}`;
		case 'gpu':
			return `${some} ${has} no ${list(gpuTiers(spec))} GPUs`;
		case 'volume':
			return `${some} ${is} not in ${list(spec.dataCenterIds)}, where ${list(volumes.map(({ id }) => `volume ${id}`))} ${volumes.length === 1 ? 'lies' : 'lie'}`;
		case 'data_center':
			return `${some} ${is} not in ${list(spec.dataCenterIds)}`;
	}
}

function list(values: readonly string[]): string {
	const names = [...new Set(values)];
	return names.length <= 1 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
