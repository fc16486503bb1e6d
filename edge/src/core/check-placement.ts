/** Whether any host could ever run an endpoint: what is wrong with where it may run, and what to change. Pure. */
import { suggestion } from '@longshore/shared-schema/config/parse';
import { compareCuda, isCudaAllowed } from '@longshore/shared-schema/endpoint/cuda';
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { gpuTierOf, gpuTiers } from '@longshore/shared-schema/endpoint/gpu-preference';
import type { HostFigure } from '@longshore/shared-schema/wire/region';

/** What is looked at of a host. */
export type PlacementHost = Pick<HostFigure, 'dataCenterId' | 'gpuType' | 'gpus' | 'cudaVersion'>;

const PLACEMENT: readonly (keyof EndpointSpec)[] = ['dataCenterIds', 'gpuPools', 'gpuTypes', 'excludedGpuTypes', 'gpuCount', 'cudaVersions', 'minCudaVersion'];

/** Whether a change touches where the endpoint may run: one that does not is never refused for hosts that have gone since. */
export function changesPlacement(before: EndpointSpec, after: EndpointSpec): boolean {
	return PLACEMENT.some((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}

/**
 * Problems of a specification against all hosts that have been heard of, full and cut-off ones included. A pool that has no host yet is no
 * problem: hosts may come. `catalogDataCenters`: ids that exist though no region may serve them. Without any host nothing is known.
 */
export function problemsOfPlacement(spec: EndpointSpec, hosts: readonly PlacementHost[], catalogDataCenters: readonly string[]): string[] {
	if (hosts.length === 0) return [];
	const problems = problemsOfDataCenters(spec.dataCenterIds, hosts, catalogDataCenters);
	return problems.length > 0 || spec.gpuCount === 0 ? problems : problemsOfGpus(spec, hosts);
}

function problemsOfDataCenters(allowed: readonly string[], hosts: readonly PlacementHost[], catalogDataCenters: readonly string[]): string[] {
	const served = sorted(hosts.map(({ dataCenterId }) => dataCenterId));
	const problems = allowed.flatMap((id, at) =>
		served.includes(id) || catalogDataCenters.includes(id)
			? []
			: [`dataCenterIds.${at}: ${id} is not a data centre${suggestion(id, [...served, ...catalogDataCenters])}: served are ${served.join(', ')}`],
	);
	if (problems.length > 0 || allowed.length === 0 || allowed.some((id) => served.includes(id))) return problems;
	return [`dataCenterIds: no region serves ${allowed.join(' or ')}: add one of ${served.join(', ')}, or leave dataCenterIds out to allow all`];
}

function problemsOfGpus(spec: EndpointSpec, hosts: readonly PlacementHost[]): string[] {
	const allowed = hosts.filter(({ dataCenterId }) => spec.dataCenterIds.length === 0 || spec.dataCenterIds.includes(dataCenterId));
	const wanted = allowed.filter(({ gpuType }) => gpuTierOf(spec, gpuType) >= 0 && !spec.excludedGpuTypes.includes(gpuType));
	if (wanted.length === 0) return [];
	const place = `${gpuTiers(spec).join(' or ')} in ${spec.dataCenterIds.length === 0 ? 'any data centre' : spec.dataCenterIds.join(' or ')}`;
	const problems: string[] = [];
	if (!wanted.some(({ cudaVersion }) => isCudaAllowed(spec, cudaVersion))) {
		const offered = sorted(
			wanted.map(({ cudaVersion }) => cudaVersion),
			compareCuda,
		);
		const isBelow = spec.minCudaVersion !== null && offered.every((version) => compareCuda(version, spec.minCudaVersion ?? '') < 0);
		problems.push(
			isBelow
				? `gpu.minCudaVersion: no host with ${place} has CUDA ${spec.minCudaVersion} or newer: they have ${offered.join(', ')}: lower it, or allow other pools`
				: `gpu.allowedCudaVersions: no host with ${place} has CUDA ${spec.cudaVersions.join(' or ')}: they have ${offered.join(', ')}: allow one of these, or other pools`,
		);
	}
	const largest = Math.max(...wanted.map(({ gpus }) => gpus));
	if (largest < spec.gpuCount) problems.push(`gpu.count: no host with ${place} has ${spec.gpuCount} GPUs: the largest has ${largest}: lower count, or allow other pools`);
	return problems;
}

function sorted(values: readonly string[], compare?: (a: string, b: string) => number): string[] {
	return [...new Set(values)].sort(compare);
}
