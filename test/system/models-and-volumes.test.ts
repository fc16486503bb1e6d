/** Cached models from a mirror on this machine, and network volumes: two hosts beside each other and one elsewhere. `LONGSHORE_TEST_MODEL_MB` sets the size of a model. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { HostFigure } from '../../shared-schema/src/wire/region.ts';
import { type Cli, createCli } from '../infra/cli/support/run-cli.ts';
import { changeEndpoint, type DeploySpec, shellCommand } from '../support/deploy.ts';
import { killProcess } from '../support/kill-process.ts';
import { type ModelMirror, sha256Of, someBytes, startModelMirror } from '../support/model-mirror.ts';
import { explainEndpoint, operatorWorkers } from '../support/operator-api.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

const MODEL_BYTES = Number(process.env['LONGSHORE_TEST_MODEL_MB'] ?? '16') * 1_000_000;
/** Two models fit, three do not. */
const CACHE_GB = (MODEL_BYTES * 2.5) / 1e9;
const HOST = { gpuType: 'NVIDIA GeForce RTX 4090', count: 2 };
const TOPOLOGY = { regions: { west: { dataCenters: { 'W-1': { hosts: { 'w-a': HOST, 'w-b': HOST } }, 'W-2': { hosts: { 'w-c': HOST } } } } } };
const CONFIG = Buffer.from('{"architectures":["Test"]}');

let mirror: ModelMirror;
let stack: Stack;
/** Checksums of each model's files. */
const models: Record<string, Readonly<Record<string, string>>> = {};
const made: string[] = [];
let cli: Cli;

beforeAll(async () => {
	mirror = await startModelMirror();
	for (const [seed, repo] of ['org/shared', 'org/broken', 'org/wrong', 'org/third'].entries()) {
		const weights = someBytes(MODEL_BYTES, seed);
		mirror.put({ repo, files: { 'config.json': CONFIG, 'model.safetensors': weights } });
		models[repo] = { 'config.json': sha256Of(CONFIG), 'model.safetensors': sha256Of(weights) };
	}
	const settings = { LONGSHORE_MODEL_MIRROR: mirror.url, LONGSHORE_MODEL_CACHE_GB: String(CACHE_GB), LONGSHORE_VOLUME_USAGE_MS: '300' };
	stack = await startStack({ env: { ...SHORT_TIMERS, ...settings }, topology: TOPOLOGY });
	cli = createCli({ LONGSHORE_HOME: stack.home });
}, 300_000);
/** The next test finds every GPU free. */
afterEach(async () => {
	for (const endpointId of made.splice(0)) await changeEndpoint(stack.url, stack.apiKey, endpointId, 'DELETE');
	await until(async () => (await operatorWorkers(stack)).length === 0, { what: 'no worker is left' });
}, 60_000);
afterAll(async () => {
	cli?.remove();
	await stack?.stop();
	await mirror?.stop();
}, 90_000);

interface Seen {
	readonly worker: string;
	readonly dataCenter: string;
	readonly volume: { readonly id: string; readonly path: string };
	readonly read?: number;
	readonly model?: { readonly folder: string; readonly isSnapshotOfMain: boolean; readonly files: Readonly<Record<string, string>> };
}

async function deploy(spec: Partial<DeploySpec>): Promise<string> {
	const directory = resolve(import.meta.dirname, '../support/workers');
	const endpointId = await stack.deploy({ directory, command: shellCommand(process.execPath, 'files-worker.ts'), pools: ['ADA_24'], workersMin: 0, ...spec });
	made.push(endpointId);
	return endpointId;
}

async function run(endpointId: string, input: object = {}): Promise<Seen> {
	const api = stack.api(endpointId);
	const done = await api.untilState(await api.run(input), undefined, 120_000);
	expect(done).toMatchObject({ status: 'COMPLETED' });
	return done['output'] as Seen;
}

async function hosts(): Promise<HostFigure[]> {
	const answer = await fetch(`${stack.url}/admin/regions`, { headers: { authorization: `Bearer ${stack.local().operatorToken}` } });
	return ((await answer.json()) as { regions: { hosts: HostFigure[] }[] }).regions.flatMap((region) => region.hosts);
}

