import { expect, test } from 'vitest';
import { workerEnv } from '../../../gpu-worker/src/core/worker-env.ts';
import { spec } from '../support/region.ts';

const facts = {
	workerId: 'w1',
	endpointId: 'ep1',
	key: 'secret',
	bridgeUrl: 'http://127.0.0.1:4000',
	dataCenterId: 'EU-RO-1',
	hostId: 'host-a',
	gpuType: 'NVIDIA L4',
	gpus: [1, 3],
	spec: spec(),
	tempDir: '/state/w1/tmp',
	isHost: true,
	gpuUuids: [],
	pingIntervalMs: 2_500,
	agentEnv: { PATH: '/bin', HOME: '/root', LC_ALL: 'C', LONGSHORE_HOST_TOKEN: 'secret', AWS_SECRET_ACCESS_KEY: 'secret', NO_PROXY: 'corp', https_proxy: 'http://p' },
};

test('every URL has a query string, because SDKs append with & only', () => {
	const env = workerEnv(facts);
	expect(env['RUNPOD_WEBHOOK_GET_JOB']).toBe('http://127.0.0.1:4000/v2/ep1/job-take/$ID?gpu=NVIDIA+L4&key=secret');
	expect(env['RUNPOD_WEBHOOK_POST_OUTPUT']).toBe('http://127.0.0.1:4000/v2/ep1/job-done/$RUNPOD_POD_ID/$ID?gpu=NVIDIA+L4&key=secret');
	expect(env['RUNPOD_WEBHOOK_POST_STREAM']).toBe('http://127.0.0.1:4000/v2/ep1/job-stream/$RUNPOD_POD_ID/$ID?gpu=NVIDIA+L4&key=secret');
	expect(env['RUNPOD_WEBHOOK_PING']).toBe('http://127.0.0.1:4000/v2/ep1/ping/$RUNPOD_POD_ID?gpu=NVIDIA+L4&key=secret');
});

test('$ID stays for the SDK to fill in: the worker in the take, the job in the others, beside the worker as $RUNPOD_POD_ID', () => {
	const env = workerEnv(facts);
	expect(env['RUNPOD_POD_ID']).toBe('w1');
	for (const [name, value] of Object.entries(env).filter(([name]) => name.startsWith('RUNPOD_WEBHOOK_'))) {
		expect([name, value.includes('$RUNPOD_POD_ID')]).toEqual([name, name !== 'RUNPOD_WEBHOOK_GET_JOB']);
		expect([name, value.includes('$ID')]).toEqual([name, name !== 'RUNPOD_WEBHOOK_PING']);
	}
	expect(env['RUNPOD_WEBHOOK_GET_JOB'], 'the stop channel is made of it by this word').toContain('/job-take/');
});

test('the SDK’s start-up checks, which ask the Internet and a GPU, are left out', () => {
	expect(workerEnv(facts)).toMatchObject({ RUNPOD_SKIP_AUTO_SYSTEM_CHECKS: 'true', RUNPOD_SKIP_GPU_CHECK: 'true' });
});

test('of the agent’s environment only what any program needs is passed on', () => {
	const env = workerEnv(facts);
	expect(env).toMatchObject({ PATH: '/bin', HOME: '/root', LC_ALL: 'C', https_proxy: 'http://p', TMPDIR: '/state/w1/tmp' });
	expect(env).not.toHaveProperty('LONGSHORE_HOST_TOKEN');
	expect(env).not.toHaveProperty('AWS_SECRET_ACCESS_KEY');
});

test('exposed ports are told by number, whatever the endpoint says of them', () => {
	const openPorts = [
		{ port: 22, protocol: 'tcp', publicIp: '203.0.113.7', publicPort: 20_001 },
		{ port: 8_080, protocol: 'http', publicIp: '203.0.113.7', publicPort: 20_002 },
	] as const;
	const env = workerEnv({ ...facts, openPorts, spec: spec({ env: { RUNPOD_PUBLIC_IP: 'x' } }) });
	expect(env).toMatchObject({ RUNPOD_PUBLIC_IP: '203.0.113.7', RUNPOD_TCP_PORT_22: '20001', RUNPOD_TCP_PORT_8080: '20002' });
	expect(Object.keys(workerEnv(facts)).filter((name) => /PUBLIC_IP|TCP_PORT/.test(name))).toEqual([]);
});

