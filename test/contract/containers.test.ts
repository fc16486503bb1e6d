/** Workers in containers through the whole stack: images from a registry, ports, hardening, memory and disk, and an agent that is killed. */
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WorkersV2 } from '../../shared-schema/src/wire/rest-v2/fleet-answers.ts';
import { missingEngine, startEngine, type TestEngine } from '../gpu-worker/support/container-engine.ts';
import { packImage } from '../gpu-worker/support/container-image.ts';
import { type DeploySpec, shellCommand } from '../support/deploy.ts';
import type { JobApi } from '../support/job-api.ts';
import { explainEndpoint } from '../support/operator-api.ts';
import { type Registry, startRegistry } from '../support/registry.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';
import { readLog } from '../support/worker-kinds.ts';

const WORKER = resolve(import.meta.dirname, '../support/workers/boxed-worker.ts');
const CREDENTIAL = { username: 'robot-of-test', password: 'password-of-test' };
const HOST = 'box';
const TOPOLOGY = { regions: { 'eu-1': { dataCenters: { 'EU-RO-1': { hosts: { [HOST]: { gpuType: 'NVIDIA GeForce RTX 4090', count: 4 } } } } } } };

const skip = missingEngine();
if (skip !== null) process.stderr.write(`NOT RUN: workers in containers through the whole stack: ${skip}\n`);

let home: string;
let engine: TestEngine;
let registry: Registry;
let stack: Stack;
let image: string;
let credentialId: string;

describe.skipIf(skip !== null)(`a worker in a container${skip === null ? '' : ` (not run: ${skip})`}`, () => {
	beforeAll(async () => {
		home = realpathSync(mkdtempSync(join(tmpdir(), 'longshore-registry-')));
		registry = await startRegistry(CREDENTIAL);
		engine = await startEngine([registry.address]);
		const archive = await packImage(join(home, 'root'), [process.execPath, 'sh'], { files: { '/worker/boxed-worker.ts': readFileSync(WORKER, 'utf8') } });
		image = await registry.offer('team/worker', archive);
		stack = await startStack({ topology: TOPOLOGY, env: { ...SHORT_TIMERS, ...engine.settings } });
		credentialId = (await manage('POST', '/v2/registries', { name: 'test', ...CREDENTIAL }))['id'] as string;
	}, 300_000);
	afterAll(async () => {
		await stack?.stop();
		await engine?.stop();
		await registry?.stop();
		rmSync(home, { recursive: true, force: true });
	}, 120_000);
	describe('of a registry’s image', describeImages);
	describe('that runs', describeRunning);
	describe('whose agent is killed', describeKilledAgent);
});