async function workersOf(endpointId: string): Promise<Record<string, unknown>[]> {
	const answer = await fetch(`${stack.url}/v2/serverless/${endpointId}/workers`, { headers: { authorization: `Bearer ${stack.apiKey}` } });
	return ((await answer.json()) as { workers: Record<string, unknown>[] }).workers;
}

async function hostOf(worker: string): Promise<string> {
	return until(async () => (await operatorWorkers(stack)).find(({ id }) => id === worker)?.hostId, { what: `the host of ${worker}` });
}

const weightsAsked = (repo: string) => mirror.asked.filter(({ method, path }) => method === 'GET' && path.startsWith(`/storage/${repo}/`));

describe('a cached model', () => {
	test('is downloaded to the host of the first worker, and the next endpoint starts there without a download', async () => {
		const first = await deploy({ model: 'org/shared', dataCenterIds: ['W-1'] });
		const release = mirror.hold();
		const running = run(first);
		await until(async () => (await workersOf(first)).some(({ status, preparing }) => status === 'INITIALIZING' && /model/.test(String(preparing))), {
			what: 'the worker says that it waits for its model',
		}).finally(release);
		const seen = await running;
		expect(seen.model).toEqual({ folder: 'models--org--shared', isSnapshotOfMain: true, files: models['org/shared'] });
		const host = await hostOf(seen.worker);
		expect(weightsAsked('org/shared').map(({ bytes }) => bytes)).toEqual([MODEL_BYTES]);
		const asked = mirror.asked.length;

		const second = await deploy({ model: 'https://huggingface.co/org/shared', dataCenterIds: ['W-1'] });
		const again = await run(second);
		expect(again.model?.files).toEqual(models['org/shared']);
		expect(await hostOf(again.worker), 'the emptier host is the other one').toBe(host);
		expect(mirror.asked).toHaveLength(asked);
		const { decisions } = await explainEndpoint(stack, second);
		expect(decisions.map(({ text }) => text).filter((text) => text.includes('holds the model'))).toHaveLength(1);
		const figures = await hosts();
		expect(figures.filter(({ models }) => models.includes('org/shared')).map(({ id }) => id)).toEqual([host]);
	});

	test('is downloaded on from where it was when the host dies in the middle, and the job is not lost', async () => {
		mirror.breaks.set('model.safetensors', MODEL_BYTES / 2);
		const endpoint = await deploy({ model: 'org/broken', dataCenterIds: ['W-2'] });
		const api = stack.api(endpoint);
		const job = await api.run({});
		const blobs = join(stack.home, 'hosts/w-c/models/hub/models--org--broken/blobs');
		const isUnderWay = () =>
			existsSync(blobs) && readdirSync(blobs).some((name) => name.endsWith('.incomplete') && (statSync(join(blobs, name), { throwIfNoEntry: false })?.size ?? 0) > CONFIG.length);
		await until(isUnderWay, { what: 'a part of the model is on the disk', timeoutMs: 60_000, everyMs: 5 });
		await killProcess(stack, 'host w-c', ({ hosts: pids }) => pids['w-c']);
		const done = await api.untilState(job, undefined, 120_000);
		expect((done['output'] as Seen).model?.files).toEqual(models['org/broken']);
		const [, ...then] = weightsAsked('org/broken');
		expect(then.length).toBeGreaterThan(0);
		for (const { range } of then) expect(range).toMatch(/^bytes=[1-9]\d*-$/);
	});

	test('with a wrong checksum is refused in words that reach the waiting job, which runs once the mirror is mended', async () => {
		mirror.lies.set('config.json', Buffer.from('{"architectures":["Evil"]}'));
		const endpoint = await deploy({ model: 'org/wrong', dataCenterIds: ['W-2'] });
		const api = stack.api(endpoint);
		const job = await api.run({});
		await until(
			async (note) => {
				const why = (await api.status(job)).json['why'] as { text?: string } | undefined;
				note(why);
				return /model org\/wrong: config\.json does not match its checksum/.test(why?.text ?? '');
			},
			{ what: 'the job says why it waits', timeoutMs: 60_000, everyMs: 20 },
		);
		const { failures } = await explainEndpoint(stack, endpoint);
		expect(failures.at(-1)?.reason).toMatch(/model org\/wrong: config\.json does not match its checksum \(git-sha1 [0-9a-f]{40}, should be [0-9a-f]{40}\): refused/);
		mirror.lies.clear();
		const done = await api.untilState(job, undefined, 120_000);
		expect((done['output'] as Seen).model?.files).toEqual(models['org/wrong']);
	});

	test('makes room for the next one: the budget holds, and what was used longest ago goes', async () => {
		const endpoint = await deploy({ model: 'org/third', dataCenterIds: ['W-2'] });
		await run(endpoint);
		const figure = await until(async () => (await hosts()).find(({ id, models }) => id === 'w-c' && models.includes('org/third')), { what: 'the host reports the new model' });
		expect(figure.models).toContain('org/wrong');
		expect(figure.models).not.toContain('org/broken');
		expect(figure.modelCache).toMatchObject({ usedBytes: 2 * (MODEL_BYTES + CONFIG.length), budgetBytes: Math.round(CACHE_GB * 1e9) });
		const { stdout } = await cli.run(['host', 'get', 'w-c']);
		expect(stdout).toMatch(/^Models +.*org\/third/m);
		expect(stdout).toMatch(/^Model cache +\d+\.\d MB of \d+\.\d MB$/m);
		expect(readdirSync(join(stack.home, 'hosts/w-c/models/hub')).sort()).toEqual(['models--org--third', 'models--org--wrong']);
	});
});