test('no proxy stands between a worker and the bridge', () => {
	expect(workerEnv(facts)['NO_PROXY']).toBe('corp,127.0.0.1,localhost');
	expect(workerEnv({ ...facts, agentEnv: {} })['no_proxy']).toBe('127.0.0.1,localhost');
});

test('GPUs are named by index; a CPU worker sees none', () => {
	expect(workerEnv(facts)).toMatchObject({ CUDA_VISIBLE_DEVICES: '1,3', NVIDIA_VISIBLE_DEVICES: '1,3', RUNPOD_GPU_COUNT: '2' });
	expect(workerEnv({ ...facts, gpus: [] })).toMatchObject({ CUDA_VISIBLE_DEVICES: '', NVIDIA_VISIBLE_DEVICES: 'void', RUNPOD_GPU_COUNT: '0' });
});

test('an endpoint sets its own variables but not those of the protocol', () => {
	const env = workerEnv({ ...facts, spec: spec({ env: { MODEL: 'x', RUNPOD_POD_ID: 'forged', RUNPOD_DEBUG_LEVEL: 'DEBUG' } }) });
	expect(env).toMatchObject({ MODEL: 'x', RUNPOD_POD_ID: 'w1', RUNPOD_DEBUG_LEVEL: 'DEBUG' });
});

test('a container gets nothing of the agent’s environment, no way around its GPUs, and reaches the bridge without a proxy', () => {
	const env = workerEnv({ ...facts, isHost: false, tempDir: null, bridgeUrl: 'http://10.89.0.1:4000', spec: spec({ env: { MODEL: 'x' } }) });
	expect(
		Object.keys(env)
			.filter((name) => !name.startsWith('RUNPOD_'))
			.sort(),
	).toEqual(['MODEL', 'NO_PROXY', 'NVIDIA_VISIBLE_DEVICES', 'no_proxy']);
	expect(env).toMatchObject({ NVIDIA_VISIBLE_DEVICES: 'void', NO_PROXY: '127.0.0.1,localhost,10.89.0.1', RUNPOD_GPU_COUNT: '2' });
	expect(env['RUNPOD_WEBHOOK_PING']).toContain('http://10.89.0.1:4000/v2/ep1/ping/');
});

test('real GPUs are named by UUID, which does not move when another one fails', () => {
	expect(workerEnv({ ...facts, gpuUuids: ['GPU-1', 'GPU-3'] })).toMatchObject({ CUDA_VISIBLE_DEVICES: 'GPU-1,GPU-3', NVIDIA_VISIBLE_DEVICES: 'GPU-1,GPU-3' });
});

test('a volume and a model are told by their places, and the hub’s client where no documented path can be had', () => {
	const files = { volume: { id: 'vol1', path: '/mnt/vol1' }, model: { hubPath: '/state/w1/hub', folder: 'models--org--name', commit: 'abc' } };
	expect(workerEnv({ ...facts, ...files })).toMatchObject({
		RUNPOD_VOLUME_ID: 'vol1',
		RUNPOD_VOLUME_PATH: '/mnt/vol1',
		RUNPOD_MODEL_PATH: '/state/w1/hub/models--org--name/snapshots/abc',
		HF_HUB_CACHE: '/state/w1/hub',
		HUGGINGFACE_HUB_CACHE: '/state/w1/hub',
	});
	expect(workerEnv({ ...facts, ...files, spec: spec({ env: { HF_HUB_CACHE: '/own' } }) })['HF_HUB_CACHE'], 'the endpoint’s own word holds').toBe('/own');
	const inContainer = workerEnv({ ...facts, ...files, isHost: false, tempDir: null });
	expect(inContainer).toMatchObject({ RUNPOD_VOLUME_ID: 'vol1' });
	expect(inContainer, 'what an image says of its cache holds').not.toHaveProperty('HF_HUB_CACHE');
	expect(Object.keys(workerEnv(facts)).filter((name) => /VOLUME|MODEL|HF_|HUGGING/.test(name))).toEqual([]);
});
