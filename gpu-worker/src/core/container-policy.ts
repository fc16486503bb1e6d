/** What no worker's container may have, however its order came about: judged on the very body that goes to the engine. */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { type HostPort, HUB_TARGET, type Mount, VOLUME_TARGET } from './container-spec.ts';
import { parseImageRef } from './image-ref.ts';

/**
 * Names that steer the loader or the NVIDIA toolkit: its hooks run with the host's rights and have read a container's environment
 * (CVE-2025-23266). GPUs and driver libraries are handed over by the agent alone.
 */
const DANGEROUS_ENV = /^(?:LD_.*|NVIDIA_.*|CUDA_COMPAT.*|GLIBC_TUNABLES|GCONV_PATH|_?BASH_ENV|CONTAINER_HOST|DOCKER_.*)$/i;
/** Of those the loader's, which an image must not bring into a hook either. Library paths are in every CUDA image. */
const DANGEROUS_IN_IMAGE = /^(?:LD_PRELOAD|LD_AUDIT|GLIBC_TUNABLES)=./;

/** What speaks against running the endpoint as a container, one line each; empty: nothing. */
export function problemsOfSpec(spec: Pick<EndpointSpec, 'image' | 'env'>): string[] {
	const names = Object.keys(spec.env).filter((name) => DANGEROUS_ENV.test(name));
	return [
		...(parseImageRef(spec.image) === null ? [`image ${spec.image} is not a container image's reference such as registry.example/team/worker:1`] : []),
		...names.map((name) => `env.${name} may not be set from outside: set it in the image or by the start command`),
	];
}

/** The same for an image's own environment, where GPUs are handed over by a hook. */
export function problemsOfImageEnv(imageEnv: readonly string[], gpus: number): string[] {
	if (gpus === 0) return [];
	return imageEnv
		.filter((entry) => DANGEROUS_IN_IMAGE.test(entry))
		.map((entry) => `the image sets ${entry.split('=')[0]}, which would reach the host's GPU hooks: set it in its start script instead`);
}

/** What the host itself grants. */
export interface Grants {
	/** Directories of the host that may be mounted: a volume, and below the hub's place a model that nobody may write to. */
	readonly mounts: readonly Mount[];
	readonly network: string;
	/** Ports of the host that lead to the worker. */
	readonly ports: readonly Pick<HostPort, 'host' | 'address'>[];
}

/** Members of `HostConfig` that this agent uses. Whatever else an engine knows, or learns to know, is refused. */
const KNOWN: Readonly<Record<string, (value: unknown, grants: Grants) => boolean>> = {
	Privileged: (value) => value === false,
	CapDrop: (value) => isList(value) && value.length === 1 && value[0] === 'ALL',
	SecurityOpt: (value) => isList(value) && value.length === 1 && value[0] === 'no-new-privileges',
	ReadonlyRootfs: (value) => typeof value === 'boolean',
	Tmpfs: (value) => isRecord(value) && Object.entries(value).every(([path, options]) => ['/tmp', '/var/tmp', '/run'].includes(path) && isBoundedTmpfs(options)),
	PidsLimit: (value) => isBetween(value, 1, 65_536),
	Memory: (value) => isBetween(value, 4 * 2 ** 20, Number.MAX_SAFE_INTEGER),
	MemorySwap: (value) => isBetween(value, 4 * 2 ** 20, Number.MAX_SAFE_INTEGER),
	NanoCpus: (value) => isBetween(value, 1, 1e15),
	Ulimits: (value) => isList(value) && value.every((one) => isRecord(one) && ['nofile', 'nproc'].includes(String(one['Name'])) && isBetween(one['Hard'], 1, 1_048_576)),
	IpcMode: (value) => value === 'private',
	ShmSize: (value) => isBetween(value, 0, Number.MAX_SAFE_INTEGER),
	NetworkMode: (value, grants) => value === grants.network,
	PortBindings: (value, grants) => isRecord(value) && Object.values(value).every((bindings) => isList(bindings) && bindings.every((binding) => isGrantedPort(binding, grants))),
	Mounts: (value, grants) => isList(value) && value.length <= grants.mounts.length && value.every((mount) => isGrantedMount(mount, grants)),
	Init: (value) => typeof value === 'boolean',
	LogConfig: (value) => isRecord(value) && value['Type'] === 'none',
	RestartPolicy: (value) => isRecord(value) && value['Name'] === 'no',
	StorageOpt: (value) => isRecord(value) && Object.keys(value).every((name) => name === 'size'),
	DeviceRequests: (value) => isList(value) && value.length <= 1 && value.every(isGpuRequest),
	Devices: (value) => isList(value) && value.every((device) => isRecord(device) && isGpuName(device['PathOnHost']) && device['PathInContainer'] === device['PathOnHost']),
};
const NEEDED = ['Privileged', 'CapDrop', 'SecurityOpt', 'ReadonlyRootfs', 'PidsLimit', 'Memory', 'MemorySwap', 'IpcMode', 'NetworkMode'];
const BODY = ['Image', 'Entrypoint', 'Cmd', 'Env', 'Labels', 'Hostname', 'ExposedPorts', 'Tty', 'OpenStdin', 'HostConfig'];