describe('a network volume', () => {
	const call = async (method: string, path: string, body?: object) => {
		const headers = { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' };
		const answer = await fetch(`${stack.url}/v2/network-volumes${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
		const text = await answer.text();
		return { status: answer.status, json: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
	};

	test('draws workers to its data centre, shows both of them the same files, and says how much lies on it', async () => {
		const { json: volume } = await call('POST', '', { name: 'data', size: 10, dataCenter: 'W-2' });
		const id = String(volume['id']);
		expect(volume).toMatchObject({ usedBytes: null, usedAt: null });
		const endpoint = await deploy({ networkVolumes: [id], workersMax: 2, scaling: { type: 'REQUEST_COUNT', requestCount: 1 } });
		const [one, two] = await Promise.all([
			run(endpoint, { write: { name: 'one', bytes: 3_000_000 }, sleepMs: 3_000 }),
			run(endpoint, { write: { name: 'two', bytes: 10 }, sleepMs: 3_000 }),
		]);
		expect(one.worker).not.toBe(two.worker);
		expect([one.dataCenter, two.dataCenter]).toEqual(['W-2', 'W-2']);
		expect([one.volume, two.volume]).toEqual(Array.from({ length: 2 }, () => ({ id, path: join(stack.home, 'volumes/W-2', id) })));
		const both = await Promise.all(['one', 'two'].map((name) => run(endpoint, { read: name, sleepMs: 1_000 })));
		expect(both.map(({ read }) => read)).toEqual([3_000_000, 10]);
		const used = await until(
			async (note) => {
				const { json } = await call('GET', `/${id}`);
				note(json);
				return Number(json['usedBytes']) >= 3_000_000 ? json : undefined;
			},
			{ what: 'the volume says how much lies on it' },
		);
		expect(Number(used['usedBytes'])).toBeLessThan(4_000_000);
		expect(Date.now() - Date.parse(String(used['usedAt']))).toBeLessThan(60_000);
		expect((await cli.run(['volume', 'list'])).stdout).toMatch(/data .* 3\.0 MB, /);
		expect(await call('DELETE', `/${id}`)).toMatchObject({ status: 409, json: { detail: expect.stringContaining(`in use by endpoint ${endpoint}`) } });
		await changeEndpoint(stack.url, stack.apiKey, made.pop() ?? '', 'DELETE');
		expect(await call('DELETE', `/${id}`)).toMatchObject({ status: 204 });
		expect(statSync(join(stack.home, 'volumes/W-2', id, 'one')).size, 'what lies on a volume stays').toBe(3_000_000);
	});
});
