/** What is wrong with an endpoint as asked for, each with the field, the bound and what to change. What needs the regions to judge is the edge's. */
import type { Catalog } from '../../catalog/catalog.ts';
import { suggestion } from '../../config/parse.ts';
import { compareCuda } from '../../endpoint/cuda.ts';
import type { EndpointSpec } from '../../endpoint/endpoint.ts';
import { parseModelRef } from '../../endpoint/model-ref.ts';
import { COMMAND_WORD_CHARS_MAX, COMMAND_WORDS_MAX, ENV_CHARS_MAX } from '../../limits.ts';
import type { CreateEndpointV2, UpdateEndpointV2 } from './endpoint-body.ts';

/** Problems of a create body by itself: whether it says what to run on. */
export function problemsOfCreate(body: CreateEndpointV2): string[] {
	if (body.image === undefined) return ['image: is missing: give the image to run, or the templateId of a template that has one'];
	if ((body.gpu === undefined) === (body.cpu === undefined)) return ['gpu, cpu: exactly one of gpu and cpu must be given: gpu {"pools":[…]} or cpu [{"id":…}]'];
	if (body.gpu !== undefined && (body.gpu.pools ?? []).length + (body.gpu.types ?? []).length === 0)
		return ['gpu.pools: at least one GPU pool is needed: name pools in order of preference, such as ["ADA_24","AMPERE_24"]'];
	return [];
}

/** Problems of an update body against what it changes. */
export function problemsOfUpdate(body: UpdateEndpointV2, before: EndpointSpec): string[] {
	const problems: string[] = [];
	if (before.gpuCount > 0 && body.cpu !== undefined) problems.push('cpu: this is a GPU endpoint and stays one: create another endpoint with cpu');
	if (before.gpuCount === 0 && body.gpu !== undefined) problems.push('gpu: this is a CPU endpoint and stays one: create another endpoint with gpu');
	if (body.gpu?.excludedTypes !== undefined && body.gpu.pools === undefined && body.gpu.types === undefined)
		problems.push('gpu.excludedTypes: comes with gpu.pools, because naming pools replaces both: give the pools too');
	if (body.gpu?.pools?.length === 0 && (body.gpu.types ?? []).length === 0) problems.push('gpu.pools: at least one GPU pool is needed: name pools in order of preference');
	return problems;
}

/** Problems of the specification `spec` that `body` led to. */
export function problemsOfSpec(spec: EndpointSpec, body: UpdateEndpointV2, catalog: Catalog): string[] {
	return [...problemsOfCommand(spec), ...problemsOfModel(body), ...problemsOfWorkers(spec, body), ...problemsOfGpu(spec, body, catalog), ...problemsOfCpu(body, catalog)];
}

function problemsOfCommand(spec: EndpointSpec): string[] {
	const problems: string[] = [];
	if (spec.command.length > COMMAND_WORDS_MAX) problems.push(`args: has ${spec.command.length} words, at most ${COMMAND_WORDS_MAX} are allowed: put the command into a script`);
	if (spec.command.some((word) => word.length > COMMAND_WORD_CHARS_MAX))
		problems.push(`args: has a word of more than ${COMMAND_WORD_CHARS_MAX} characters: put it into env or a file`);
	const envChars = Object.entries(spec.env).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
	if (envChars > ENV_CHARS_MAX) problems.push(`env: has ${envChars} characters in all, at most ${ENV_CHARS_MAX} are allowed: put large values into the image or a volume`);
	return problems;
}

function problemsOfModel({ model }: UpdateEndpointV2): string[] {
	if (model === undefined || model === null || parseModelRef(model) !== null) return [];
	return [`model: "${model.slice(0, 80)}" names no Hugging Face model: give it as organization/name, with @revision for a branch, tag or commit other than main`];
}

