/** Creates an endpoint through REST v2 whose workers are processes or containers of this machine. */

/** What a test says of an endpoint; the rest are defaults that keep workers warm for the length of a test. */
export interface DeploySpec {
	readonly name?: string;
	readonly type?: 'QUEUE' | 'LOAD_BALANCER';
	/** Working directory of the worker processes; one of this and `image` must be given. */
	readonly directory?: string;
	/** For containers. */
	readonly image?: string;
	/** Container disk in GB. */
	readonly disk?: number;
	readonly ports?: readonly string[];
	/** Id of the account's credential for the image's registry; empty: none. */
	readonly registry?: string;
	/** Instead of GPUs. */
	readonly cpu?: readonly { readonly id: string; readonly vcpuCount: number }[];
	/** Start command, one string, split as a shell would. */
	readonly command: string;
	readonly env?: Readonly<Record<string, string>>;
	/** GPU pools in order of preference; default: those of the default topology. */
	readonly pools?: readonly string[];
	readonly gpuCount?: number;
	readonly workersMin?: number;
	readonly workersMax?: number;
	readonly idleTimeoutS?: number;
	readonly scaling?: { readonly type: 'QUEUE_DELAY'; readonly queueDelay: number } | { readonly type: 'REQUEST_COUNT'; readonly requestCount: number };
	readonly dataCenterIds?: readonly string[];
	readonly cudaVersions?: readonly string[];
	readonly model?: string;
	/** Ids of volumes. */
	readonly networkVolumes?: readonly string[];
	readonly fallbackOrder?: 'tier' | 'region';
	readonly executionTimeoutMs?: number;
	readonly flashboot?: 'OFF' | 'FLASHBOOT' | 'PRIORITY_FLASHBOOT';
	/** New attempts after a lost worker. */
	readonly retries?: number;
}

/** Pools of the GPUs in the default topology. */
export const LOCAL_POOLS: readonly string[] = ['ADA_24', 'ADA_48_PRO', 'AMPERE_80'];

/** Creates the endpoint and returns its id; throws with the whole answer when it is refused. */
export async function deployEndpoint(url: string, apiKey: string, spec: DeploySpec): Promise<string> {
	const response = await fetch(`${url}/v2/serverless`, {
		method: 'POST',
		headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
		body: JSON.stringify(toCreateRequest(spec)),
		signal: AbortSignal.timeout(15_000),
	});
	const text = await response.text();
	if (response.status !== 201) throw new Error(`POST /v2/serverless answered ${response.status}: ${text}`);
	const { id } = JSON.parse(text) as { id?: unknown };
	if (typeof id !== 'string') throw new Error(`POST /v2/serverless answered without an id: ${text}`);
	return id;
}

/** Changes an endpoint (`PATCH` with REST v2's members) or deletes it; throws with the whole answer when that is refused. */
export async function changeEndpoint(url: string, apiKey: string, id: string, method: 'PATCH' | 'DELETE', change?: object): Promise<void> {
	const response = await fetch(`${url}/v2/serverless/${id}`, {
		method,
		headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
		...(change === undefined ? {} : { body: JSON.stringify(change) }),
		signal: AbortSignal.timeout(15_000),
	});
	if (!response.ok) throw new Error(`${method} /v2/serverless/${id} answered ${response.status}: ${await response.text()}`);
}

/** Words for a start command, quoted so that a shell-like splitter gives them back. */
export function shellCommand(...words: readonly string[]): string {
	return words.map((word) => (/^[A-Za-z0-9_./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ');
}

function toCreateRequest(spec: DeploySpec): object {
	const workersMax = spec.workersMax ?? 1;
	const idle = spec.scaling?.type === 'REQUEST_COUNT' && spec.type !== 'LOAD_BALANCER' ? {} : { idleTimeout: spec.idleTimeoutS ?? 600 };
	return {
		name: spec.name ?? 'test',
		type: spec.type ?? 'QUEUE',
		image: spec.image ?? `process://${spec.directory}`,
		args: spec.command,
		env: spec.env ?? {},
		...(spec.cpu === undefined
			? { gpu: { pools: spec.pools ?? LOCAL_POOLS, count: spec.gpuCount ?? 1, ...(spec.cudaVersions === undefined ? {} : { allowedCudaVersions: spec.cudaVersions }) } }
			: { cpu: spec.cpu }),
		workers: { min: spec.workersMin ?? workersMax, max: workersMax, ...idle },
		scaling: spec.scaling ?? { type: 'QUEUE_DELAY', queueDelay: 1 },
		...(spec.disk === undefined ? {} : { disk: spec.disk }),
		...(spec.ports === undefined ? {} : { ports: spec.ports }),
		...((spec.registry ?? '') === '' ? {} : { registry: spec.registry }),
		...(spec.dataCenterIds === undefined ? {} : { dataCenterIds: spec.dataCenterIds }),
		...(spec.model === undefined ? {} : { model: spec.model }),
		...(spec.networkVolumes === undefined ? {} : { networkVolumes: spec.networkVolumes }),
		...(spec.fallbackOrder === undefined ? {} : { fallbackOrder: spec.fallbackOrder }),
		...(spec.retries === undefined ? {} : { retries: spec.retries }),
		...(spec.executionTimeoutMs === undefined ? {} : { timeout: spec.executionTimeoutMs }),
		...(spec.flashboot === undefined ? {} : { flashboot: spec.flashboot }),
	};
}
