/**
 * What the container engine is asked to make for a worker: the body of its create call, hardened whatever the endpoint says.
 * Fields as in the Docker Engine API, which Podman serves too.
 */
import type { EndpointSpec } from '@longshore/shared-schema/endpoint/endpoint';
import { CONTAINER_DISK_GB } from '@longshore/shared-schema/limits';
import { parseImageRef } from './image-ref.ts';
import type { WorkerShare } from './worker-share.ts';

/** Where a worker finds its network volume. */
export const VOLUME_TARGET = '/runpod-volume';
/** Where it finds its model, in the hub's cache layout. Source: RunPod's model caching. */
export const HUB_TARGET: string = `${VOLUME_TARGET}/huggingface-cache/hub`;
/** Labels by which an agent knows its own containers again. */
export const LABELS = { agent: 'longshore.agent', worker: 'longshore.worker', endpoint: 'longshore.endpoint' } as const;
const PIDS_MAX = 4_096;
const OPEN_FILES_MAX = 16_384;

/** How GPUs are handed over: by CDI name in a device request (Docker) or among the devices (Podman), or by Docker's NVIDIA runtime. */
export type GpuRoad = 'cdi-request' | 'cdi-device' | 'nvidia-request';

/** `address` left out: the loopback of this host. */
export interface HostPort {
	readonly inside: number;
	readonly host: number;
	readonly address?: '127.0.0.1' | '0.0.0.0';
}

export interface ContainerOrder {
	readonly workerId: string;
	readonly endpointId: string;
	/** Names the agent: host and state directory. */
	readonly agentId: string;
	readonly spec: EndpointSpec;
	readonly env: Readonly<Record<string, string>>;
	readonly share: WorkerShare;
	/** An engine's network, or `host`. */
	readonly network: string;
	/** The container's own root may be written to, up to its disk. */
	readonly writableRoot: boolean;
	/** The engine can hold a container to the size of its disk. */
	readonly diskQuota: boolean;
	/** The engine has a small first process that passes signals on. */
	readonly init: boolean;
	/** Real GPUs, by UUID; empty: none, or declared ones. */
	readonly gpuUuids: readonly string[];
	readonly gpuRoad: GpuRoad | null;
	/** Ports of the worker that the agent or clients outside must reach, and where on this host. */
	readonly ports: readonly HostPort[];
	/** Directories of the host that the worker sees. */
	readonly mounts: readonly Mount[];
}

/** A directory of the host at a place in the container. */
export interface Mount {
	readonly source: string;
	readonly target: string;
	readonly readOnly: boolean;
}

export interface BindMount {
	readonly Type: 'bind';
	readonly Source: string;
	readonly Target: string;
	readonly ReadOnly: boolean;
	readonly BindOptions: { readonly Propagation: 'rprivate' };
}

export interface CreateBody {
	readonly Image: string;
	readonly Entrypoint?: string[];
	readonly Cmd?: string[];
	readonly Env: string[];
	readonly Labels: Readonly<Record<string, string>>;
	readonly Hostname?: string;
	readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>>;
	readonly Tty: false;
	readonly OpenStdin: false;
	readonly HostConfig: HostConfig;
}

