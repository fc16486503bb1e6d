import { describe, expect, test } from 'vitest';
import { problemsOfBody, problemsOfImageEnv, problemsOfSpec } from '../../../gpu-worker/src/core/container-policy.ts';
import { containerSpec } from '../../../gpu-worker/src/core/container-spec.ts';
import { specWith } from '../../support/endpoint-spec.ts';

const UUID = 'GPU-3f0c0d1e-6f3a-4f0e-9a52-0a8a6e0b1c2d';
const HUB = '/runpod-volume/huggingface-cache/hub';
const MODEL = { source: '/models/hub/models--org--name', target: `${HUB}/models--org--name`, readOnly: true };
const MOUNTS = [{ source: '/mnt/volumes/vol1', target: '/runpod-volume', readOnly: false }, MODEL];
const ORDER = {
	workerId: 'w1',
	endpointId: 'ep1',
	agentId: 'host-a-1',
	spec: specWith(),
	env: { MODEL: 'x' },
	share: { memoryBytes: 8 * 2 ** 30, cpus: 4 },
	network: 'longshore',
	writableRoot: false,
	diskQuota: true,
	init: true,
	gpuUuids: [UUID],
	gpuRoad: 'cdi-request',
	ports: [{ inside: 80, host: 40_001 }],
	mounts: MOUNTS,
} as const;
const GRANTS = { mounts: MOUNTS, network: 'longshore', ports: [{ host: 40_001 }] };
const plain = (): { HostConfig: Record<string, unknown>; [name: string]: unknown } => JSON.parse(JSON.stringify(containerSpec(ORDER)));
const problems = (hostConfig: Record<string, unknown>, body: Record<string, unknown> = {}) => {
	const base = plain();
	return problemsOfBody({ ...base, ...body, HostConfig: { ...base.HostConfig, ...hostConfig } }, GRANTS);
};
const mount = (more: Record<string, unknown>) => ({
	Mounts: [{ Type: 'bind', Source: '/mnt/volumes/vol1', Target: '/runpod-volume', ReadOnly: false, BindOptions: { Propagation: 'rprivate' }, ...more }],
});
const model = (more: Record<string, unknown>) => mount({ Source: MODEL.source, Target: MODEL.target, ReadOnly: true, ...more });

describe('what the agent itself asks for', () => {
	test.each(['cdi-request', 'cdi-device', 'nvidia-request'] as const)('is allowed, GPUs by %s too', (gpuRoad) => {
		expect(problemsOfBody({ ...containerSpec({ ...ORDER, gpuRoad }) }, GRANTS)).toEqual([]);
	});

	test('is allowed with a writable root and without GPUs and volume', () => {
		expect(problemsOfBody({ ...containerSpec({ ...ORDER, writableRoot: true, gpuUuids: [], ports: [], mounts: [] }) }, { mounts: [], network: 'longshore', ports: [] })).toEqual(
			[],
		);
	});
});

test('an exposed port may be open to everybody where the host grants it, and only that one', () => {
	const ports = [{ inside: 22, host: 20_001, address: '0.0.0.0' }] as const;
	const grants = { ...GRANTS, ports };
	expect(problemsOfBody({ ...containerSpec({ ...ORDER, ports }) }, grants)).toEqual([]);
	expect(problemsOfBody({ ...containerSpec({ ...ORDER, ports: [{ ...ports[0], host: 20_002 }] }) }, grants)).toEqual([expect.stringContaining('PortBindings')]);
});