/** Every way in which a create body oversteps, one line each; empty: none. */
export function problemsOfBody(body: Readonly<Record<string, unknown>>, grants: Grants): string[] {
	const host = isRecord(body['HostConfig']) ? body['HostConfig'] : {};
	const image = typeof body['Image'] === 'string' ? body['Image'] : '';
	return [
		...Object.keys(body).flatMap((name) => (BODY.includes(name) ? [] : [`${name} is not for workers`])),
		...(parseImageRef(image) === null ? ['Image is not a reference'] : []),
		...(body['Tty'] === true || body['OpenStdin'] === true ? ['Tty and OpenStdin must be off'] : []),
		...NEEDED.flatMap((name) => (name in host ? [] : [`HostConfig.${name} must be given`])),
		...Object.entries(host).flatMap(([name, value]) => {
			const judge = KNOWN[name];
			if (judge === undefined) return [`HostConfig.${name} is not for workers`];
			return judge(value, grants) ? [] : [`HostConfig.${name} is not what workers may have: ${JSON.stringify(value)?.slice(0, 200)}`];
		}),
		...('Memory' in host && host['Memory'] !== host['MemorySwap'] ? ['HostConfig.MemorySwap must equal Memory: no swap'] : []),
	];
}

function isGrantedMount(mount: unknown, { mounts }: Grants): boolean {
	if (!isRecord(mount)) return false;
	const options = mount['BindOptions'];
	const isPrivate = isRecord(options) && options['Propagation'] === 'rprivate' && Object.keys(options).length === 1;
	const granted = mounts.find(({ source, target }) => source === mount['Source'] && target === mount['Target']);
	return granted !== undefined && isPlaceOf(granted) && mount['Type'] === 'bind' && mount['ReadOnly'] === granted.readOnly && isPrivate;
}

/** Nothing is mounted anywhere else, whatever was granted. */
function isPlaceOf({ target, readOnly }: Mount): boolean {
	return target === VOLUME_TARGET ? !readOnly : readOnly && target.startsWith(`${HUB_TARGET}/`) && /^models--[\w.-]+$/.test(target.slice(HUB_TARGET.length + 1));
}

function isGrantedPort(binding: unknown, { ports }: Grants): boolean {
	return isRecord(binding) && ports.some(({ host, address = '127.0.0.1' }) => binding['HostPort'] === String(host) && binding['HostIp'] === address);
}

/** One whole GPU each; `all` and indices, which move, are no names. */
function isGpuRequest(request: unknown): boolean {
	if (!isRecord(request) || 'Count' in request || 'Options' in request) return false;
	const ids = request['DeviceIDs'];
	if (!isList(ids) || ids.length === 0) return false;
	if (request['Driver'] === 'cdi') return ids.every(isGpuName) && !('Capabilities' in request);
	return request['Driver'] === 'nvidia' && ids.every((id) => isUuid(id)) && JSON.stringify(request['Capabilities']) === '[["gpu"]]';
}

function isGpuName(name: unknown): boolean {
	return typeof name === 'string' && name.startsWith('nvidia.com/gpu=') && isUuid(name.slice('nvidia.com/gpu='.length));
}

function isUuid(id: unknown): boolean {
	return typeof id === 'string' && /^(?:GPU|MIG)-[0-9a-f-]{8,64}$/.test(id);
}

function isBoundedTmpfs(options: unknown): boolean {
	return typeof options === 'string' && /(?:^|,)size=\d+(?:,|$)/.test(options) && options.includes('nosuid') && options.includes('nodev');
}

function isBetween(value: unknown, min: number, max: number): boolean {
	return typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max;
}

function isList(value: unknown): value is unknown[] {
	return Array.isArray(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
