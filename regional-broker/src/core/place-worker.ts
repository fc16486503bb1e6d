/** Decides on which host the next worker of an endpoint starts, or says in words why none fits. */
import { describeCuda, isCudaAllowed } from '@longshore/shared-schema/endpoint/cuda';
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { gpuTiers, tierNameOf } from '@longshore/shared-schema/endpoint/gpu-preference';
import { modelKey } from '@longshore/shared-schema/endpoint/model-ref';

export type PlaceSpec = Pick<EndpointSpec, 'gpuPools' | 'gpuTypes' | 'excludedGpuTypes' | 'gpuCount' | 'cudaVersions' | 'minCudaVersion' | 'dataCenterIds' | 'model'>;

export interface PlaceHost {
	readonly id: string;
	readonly dataCenterId: string;
	readonly gpuType: string;
	readonly gpus: number;
	/** GPUs that were taken out of `gpus`: they failed, or the operator said so. */
	readonly gpusOut?: number;
	/** Free GPUs less those promised to workers that are about to start. */
	readonly gpusFree: number;
	readonly cudaVersion: string;
	readonly models: readonly string[];
	readonly draining: boolean;
	/** Workers of this endpoint on the host, and of all endpoints. */
	readonly workersOfEndpoint: number;
	readonly workers: number;
	/** Above 0 after failed starts of this endpoint here: not before that time has passed. */
	readonly backoffMs: number;
	/** Why the last start here failed; null or left out: none did. */
	readonly failure?: string | null;
	/** Frozen workers of this endpoint's release that could be thawed there now. Left out: none. */
	readonly frozen?: number;
}

export type Placement = { readonly hostId: string; readonly why: string } | { readonly blocked: string; readonly retryInMs: number | null };

const BLOCKED_CHARS_MAX = 300;
const PASSED_OVER_MAX = 2;
/** Of a failed start's reason. */
const FAILURE_CHARS_MAX = 200;

/** The best host: pools or GPU types in the endpoint's order, then the one with a frozen worker of it, then the one that holds the model, then spread. `volumes`: those that the data centres of `spec` come from. */
export function placeWorker(spec: PlaceSpec, hosts: readonly PlaceHost[], volumes: readonly { readonly id: string }[] = []): Placement {
	const allowed = hosts.filter((host) => isInReach(host, spec));
	const blockedBy = (explanations: readonly string[]): Placement => blocked([...explanations, ...passedOver(hosts, spec, volumes)], allowed);
	if (spec.gpuCount === 0) return placeAmong('CPU', allowed.slice(), spec) ?? blockedBy([explain('CPU', allowed, spec)]);
	const named = spec.gpuPools.length + spec.gpuTypes.length > 0;
	const explanations: string[] = [];
	for (const tier of gpuTiers(spec)) {
		const members = allowed.filter((host) => tierNameOf(spec, host.gpuType) === tier);
		const placement = placeAmong(tier, members, spec);
		if (placement !== null) return placement;
		if (members.length > 0 || named) explanations.push(explain(tier, members, spec));
	}
	return blockedBy(explanations.length > 0 ? explanations : ['no host with GPUs in the allowed data centres']);
}

function placeAmong(pool: string, members: PlaceHost[], spec: PlaceSpec): Placement | null {
	const best = members.filter((host) => obstacle(host, spec) === null).sort((a, b) => compareHosts(a, b, spec))[0];
	if (best === undefined) return null;
	const frozen = hasFrozen(best) ? ', has a frozen worker' : '';
	return { hostId: best.id, why: `${pool} in ${best.dataCenterId}${frozen}${spec.model === null ? '' : `, ${aboutModel(spec.model, best, members, spec)}`}` };
}

function aboutModel(model: string, best: PlaceHost, members: readonly PlaceHost[], spec: PlaceSpec): string {
	if (holdsModel(best, spec)) return 'holds the model';
	const holder = members.filter((host) => holdsModel(host, spec)).sort((a, b) => (a.id < b.id ? -1 : 1))[0];
	const why = holder === undefined ? null : obstacle(holder, spec);
	return `does not hold ${model}: ${holder === undefined || why === null ? 'no host of this tier does' : `${holder.id} does and ${WORDS[why]}`}`;
}

const isInReach = ({ dataCenterId }: PlaceHost, { dataCenterIds }: PlaceSpec): boolean => dataCenterIds.length === 0 || dataCenterIds.includes(dataCenterId);

type Obstacle = 'draining' | 'excluded' | 'cuda' | 'small' | 'full' | 'backoff';

const WORDS: Readonly<Record<Obstacle, string>> = {
	draining: 'takes no workers now',
	excluded: 'has an excluded GPU type',
	cuda: 'has the wrong CUDA version',
	small: 'has too few GPUs',
	full: 'is full',
	backoff: 'waits after a failed start',
};

