/** Containers on a real engine: the contract of runtimes, hardening as the engine shows it, and what is refused. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLogStore } from '../../../gpu-worker/src/logs/log-store.ts';
import { type ContainerRuntimeOptions, createContainerRuntime } from '../../../gpu-worker/src/runtime/container-runtime.ts';
import type { Runtime, WorkerPlace } from '../../../gpu-worker/src/runtime/runtime.ts';
import { createVolumeStore } from '../../../gpu-worker/src/volumes/volume-store.ts';
import { missingEngine, startEngine, type TestEngine } from '../support/container-engine.ts';
import { describeRuntime, silentLog } from '../support/describe-runtime.ts';
import { spec } from '../support/region.ts';
import { workerStart } from '../support/worker-start.ts';

const PROGRAMS = ['sh', 'env', 'cat', 'sleep', 'id', 'ls', 'tail', 'head'];
const skip = missingEngine();

const options = (engine: TestEngine, stateDir: string, more: Partial<ContainerRuntimeOptions> = {}): ContainerRuntimeOptions => ({
	engine: engine.address,
	hostId: 'host-a',
	stateDir,
	gpus: 0,
	network: engine.network,
	bridgeHost: null,
	root: 'by-disk',
	log: silentLog,
	listenAt: async () => {},
	bridgeUrlAt: (host) => `http://${host}:1234`,
	...more,
});

describeRuntime('containers', skip, async () => {
	const engine = await startEngine();
	const image = await engine.image('contract', PROGRAMS);
	return {
		image,
		noImage: 'localhost/longshore-no-such-image:1',
		runtime: (stateDir) => createContainerRuntime(options(engine, stateDir)),
		alive: async (stateDir) => {
			const { createHash } = await import('node:crypto');
			const agent = `host-a-${createHash('sha256').update(realpathSync(stateDir)).digest('hex').slice(0, 16)}`;
			return (await engine.api.listContainers({ filters: { label: [`longshore.agent=${agent}`] } })).length;
		},
		close: () => engine.stop(),
	};
});

describe.skipIf(skip !== null)(`a worker in a container${skip === null ? '' : ` (not run: ${skip})`}`, () => {
	let engine: TestEngine;
	let image: string;
	let home: string;
	let usual: Runtime;
	beforeAll(async () => {
		engine = await startEngine();
		image = await engine.image('hardened', PROGRAMS);
		home = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-containers-')));
		mkdirSync(join(home, 'state'));
		usual = createContainerRuntime(options(engine, join(home, 'state')));
	});
	afterAll(async () => {
		await engine?.stop();
		rmSync(home, { recursive: true, force: true });
	});
	const start = async (script: string, more: Partial<Parameters<typeof workerStart>[0]> = {}, host: Partial<ContainerRuntimeOptions> = {}) => {
		const log = createLogStore(join(home, 'logs'), Date.now).open('ep1', 'w1', 'key-of-w1', () => null);
		const shell = spec({ image, command: ['sh', '-c', script], gpuCount: 0 });
		// One that was asked already answers sooner: only other settings need another.
		const runtime = Object.keys(host).length === 0 ? usual : createContainerRuntime(options(engine, join(home, 'state'), host));
		const worker = await runtime.start(workerStart({ spec: shell, log, ...more }));
		return { ...worker, log };
	};

	test('has every hardening flag, as the engine itself shows it', async () => {
		const worker = await start('echo up; sleep 1000');
		const [listed] = await engine.api.listContainers({ filters: { label: ['longshore.worker=w1'] } });
		const { HostConfig: host, Config: config } = await engine.api.getContainer(listed?.Id ?? '').inspect();
		const memory = host.Memory ?? 0;
		expect(host).toMatchObject({ Privileged: false, ReadonlyRootfs: true, PidsLimit: 4_096, MemorySwap: memory, NetworkMode: expect.stringMatching(/longshore-test-|bridge/) });
		expect([host.CapAdd ?? [], host.Binds ?? [], host.Devices ?? []]).toEqual([[], [], []]);
		expect(host.SecurityOpt).toEqual(['no-new-privileges']);
		expect(memory).toBeGreaterThan(2 ** 30);
		expect(host.PidMode).not.toBe('host');
		expect(host.IpcMode).not.toBe('host');
		expect(config.Labels).toMatchObject({ 'longshore.worker': 'w1', 'longshore.endpoint': 'ep1' });
		worker.kill();
		await worker.exited;
	});

	test('feels it from within: no capability, no new privileges, a filter of system calls, a root that cannot be written to', async () => {
		const worker = await start('cat /proc/self/status; echo > /x; echo $?; echo x > /tmp/x && echo written');
		await worker.exited;
		const said = worker.log.tail(10_000);
		expect(said).toMatch(/CapEff:\s0{16}\n/);
		expect(said).toMatch(/CapBnd:\s0{16}\n/);
		expect(said).toMatch(/NoNewPrivs:\s1\n/);
		expect(said).toMatch(/Seccomp:\s2\n/);
		expect(said).toMatch(/Read-only file system/);
		expect(said).toMatch(/written/);
	});

	test('that takes more memory than its share is ended, and told apart', async () => {
		const small = spec({ image, command: ['sh', '-c', 'tail /dev/zero'], gpuCount: 0, cpuFlavors: [{ id: 'cpu3c', vcpuCount: 1 }] });
		const worker = await start('', { spec: small });
		expect(await worker.exited).toMatchObject({ signal: 'SIGKILL', cause: expect.stringContaining('out of memory') });
	}, 120_000);

	test('mounts its network volume where RunPod does, and what it writes stays there', async () => {
		mkdirSync(join(home, 'volumes/EU-RO-1'), { recursive: true });
		const volume = createVolumeStore(join(home, 'volumes/{dataCenter}/{volumeId}'), 'EU-RO-1').open('vol1');
		await (await start('echo kept > /runpod-volume/file', { volume })).exited;
		const second = await start('cat /runpod-volume/file', { volume });
		await second.exited;
		expect(second.log.tail(100)).toBe('kept');
	});

	test.each([
		['alone', false],
		['beside a network volume', true],
	])('finds its model where RunPod has it, %s, and cannot write there', async (_, besideVolume) => {
		const path = join(home, 'models/hub/models--org--name');
		mkdirSync(join(path, 'snapshots/abc'), { recursive: true });
		mkdirSync(join(path, 'blobs'), { recursive: true });
		mkdirSync(join(home, 'volumes/beside'), { recursive: true });
		writeFileSync(join(path, 'blobs/b1'), 'weights');
		rmSync(join(path, 'snapshots/abc/file'), { force: true });
		symlinkSync('../../blobs/b1', join(path, 'snapshots/abc/file'));
		const model = { folder: 'models--org--name', path, commit: 'abc' };
		const volume = besideVolume ? { volume: { id: 'beside', path: join(home, 'volumes/beside') } } : {};
		const hub = '/runpod-volume/huggingface-cache/hub/models--org--name';
		const worker = await start(`cat ${hub}/snapshots/abc/file; echo; echo x 2>/dev/null > ${hub}/blobs/b1 || echo refused; echo x 2>/dev/null > ${hub}/new || echo refused`, {
			model,
			...volume,
		});
		await worker.exited;
		expect(worker.log.tail(100)).toBe('weights\nrefused\nrefused');
		expect(readFileSync(join(path, 'blobs/b1'), 'utf8')).toBe('weights');
	});

	test('may write to its root where the operator says so', async () => {
		const worker = await start('echo x > /root/x && cat /root/x', {}, { root: 'writable' });
		await worker.exited;
		expect(worker.log.tail(100)).toBe('x');
	});

	test('may write to its root where the endpoint asks for a disk, unless the operator says no', async () => {
		const withDisk = { spec: spec({ image, command: ['sh', '-c', 'echo x > /root/x && echo written'], gpuCount: 0, diskGb: 1 }) };
		const may = await start('', withDisk);
		await may.exited;
		expect(may.log.tail(100)).toBe('written');
		const mayNot = await start('', withDisk, { root: 'read-only' });
		expect(await mayNot.exited).toMatchObject({ code: 2 });
	});

	test('that could not write to its root gets one that it may write to at its next start on this host', async () => {
		const runtime = createContainerRuntime(options(engine, join(home, 'state')));
		const log = createLogStore(join(home, 'logs'), Date.now).open('ep1', 'w1', 'key-of-w1', () => null);
		const shell = spec({ image, command: ['sh', '-c', 'echo x > /root/x && echo written'], gpuCount: 0 });
		const codes: (number | null)[] = [];
		for (const workerId of ['w1', 'w2']) codes.push((await (await runtime.start(workerStart({ workerId, spec: shell, log }))).exited).code);
		expect(codes).toEqual([2, 0]);
		log.close();
		expect(log.recent(0)?.filter(({ origin }) => origin === 'system')).toMatchObject([{ line: expect.stringContaining('Give the endpoint a disk') }]);
	});

	test('that writes more than its disk holds is ended with that reason', async () => {
		const greedy = spec({ image, command: ['sh', '-c', 'head -c 1200000000 /dev/zero > /root/big; sleep 1000'], gpuCount: 0, diskGb: 1 });
		const worker = await start('', { spec: greedy }, { diskLookMs: 200 });
		expect(await worker.exited).toMatchObject({ signal: 'SIGKILL', cause: expect.stringContaining('its container disk of 1 GB is full') });
	}, 120_000);

	test('reaches the agent at the gateway of its network, where the agent listens once the container runs', async () => {
		const asked: string[] = [];
		const log = createLogStore(join(home, 'logs'), Date.now).open('ep1', 'w1', 'key-of-w1', () => null);
		const runtime = createContainerRuntime(options(engine, join(home, 'state'), { listenAt: async (address) => void asked.push(address) }));
		const places: WorkerPlace[] = [];
		const env = (place: WorkerPlace): Record<string, string> => {
			places.push(place);
			return {};
		};
		const start = workerStart({ spec: spec({ image, command: ['sh', '-c', 'true'], gpuCount: 0 }), log });
		const worker = await runtime.start({ ...start, env });
		await worker.exited;
		expect(asked).toHaveLength(1);
		expect(places).toEqual([{ tempDir: null, bridgeUrl: `http://${asked[0]}:1234`, isHost: false, ownPorts: true }]);
	});

	test('that nobody wants any more does not start', async () => {
		await expect(start('echo up', { signal: AbortSignal.abort() })).rejects.toThrow('not wanted');
		expect(await engine.api.listContainers({ all: true, filters: { label: ['longshore.worker=w1'] } })).toEqual([]);
	});

	describe('is refused with what to do', () => {
		test.each<[string, Partial<Parameters<typeof workerStart>[0]>, Partial<ContainerRuntimeOptions>, string]>([
			['for a dangerous variable', { spec: spec({ image: 'a/b', env: { LD_PRELOAD: '/x.so' } }) }, {}, 'env.LD_PRELOAD may not be set'],
			['for an archive as image', { spec: spec({ image: 'oci-archive:/tmp/x' }) }, {}, "is not a container image's reference"],
			['for an engine that is not there', {}, { engine: 'unix:///no/such/engine.sock' }, 'does not answer'],
		])('%s', async (_, more, host, message) => {
			await expect(start('true', more, host)).rejects.toMatchObject({ name: 'WorkerStartError', message: expect.stringContaining(message) });
		});

		test('for an image whose registry cannot be reached, without a word of the credential', async () => {
			const missing = spec({ image: '127.0.0.1:1/team/worker:1', command: ['x'], gpuCount: 0 });
			const refused = await start('', { spec: missing, registryAuth: { username: 'user-of-test', password: 'password-of-test' } }).catch((error: Error) => error);
			expect(refused).toMatchObject({ name: 'WorkerStartError', message: expect.stringMatching(/^image 127\.0\.0\.1:1\/team\/worker:1: its registry cannot be reached/) });
			expect(JSON.stringify([(refused as Error).message])).not.toContain('password-of-test');
		});
	});

	test('runs while its engine is down only as far as processes go', async () => {
		const runtime = createContainerRuntime(options(engine, join(home, 'state'), { engine: 'unix:///no/such/engine.sock' }));
		await expect(runtime.cleanUp()).resolves.toBeUndefined();
	});
});