async function manage(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
	const response = await fetch(`${stack.url}${path}`, {
		method,
		headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
		...(body === undefined ? {} : { body: JSON.stringify(body) }),
		signal: AbortSignal.timeout(30_000),
	});
	const text = await response.text();
	if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
	return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

const workersOf = async (id: string): Promise<WorkersV2['workers']> => ((await manage('GET', `/v2/serverless/${id}/workers`)) as unknown as WorkersV2).workers;
const remove = (id: string): Promise<unknown> => manage('DELETE', `/v2/serverless/${id}`);
const containersOf = async (id: string): Promise<string[]> =>
	(await engine.api.listContainers({ all: true, filters: { label: [`longshore.endpoint=${id}`] } })).map(({ Id }) => Id);

async function deploy(spec: Partial<DeploySpec> = {}): Promise<{ id: string; api: JobApi }> {
	const command = shellCommand('/bin/node', '/worker/boxed-worker.ts');
	const id = await stack.deploy({ image, command, registry: credentialId, ...spec, env: { BOXED: '1', ...spec.env } });
	return { id, api: stack.api(id) };
}

/** Deploys what cannot start, and removes it once its failure is told. */
async function failureOf(spec: Partial<DeploySpec>): Promise<string> {
	const { id } = await deploy(spec);
	const failure = await until(async () => (await explainEndpoint(stack, id)).failures[0], { what: 'a failed start is told' });
	await until(async () => (await stack.api(id).health()).workers.unhealthy > 0, { what: 'the endpoint’s worker counts as unhealthy' });
	await remove(id);
	return `${failure.reason}\n${failure.lastLog}`;
}

function describeImages(): void {
	test('shows how far its pull is, and then takes jobs', async () => {
		registry.bytesPerSecond = 25e6;
		const { id, api } = await deploy();
		const stages: string[] = [];
		await until(
			async () => {
				const [worker] = await workersOf(id);
				if (worker?.preparing !== undefined && worker.preparing !== null) stages.push(worker.preparing);
				return stages.some((stage) => /^pulling image: \d+ % of \d+ MB$/.test(stage));
			},
			{ what: 'the worker says how far its image is' },
		);
		registry.bytesPerSecond = null;
		expect(await api.runSync({ n: 1 })).toMatchObject({ status: 'COMPLETED', output: { input: { n: 1 } } });
		expect((await workersOf(id))[0]).toMatchObject({ preparing: null, hostId: HOST });
		const log = await readLog(stack, id);
		expect(log).toContain(`pulling image ${image} with the credential of the endpoint`);
		expect(log).toMatch(/pulled image .* in [\d.]+ s/);
		expect(log).toContain('ready for jobs');
		expect(`${log}${stack.stdout()}`).not.toContain(CREDENTIAL.password);
		await remove(id);
	});

	test('is not for who has no credential, though the image is on the host now', async () => {
		expect(await failureOf({ registry: '' })).toMatch(/lets nobody read it without a credential/);
	});

	test('that does not exist is told so, and tried again with pauses', async () => {
		const before = registry.asked.length;
		expect(await failureOf({ image: `${registry.address}/team/no-such-worker:1` })).toMatch(/there is no such image: check name and tag/);
		expect(registry.asked.slice(before).filter((path) => path.includes('no-such-worker/manifests')).length).toBeLessThan(10);
	});

	test.each(['LD_PRELOAD', 'NVIDIA_VISIBLE_DEVICES', 'DOCKER_HOST'])('with %s in its endpoint’s environment does not start', async (name) => {
		expect(await failureOf({ env: { [name]: '/x' } })).toContain(`env.${name} may not be set from outside`);
	});
}

function describeRunning(): void {
	test('has every hardening flag, and is reached at the ports that its endpoint exposes', async () => {
		const { id, api } = await deploy({ ports: ['8080/http', '9000/tcp'] });
		const names = ['RUNPOD_PUBLIC_IP', 'RUNPOD_TCP_PORT_8080', 'RUNPOD_TCP_PORT_9000'];
		const { output } = (await api.runSync({ env: names })) as { output: { worker: string; env: Record<string, string> } };
		const [worker] = await workersOf(id);
		expect(worker?.ports).toMatchObject([
			{ port: 8_080, protocol: 'http', publicIp: '127.0.0.1' },
			{ port: 9_000, protocol: 'tcp', publicIp: '127.0.0.1' },
		]);
		for (const { port, publicIp, publicPort } of worker?.ports ?? []) {
			expect(output.env[`RUNPOD_TCP_PORT_${port}`]).toBe(String(publicPort));
			const answer = await fetch(`http://${publicIp}:${publicPort}/`, { signal: AbortSignal.timeout(10_000) });
			expect(await answer.text()).toBe(`port ${port} of ${output.worker}`);
		}
		const [containerId = ''] = await containersOf(id);
		const { HostConfig: host, Config: config } = await engine.api.getContainer(containerId).inspect();
		expect(host).toMatchObject({ Privileged: false, ReadonlyRootfs: true, PidsLimit: 4_096, MemorySwap: host.Memory ?? 0, SecurityOpt: ['no-new-privileges'] });
		expect(host.Memory).toBeGreaterThan(2 ** 30);
		expect([host.NetworkMode, host.IpcMode, host.PidMode]).not.toContain('host');
		expect([host.CapAdd ?? [], host.Binds ?? [], host.Devices ?? []]).toEqual([[], [], []]);
		expect(Object.values(host.PortBindings as Record<string, { HostIp: string }[]>).flatMap((bindings) => bindings.map(({ HostIp }) => HostIp))).toEqual([
			'127.0.0.1',
			'127.0.0.1',
		]);
		expect(config.Labels).toMatchObject({ 'longshore.endpoint': id, 'longshore.worker': output.worker });
		await remove(id);
		await until(async () => (await containersOf(id)).length === 0, { what: 'a removed endpoint leaves no container' });
	});

	test('writes to its own disk where its endpoint asks for one; elsewhere it is told what to ask for', async () => {
		const plain = await deploy();
		const refused = await plain.api.runSync({ write: '/worker/written' });
		expect(refused).toMatchObject({ status: 'FAILED', error: expect.stringContaining('EROFS') });
		expect(await plain.api.runSync({ write: '/tmp/x' })).toMatchObject({ status: 'COMPLETED' });
		await remove(plain.id);
		const disk = await deploy({ disk: 1 });
		expect(await disk.api.runSync({ write: '/worker/written' })).toMatchObject({ status: 'COMPLETED' });
		await remove(disk.id);
	});

	test('that needs more memory than its share fails its job with that reason', async () => {
		const { id, api } = await deploy({ cpu: [{ id: 'cpu3c', vcpuCount: 1 }], retries: 0 });
		const job = await api.run({ eat: true });
		expect(await api.untilState(job, undefined, 90_000)).toMatchObject({ status: 'FAILED', error: expect.stringContaining('out of memory') });
		await remove(id);
	}, 150_000);
}

function describeKilledAgent(): void {
	test('is gone when the next agent serves, and its job runs once more and ends once', async () => {
		const { id, api } = await deploy();
		const job = await api.run({ sleepMs: 4_000 });
		await api.untilState(job, ['IN_PROGRESS']);
		const [before = ''] = await containersOf(id);
		const pid = await until(() => stack.local().pids.hosts[HOST], { what: 'the agent’s process' });
		process.kill(pid, 'SIGKILL');
		await until(async () => !(await containersOf(id)).includes(before), { what: 'the container of the killed agent is gone', timeoutMs: 60_000 });
		const done = await api.untilState(job, undefined, 90_000);
		expect(done).toMatchObject({ status: 'COMPLETED', retries: 1 });
		expect(done['workerId']).toBe((done['output'] as { worker: string }).worker);
		expect(await containersOf(id)).toHaveLength(1);
		await remove(id);
		await until(async () => (await containersOf(id)).length === 0, { what: 'no container is left' });
	}, 180_000);
}