function obstacle(host: PlaceHost, spec: PlaceSpec): Obstacle | null {
	if (host.draining) return 'draining';
	if (spec.gpuCount > 0) {
		if (spec.excludedGpuTypes.includes(host.gpuType)) return 'excluded';
		if (!isCudaAllowed(spec, host.cudaVersion)) return 'cuda';
		if (host.gpus < spec.gpuCount) return 'small';
		if (host.gpusFree < spec.gpuCount) return 'full';
	}
	return host.backoffMs > 0 ? 'backoff' : null;
}

/** Hosts name models by `modelKey`, or as their operator declared them. */
function holdsModel({ models }: PlaceHost, { model }: PlaceSpec): boolean {
	return model !== null && (models.includes(model) || models.includes(modelKey(model)));
}

function hasFrozen({ frozen }: PlaceHost): boolean {
	return frozen !== undefined && frozen > 0;
}

function compareHosts(a: PlaceHost, b: PlaceHost, spec: PlaceSpec): number {
	const holds = (host: PlaceHost): number => (holdsModel(host, spec) ? 0 : 1);
	// An endpoint without GPUs leaves hosts with free GPUs to those that need them.
	const gpusInTheWay = (host: PlaceHost): number => (spec.gpuCount === 0 && host.gpus > 0 ? 1 : 0);
	return (
		Number(hasFrozen(b)) - Number(hasFrozen(a)) ||
		holds(a) - holds(b) ||
		gpusInTheWay(a) - gpusInTheWay(b) ||
		a.workersOfEndpoint - b.workersOfEndpoint ||
		b.gpusFree - a.gpusFree ||
		a.workers - b.workers ||
		(a.id < b.id ? -1 : 1)
	);
}

/** One pool's reason, by the obstacle that is nearest to going away. */
function explain(pool: string, members: readonly PlaceHost[], spec: PlaceSpec): string {
	if (members.length === 0) return `${pool} has no host in ${spec.dataCenterIds.length > 0 ? spec.dataCenterIds.join(' or ') : 'this region'}`;
	const of = (kind: Obstacle): PlaceHost[] => members.filter((host) => obstacle(host, spec) === kind);
	const backedOff = of('backoff');
	if (backedOff.length > 0) {
		const failure = backedOff.find((host) => host.failure)?.failure ?? '';
		return `${pool} waits after failed starts on ${names(backedOff.map((host) => host.id))}${failure === '' ? '' : ` (${failure.slice(0, FAILURE_CHARS_MAX)})`}`;
	}
	const full = of('full');
	if (full.length > 0) return `${pool} full in ${names(full.map((host) => host.dataCenterId))}${describeOut(members)}`;
	if (of('small').length > 0) return `${pool} has no host with ${spec.gpuCount} ${spec.gpuCount === 1 ? 'GPU' : 'GPUs'}${describeOut(members)}`;
	if (of('cuda').length > 0) return `${pool} has no host with CUDA ${describeCuda(spec)}`;
	if (of('excluded').length > 0) return `${pool} has only excluded GPU types`;
	return `${pool} has only draining hosts`;
}

/** GPUs that would be there if they were well, or let in. */
function describeOut(members: readonly PlaceHost[]): string {
	const out = members.reduce((sum, { gpusOut = 0 }) => sum + gpusOut, 0);
	return out === 0 ? '' : ` (${out} ${out === 1 ? 'GPU' : 'GPUs'} there taken out)`;
}

/** Hosts of the endpoint's tiers with room that a rule of the endpoint keeps it off: what it could change. */
function passedOver(hosts: readonly PlaceHost[], spec: PlaceSpec, volumes: readonly { readonly id: string }[]): string[] {
	const rules = hosts.flatMap((host) => {
		if (spec.gpuCount > 0 && (host.gpusFree < spec.gpuCount || !gpuTiers(spec).includes(tierNameOf(spec, host.gpuType) ?? ''))) return [];
		const kind = obstacle(host, spec);
		if (kind === 'cuda') return [`${host.id} has room and CUDA ${host.cudaVersion}, not ${describeCuda(spec)}`];
		if (kind === 'excluded') return [`${host.id} has room and an excluded GPU type`];
		if (kind !== null || isInReach(host, spec)) return [];
		const lies = volumes.length === 0 ? '' : `, where ${names(volumes.map(({ id }) => `volume ${id}`))} ${volumes.length === 1 ? 'lies' : 'lie'}`;
		return [`${host.id} has room in ${host.dataCenterId}, not in ${names(spec.dataCenterIds)}${lies}`];
	});
	return rules.sort().slice(0, PASSED_OVER_MAX);
}

function blocked(explanations: readonly string[], hosts: readonly PlaceHost[]): Placement {
	const waits = hosts.map((host) => host.backoffMs).filter((ms) => ms > 0);
	return { blocked: explanations.join(', ').slice(0, BLOCKED_CHARS_MAX), retryInMs: waits.length > 0 ? Math.min(...waits) : null };
}

function names(values: readonly string[]): string {
	return [...new Set(values)].sort().join(' and ');
}