export interface HostConfig {
	readonly Privileged: false;
	readonly CapDrop: string[];
	readonly SecurityOpt: string[];
	readonly ReadonlyRootfs: boolean;
	readonly Tmpfs: Readonly<Record<string, string>>;
	readonly PidsLimit: number;
	readonly Memory: number;
	readonly MemorySwap: number;
	readonly NanoCpus: number;
	readonly Ulimits: { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
	readonly IpcMode: 'private';
	readonly ShmSize: number;
	readonly NetworkMode: string;
	readonly PortBindings?: Readonly<Record<string, { readonly HostIp: string; readonly HostPort: string }[]>>;
	readonly Mounts: BindMount[];
	readonly Init: boolean;
	readonly LogConfig: { readonly Type: 'none'; readonly Config: Record<string, never> };
	readonly RestartPolicy: { readonly Name: 'no' };
	readonly StorageOpt?: { readonly size: string };
	readonly DeviceRequests?: { readonly Driver: string; readonly DeviceIDs: string[]; readonly Capabilities?: string[][] }[];
	readonly Devices?: { readonly PathOnHost: string; readonly PathInContainer: string; readonly CgroupPermissions: string }[];
}

/** The body of the create call. The image must be a reference; `container-policy.ts` judges the rest. */
export function containerSpec(order: ContainerOrder): CreateBody {
	const { spec, workerId, endpointId } = order;
	const image = parseImageRef(spec.image)?.name ?? spec.image;
	return {
		Image: image,
		...(spec.entrypoint === undefined ? {} : { Entrypoint: [...spec.entrypoint] }),
		...(spec.command.length === 0 ? {} : { Cmd: [...spec.command] }),
		Env: Object.entries(order.env).map(([name, value]) => `${name}=${value}`),
		Labels: { [LABELS.agent]: order.agentId, [LABELS.worker]: workerId, [LABELS.endpoint]: endpointId },
		...(order.network === 'host' ? {} : { Hostname: workerId.slice(0, 63).replace(/[^A-Za-z0-9-]/g, '-') }),
		...(order.ports.length === 0 ? {} : { ExposedPorts: Object.fromEntries(order.ports.map(({ inside }) => [`${inside}/tcp`, {}])) }),
		Tty: false,
		OpenStdin: false,
		HostConfig: hostConfig(order),
	};
}

/** Size of a worker's disk in GB. */
export function diskGbOf({ diskGb }: Pick<EndpointSpec, 'diskGb'>): number {
	return diskGb ?? CONTAINER_DISK_GB.default;
}

function hostConfig(order: ContainerOrder): HostConfig {
	const { share, spec } = order;
	const diskGb = diskGbOf(spec);
	return {
		Privileged: false,
		CapDrop: ['ALL'],
		// The engine's own seccomp profile applies where none is named.
		SecurityOpt: ['no-new-privileges'],
		ReadonlyRootfs: !order.writableRoot,
		Tmpfs: tmpfs(diskGb, share.memoryBytes),
		PidsLimit: PIDS_MAX,
		Memory: share.memoryBytes,
		// The same as memory: no swap beside it.
		MemorySwap: share.memoryBytes,
		NanoCpus: Math.round(share.cpus * 1e9),
		Ulimits: ['nofile', 'nproc'].map((Name) => ({ Name, Soft: OPEN_FILES_MAX, Hard: OPEN_FILES_MAX })),
		IpcMode: 'private',
		// Frameworks pass tensors between processes through it; it counts as memory.
		ShmSize: Math.floor(share.memoryBytes / 2),
		NetworkMode: order.network,
		...(order.ports.length === 0 ? {} : { PortBindings: portBindings(order.ports) }),
		Mounts: order.mounts.map(bind),
		Init: order.init,
		// What a worker prints goes to its log on the host; the engine would keep a second copy without bound.
		LogConfig: { Type: 'none', Config: {} },
		RestartPolicy: { Name: 'no' },
		...(order.writableRoot && order.diskQuota ? { StorageOpt: { size: `${diskGb}G` } } : {}),
		...gpuDevices(order.gpuUuids, order.gpuRoad),
	};
}

function portBindings(ports: readonly HostPort[]): NonNullable<HostConfig['PortBindings']> {
	const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
	for (const { inside, host, address = '127.0.0.1' } of ports) {
		const name = `${inside}/tcp`;
		bindings[name] = [...(bindings[name] ?? []), { HostIp: address, HostPort: String(host) }];
	}
	return bindings;
}

/** Programs may be run from there: compilers of kernels need it. */
function tmpfs(diskGb: number, memoryBytes: number): Record<string, string> {
	const size = Math.min(diskGb * 1e9, Math.floor(memoryBytes / 2));
	const scratch = `rw,exec,nosuid,nodev,mode=1777,size=${size}`;
	return { '/tmp': scratch, '/var/tmp': scratch, '/run': 'rw,noexec,nosuid,nodev,size=67108864' };
}

function bind({ source, target, readOnly }: Mount): BindMount {
	return { Type: 'bind', Source: source, Target: target, ReadOnly: readOnly, BindOptions: { Propagation: 'rprivate' } };
}

function gpuDevices(uuids: readonly string[], road: GpuRoad | null): Pick<HostConfig, 'DeviceRequests' | 'Devices'> {
	if (uuids.length === 0 || road === null) return {};
	const names = uuids.map((uuid) => `nvidia.com/gpu=${uuid}`);
	switch (road) {
		case 'cdi-request':
			return { DeviceRequests: [{ Driver: 'cdi', DeviceIDs: names }] };
		case 'nvidia-request':
			return { DeviceRequests: [{ Driver: 'nvidia', DeviceIDs: [...uuids], Capabilities: [['gpu']] }] };
		case 'cdi-device':
			return { Devices: names.map((name) => ({ PathOnHost: name, PathInContainer: name, CgroupPermissions: '' })) };
	}
}