function problemsOfWorkers(spec: EndpointSpec, body: UpdateEndpointV2): string[] {
	const problems: string[] = [];
	if (spec.workersMin > spec.workersMax) problems.push(`workers.min: ${spec.workersMin} must not exceed workers.max (${spec.workersMax}): lower min or raise max`);
	if (spec.type === 'LOAD_BALANCER' && spec.scaling.type !== 'REQUEST_COUNT')
		problems.push('scaling.type: a LOAD_BALANCER endpoint scales by REQUEST_COUNT: set scaling to {"type":"REQUEST_COUNT","requestCount":N}');
	if (spec.type === 'QUEUE' && spec.scaling.type === 'REQUEST_COUNT' && body.workers?.idleTimeout !== undefined)
		problems.push('workers.idleTimeout: does not apply to a QUEUE endpoint that scales by REQUEST_COUNT: leave it out, or set scaling.type to QUEUE_DELAY');
	return problems;
}

function problemsOfGpu(spec: EndpointSpec, body: UpdateEndpointV2, catalog: Catalog): string[] {
	if (spec.gpuCount === 0) return spec.model === null ? [] : ['model: needs a GPU endpoint: give gpu instead of cpu, or leave model out'];
	const problems: string[] = [];
	const known = catalog.gpus.map(({ id }) => id);
	for (const type of body.gpu?.types ?? []) if (!known.includes(type)) problems.push(`gpu.types: "${type}" is not a GPU type of the catalogue${nearest(type, known)}`);
	const ofPools = (type: string): boolean => spec.gpuPools.some((pool) => catalog.gpus.some((gpu) => gpu.id === type && gpu.pool === pool));
	const inPools = known.filter(ofPools);
	for (const type of body.gpu?.excludedTypes ?? []) {
		if (!known.includes(type)) problems.push(`gpu.excludedTypes: "${type}" is not a GPU type of the catalogue${nearest(type, inPools.length > 0 ? inPools : known)}`);
		else if (!inPools.includes(type)) problems.push(`gpu.excludedTypes: "${type}" is in none of the pools ${spec.gpuPools.join(', ')}: leave it out`);
	}
	const left = (spec.gpuTypes.length > 0 ? spec.gpuTypes : inPools).filter((type) => !spec.excludedGpuTypes.includes(type));
	if (body.gpu !== undefined && problems.length === 0 && left.length === 0)
		problems.push(`gpu.excludedTypes: excludes every GPU type of ${spec.gpuPools.join(', ')}: name another pool or exclude less`);
	const { cudaVersions, minCudaVersion } = spec;
	if (minCudaVersion !== null && cudaVersions.length > 0 && !cudaVersions.some((version) => compareCuda(version, minCudaVersion) >= 0))
		problems.push(`gpu.minCudaVersion: ${minCudaVersion} is above every version of gpu.allowedCudaVersions (${cudaVersions.join(', ')}): lower it, or allow newer versions`);
	return problems;
}

function problemsOfCpu(body: UpdateEndpointV2, catalog: Catalog): string[] {
	const problems: string[] = [];
	const known = catalog.cpus.map(({ id }) => id);
	const seen = new Set<string>();
	(body.cpu ?? []).forEach(({ id, vcpuCount = 2 }, n) => {
		const flavor = catalog.cpus.find((candidate) => candidate.id === id);
		if (flavor === undefined) problems.push(`cpu.${n}.id: "${id}" is not a CPU flavour of the catalogue${nearest(id, known)}`);
		else if (vcpuCount < flavor.vcpuMin || vcpuCount > flavor.vcpuMax || !Number.isInteger(Math.log2(vcpuCount)))
			problems.push(`cpu.${n}.vcpuCount: ${vcpuCount} does not fit ${id}: choose a power of two from ${flavor.vcpuMin} to ${flavor.vcpuMax}`);
		if (seen.has(`${id}/${vcpuCount}`)) problems.push(`cpu.${n}: ${id} with ${vcpuCount} vCPUs is listed twice: keep one`);
		seen.add(`${id}/${vcpuCount}`);
	});
	return problems;
}

/** ` (did you mean X?)`, or the list itself when it is short and nothing is near. */
function nearest(name: string, known: readonly string[]): string {
	const within = known.find((candidate) => candidate.toLowerCase().includes(name.trim().toLowerCase()));
	const near = within === undefined ? suggestion(name, known) : ` (did you mean ${within}?)`;
	return near !== '' ? near : known.length <= 12 ? `: choose among ${known.join(', ')}` : ': GET /v2/catalog/gpus lists them';
}
