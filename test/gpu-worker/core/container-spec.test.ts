import { expect, test } from 'vitest';
import { type ContainerOrder, containerSpec } from '../../../gpu-worker/src/core/container-spec.ts';
import { specWith } from '../../support/endpoint-spec.ts';

const order = (more: Partial<ContainerOrder> = {}): ContainerOrder => ({
	workerId: 'w1',
	endpointId: 'ep1',
	agentId: 'host-a-1',
	spec: specWith({ image: 'team/worker:1' }),
	env: { MODEL: 'x=y', RUNPOD_POD_ID: 'w1' },
	share: { memoryBytes: 8 * 2 ** 30, cpus: 3.5 },
	network: 'longshore',
	writableRoot: false,
	diskQuota: true,
	init: true,
	gpuUuids: [],
	gpuRoad: null,
	ports: [],
	mounts: [],
	...more,
});

test('the whole body, hardened by default', () => {
	const scratch = 'rw,exec,nosuid,nodev,mode=1777,size=4294967296';
	expect(containerSpec(order())).toEqual({
		Image: 'docker.io/team/worker:1',
		Env: ['MODEL=x=y', 'RUNPOD_POD_ID=w1'],
		Labels: { 'longshore.agent': 'host-a-1', 'longshore.worker': 'w1', 'longshore.endpoint': 'ep1' },
		Hostname: 'w1',
		Tty: false,
		OpenStdin: false,
		HostConfig: {
			Privileged: false,
			CapDrop: ['ALL'],
			SecurityOpt: ['no-new-privileges'],
			ReadonlyRootfs: true,
			Tmpfs: { '/tmp': scratch, '/var/tmp': scratch, '/run': 'rw,noexec,nosuid,nodev,size=67108864' },
			PidsLimit: 4_096,
			Memory: 8 * 2 ** 30,
			MemorySwap: 8 * 2 ** 30,
			NanoCpus: 3_500_000_000,
			Ulimits: [
				{ Name: 'nofile', Soft: 16_384, Hard: 16_384 },
				{ Name: 'nproc', Soft: 16_384, Hard: 16_384 },
			],
			IpcMode: 'private',
			ShmSize: 4 * 2 ** 30,
			NetworkMode: 'longshore',
			Mounts: [],
			Init: true,
			LogConfig: { Type: 'none', Config: {} },
			RestartPolicy: { Name: 'no' },
		},
	});
});

test('entry point and command replace the image’s own only where the endpoint has them', () => {
	const bare = containerSpec(order());
	expect([bare.Entrypoint, bare.Cmd]).toEqual([undefined, undefined]);
	const own = containerSpec(order({ spec: specWith({ entrypoint: [], command: ['python3', '-u', 'handler.py'] }) }));
	expect([own.Entrypoint, own.Cmd]).toEqual([[], ['python3', '-u', 'handler.py']]);
});

test('a writable root has the size of the endpoint’s disk where the engine can hold it to that', () => {
	const spec = specWith({ diskGb: 7 });
	expect(containerSpec(order({ spec, writableRoot: true })).HostConfig).toMatchObject({ ReadonlyRootfs: false, StorageOpt: { size: '7G' } });
	expect(containerSpec(order({ spec, writableRoot: true, diskQuota: false })).HostConfig).not.toHaveProperty('StorageOpt');
	expect(containerSpec(order({ spec })).HostConfig).not.toHaveProperty('StorageOpt');
});

test('temporary files get the endpoint’s disk, at most half of the memory that they live in', () => {
	expect(containerSpec(order({ spec: specWith({ diskGb: 1 }) })).HostConfig.Tmpfs['/tmp']).toContain('size=1000000000');
	expect(containerSpec(order({ share: { memoryBytes: 1000, cpus: 1 } })).HostConfig.Tmpfs['/tmp']).toContain('size=500');
});

test('GPUs are handed over one by one, by UUID, in the engine’s way', () => {
	const gpuUuids = ['GPU-aaaaaaaa', 'GPU-bbbbbbbb'];
	const of = (gpuRoad: ContainerOrder['gpuRoad']) => {
		const { DeviceRequests, Devices } = containerSpec(order({ gpuUuids, gpuRoad })).HostConfig;
		return { DeviceRequests, Devices };
	};
	expect(of('cdi-request')).toEqual({ DeviceRequests: [{ Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=GPU-aaaaaaaa', 'nvidia.com/gpu=GPU-bbbbbbbb'] }] });
	expect(of('nvidia-request')).toEqual({ DeviceRequests: [{ Driver: 'nvidia', DeviceIDs: gpuUuids, Capabilities: [['gpu']] }] });
	expect(of('cdi-device').Devices).toEqual(gpuUuids.map((id) => ({ PathOnHost: `nvidia.com/gpu=${id}`, PathInContainer: `nvidia.com/gpu=${id}`, CgroupPermissions: '' })));
	expect(of(null)).toEqual({});
});

test('a volume and a model are all of the host that is mounted, the model only to be read', () => {
	const mounts = [
		{ source: '/mnt/volumes/v1', target: '/runpod-volume', readOnly: false },
		{ source: '/models/hub/models--org--name', target: '/runpod-volume/huggingface-cache/hub/models--org--name', readOnly: true },
	];
	expect(containerSpec(order({ mounts })).HostConfig.Mounts).toEqual([
		{ Type: 'bind', Source: '/mnt/volumes/v1', Target: '/runpod-volume', ReadOnly: false, BindOptions: { Propagation: 'rprivate' } },
		{
			Type: 'bind',
			Source: '/models/hub/models--org--name',
			Target: '/runpod-volume/huggingface-cache/hub/models--org--name',
			ReadOnly: true,
			BindOptions: { Propagation: 'rprivate' },
		},
	]);
});

test('the app of a load-balanced worker is reachable on the loopback of this host only', () => {
	const { ExposedPorts, HostConfig } = containerSpec(order({ ports: [{ inside: 80, host: 40_001 }] }));
	expect(ExposedPorts).toEqual({ '80/tcp': {} });
	expect(HostConfig.PortBindings).toEqual({ '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '40001' }] });
});

test('exposed ports are bound where the operator says, beside the app’s own', () => {
	const ports = [
		{ inside: 80, host: 20_001, address: '0.0.0.0' },
		{ inside: 80, host: 40_001 },
		{ inside: 22, host: 20_002, address: '0.0.0.0' },
	] as const;
	expect(containerSpec(order({ ports })).HostConfig.PortBindings).toEqual({
		'80/tcp': [
			{ HostIp: '0.0.0.0', HostPort: '20001' },
			{ HostIp: '127.0.0.1', HostPort: '40001' },
		],
		'22/tcp': [{ HostIp: '0.0.0.0', HostPort: '20002' }],
	});
});

test('on the host’s network a container has the host’s name', () => {
	expect(containerSpec(order({ network: 'host' }))).not.toHaveProperty('Hostname');
});