describe('refused: a container that', () => {
	test.each<[string, string, Record<string, unknown>]>([
		['is privileged', 'Privileged', { Privileged: true }],
		['keeps capabilities', 'CapDrop', { CapDrop: [] }],
		['drops some capabilities only', 'CapDrop', { CapDrop: ['NET_RAW'] }],
		['adds a capability', 'CapAdd', { CapAdd: ['SYS_ADMIN'] }],
		['runs without seccomp', 'SecurityOpt', { SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'] }],
		['runs without AppArmor', 'SecurityOpt', { SecurityOpt: ['no-new-privileges', 'apparmor=unconfined'] }],
		['runs without SELinux labels', 'SecurityOpt', { SecurityOpt: ['no-new-privileges', 'label=disable'] }],
		['may gain privileges', 'SecurityOpt', { SecurityOpt: [] }],
		['unmasks system paths', 'MaskedPaths', { MaskedPaths: [] }],
		['may write to system paths', 'ReadonlyPaths', { ReadonlyPaths: [] }],
		['binds the host’s root', 'Binds', { Binds: ['/:/host'] }],
		['mounts the host’s root', 'Mounts', mount({ Source: '/' })],
		['mounts a directory of the host', 'Mounts', mount({ Source: '/etc' })],
		['mounts the engine’s socket', 'Mounts', mount({ Source: '/var/run/docker.sock', Target: '/var/run/docker.sock' })],
		['binds the engine’s socket', 'Binds', { Binds: ['/run/podman/podman.sock:/run/podman/podman.sock'] }],
		['mounts another tenant’s volume', 'Mounts', mount({ Source: '/mnt/volumes/vol2' })],
		['mounts its volume over a system path', 'Mounts', mount({ Target: '/usr' })],
		['may write to its model', 'Mounts', model({ ReadOnly: false })],
		['mounts another model', 'Mounts', model({ Source: '/models/hub/models--org--other' })],
		['mounts all models', 'Mounts', model({ Source: '/models/hub', Target: HUB })],
		['mounts its model elsewhere', 'Mounts', model({ Target: '/usr/models--org--name' })],
		['mounts its model in the place of its volume', 'Mounts', model({ Target: '/runpod-volume' })],
		['mounts more than it was given', 'Mounts', { Mounts: [...mount({}).Mounts, ...model({}).Mounts, ...model({}).Mounts] }],
		['lets its mounts spread to the host', 'Mounts', mount({ BindOptions: { Propagation: 'shared' } })],
		['mounts a volume by driver', 'Mounts', mount({ Type: 'volume' })],
		['takes another container’s volumes', 'VolumesFrom', { VolumesFrom: ['w2'] }],
		['shares the host’s processes', 'PidMode', { PidMode: 'host' }],
		['shares another container’s processes', 'PidMode', { PidMode: 'container:w2' }],
		['shares the host’s memory segments', 'IpcMode', { IpcMode: 'host' }],
		['shares the host’s network', 'NetworkMode', { NetworkMode: 'host' }],
		['shares another container’s network', 'NetworkMode', { NetworkMode: 'container:w2' }],
		['shares the host’s name', 'UTSMode', { UTSMode: 'host' }],
		['leaves the user namespace', 'UsernsMode', { UsernsMode: 'host' }],
		['joins the host’s control groups', 'CgroupnsMode', { CgroupnsMode: 'host' }],
		['chooses its control group', 'CgroupParent', { CgroupParent: '/' }],
		['gets a device of the host', 'Devices', { Devices: [{ PathOnHost: '/dev/sda', PathInContainer: '/dev/sda', CgroupPermissions: 'rwm' }] }],
		['gets a GPU by its device file', 'Devices', { Devices: [{ PathOnHost: '/dev/nvidia0', PathInContainer: '/dev/nvidia0', CgroupPermissions: 'rwm' }] }],
		['gets all GPUs', 'DeviceRequests', { DeviceRequests: [{ Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=all'] }] }],
		['gets GPUs by number', 'DeviceRequests', { DeviceRequests: [{ Driver: 'nvidia', Count: -1, Capabilities: [['gpu']] }] }],
		['gets GPUs by index', 'DeviceRequests', { DeviceRequests: [{ Driver: 'nvidia', DeviceIDs: ['0'], Capabilities: [['gpu']] }] }],
		['gets more than the GPU capability', 'DeviceRequests', { DeviceRequests: [{ Driver: 'nvidia', DeviceIDs: [UUID], Capabilities: [['gpu', 'compat32']] }] }],
		['gets a device of another kind', 'DeviceRequests', { DeviceRequests: [{ Driver: 'cdi', DeviceIDs: ['vendor.com/net=nic0'] }] }],
		['opens devices by rule', 'DeviceCgroupRules', { DeviceCgroupRules: ['a *:* rwm'] }],
		['has memory without bound', 'Memory', { Memory: 0 }],
		['swaps', 'MemorySwap', { MemorySwap: -1 }],
		['has processes without bound', 'PidsLimit', { PidsLimit: -1 }],
		['is never killed for memory', 'OomKillDisable', { OomKillDisable: true }],
		['is killed last', 'OomScoreAdj', { OomScoreAdj: -1_000 }],
		['sets kernel parameters', 'Sysctls', { Sysctls: { 'kernel.core_pattern': '|/tmp/x' } }],
		['chooses its runtime', 'Runtime', { Runtime: 'other' }],
		['publishes a port to everybody', 'PortBindings', { PortBindings: { '80/tcp': [{ HostPort: '40001' }] } }],
		['publishes the app’s port to everybody', 'PortBindings', { PortBindings: { '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '40001' }] } }],
		['takes a port of the host that is not its own', 'PortBindings', { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '4222' }] } }],
		['publishes whatever its image exposes', 'PublishAllPorts', { PublishAllPorts: true }],
		['fills the host’s memory by a file system', 'Tmpfs', { Tmpfs: { '/tmp': 'rw,nosuid,nodev' } }],
		['hides system files under a file system', 'Tmpfs', { Tmpfs: { '/etc': 'rw,nosuid,nodev,size=1000' } }],
		['starts again by itself', 'RestartPolicy', { RestartPolicy: { Name: 'always' } }],
		['writes its log elsewhere', 'LogConfig', { LogConfig: { Type: 'syslog', Config: { 'syslog-address': 'udp://10.0.0.1' } } }],
		['asks for storage options', 'StorageOpt', { StorageOpt: { size: '1G', other: '1' } }],
		['has what no engine knows yet', 'NewAndUnknown', { NewAndUnknown: true }],
	])('%s', (_, member, hostConfig) => {
		expect(problems(hostConfig)).toEqual(expect.arrayContaining([expect.stringContaining(`HostConfig.${member} `)]));
	});

	test('mounts a place that no worker has, whoever granted it', () => {
		const granted = { source: '/etc', target: '/usr', readOnly: true };
		const writable = { ...MODEL, readOnly: false };
		for (const one of [granted, writable, { ...MODEL, target: `${HUB}/models--org/../..` }, { ...MODEL, target: '/runpod-volume' }]) {
			const body = containerSpec({ ...ORDER, mounts: [one] });
			expect(problemsOfBody({ ...body }, { ...GRANTS, mounts: [one] })).toEqual([expect.stringContaining('HostConfig.Mounts ')]);
		}
	});

	test.each<[string, Record<string, unknown>]>([
		['sets a user', { User: '0' }],
		['has a terminal', { Tty: true }],
		['mounts volumes beside its host configuration', { Volumes: { '/x': {} } }],
		['sets its network itself', { NetworkingConfig: { EndpointsConfig: {} } }],
		['is no registry’s image', { Image: 'docker-archive:/tmp/x.tar' }],
	])('%s', (_, body) => {
		expect(problems({}, body)).not.toEqual([]);
	});

	test.each(['Privileged', 'CapDrop', 'SecurityOpt', 'ReadonlyRootfs', 'PidsLimit', 'Memory', 'MemorySwap', 'IpcMode', 'NetworkMode'])('leaves %s to the engine', (member) => {
		const body = plain();
		delete body.HostConfig[member];
		expect(problemsOfBody(body, GRANTS)).toContain(`HostConfig.${member} must be given`);
	});
});

describe('an endpoint', () => {
	test.each([
		'LD_PRELOAD',
		'LD_LIBRARY_PATH',
		'LD_AUDIT',
		'ld_preload',
		'NVIDIA_VISIBLE_DEVICES',
		'NVIDIA_DRIVER_CAPABILITIES',
		'NVIDIA_DISABLE_REQUIRE',
		'CUDA_COMPAT_PATH',
		'GLIBC_TUNABLES',
		'GCONV_PATH',
		'DOCKER_HOST',
	])('may not set %s', (name) => {
		expect(problemsOfSpec({ image: 'team/worker:1', env: { [name]: 'x' } })).toEqual([expect.stringContaining(`env.${name} `)]);
	});

	test.each(['PATH', 'MODEL', 'HF_TOKEN', 'CUDA_LAUNCH_BLOCKING', 'PYTHONPATH', 'RUNPOD_DEBUG_LEVEL', 'OLD_VALUE'])('may set %s', (name) => {
		expect(problemsOfSpec({ image: 'team/worker:1', env: { [name]: 'x' } })).toEqual([]);
	});

	test.each(['process:///srv/app', '/srv/image.tar', 'oci:/srv/image', 'docker://team/worker', 'team/worker:1 --privileged', '-v', 'Team/Worker'])(
		'may not name %s as its image',
		(image) => {
			expect(problemsOfSpec({ image, env: {} })).toEqual([expect.stringContaining("is not a container image's reference")]);
		},
	);
});

test('an image that preloads a library is refused where a GPU is handed over, and nowhere else', () => {
	const env = ['PATH=/bin', 'LD_LIBRARY_PATH=/usr/local/nvidia/lib64', 'LD_PRELOAD=/x.so'];
	expect(problemsOfImageEnv(env, 1)).toEqual([expect.stringContaining('LD_PRELOAD')]);
	expect(problemsOfImageEnv(env, 0)).toEqual([]);
	expect(problemsOfImageEnv(['LD_PRELOAD='], 1)).toEqual([]);
});
