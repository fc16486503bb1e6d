/** How many workers an endpoint has and on which GPUs, on real processes: scalers, tiers, regions, and what is said when nothing fits. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { shellCommand } from '../support/deploy.ts';
import { explainEndpoint, operatorWorkers } from '../support/operator-api.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';
import { countWorkers, livingWorkers } from '../support/worker-census.ts';

const TOPOLOGY = {
	regions: {
		west: {
			dataCenters: {
				'W-1': { hosts: { 'w-4090': { gpuType: 'NVIDIA GeForce RTX 4090', count: 3, models: ['org/model'] } } },
				'W-2': { hosts: { 'w-a100': { gpuType: 'NVIDIA A100 80GB PCIe', count: 1, cudaVersion: '12.4' } } },
			},
		},
		east: { dataCenters: { 'E-1': { hosts: { 'e-4090': { gpuType: 'NVIDIA GeForce RTX 4090', count: 1 }, 'e-l40s': { gpuType: 'NVIDIA L40S', count: 1 } } } } },
	},
};

let stack: Stack;

beforeAll(async () => {
	// Hosts hold what they were declared with; nothing is downloaded.
	stack = await startStack({ env: { ...SHORT_TIMERS, LONGSHORE_MODEL_MIRROR: 'none' }, topology: TOPOLOGY });
}, 300_000);
afterAll(() => stack?.stop(), 90_000);

/** What a test has deployed and not removed. */
const open = new Set<RawEndpoint>();
afterEach(async () => {
	for (const endpoint of open) await remove(endpoint);
});

async function deploy(spec: Parameters<typeof deployRaw>[1]): Promise<RawEndpoint> {
	const endpoint = await deployRaw(stack, spec);
	open.add(endpoint);
	return endpoint;
}

/** Deletes the endpoint and waits until its workers are gone, so that the next test has all GPUs, whatever this one finds. */
async function remove(endpoint: RawEndpoint): Promise<void> {
	open.delete(endpoint);
	const response = await fetch(`${stack.url}/v2/serverless/${endpoint.id}`, { method: 'DELETE', headers: { authorization: `Bearer ${stack.apiKey}` } });
	expect(response.status).toBe(204);
	await until(() => livingWorkers(endpoint) === 0, { what: 'the workers of a deleted endpoint to end' });
}

/** Host of the worker that runs the job. */
function hostOf(endpoint: RawEndpoint, jobId: string): Promise<string> {
	return until(
		async (note) => {
			note((await endpoint.api.status(jobId)).json);
			const worker = endpoint.starts(jobId).at(-1)?.worker;
			return (await operatorWorkers(stack)).find(({ id }) => id === worker)?.hostId;
		},
		{ what: `a host that runs job ${jobId}`, timeoutMs: 20_000 },
	);
}

const boots = (endpoint: RawEndpoint): number => endpoint.trace().filter(({ event }) => event === 'boot').length;

describe('the number of workers', () => {
	test('follows the request count, and never passes the maximum', async () => {
		const endpoint = await deploy({ workersMin: 0, workersMax: 4, scaling: { type: 'REQUEST_COUNT', requestCount: 2 }, dataCenterIds: ['W-1', 'W-2'] });
		const census = countWorkers(endpoint);
		const jobs = await Promise.all(Array.from({ length: 5 }, (_, n) => endpoint.api.run({ n, sleepMs: 3_000 })));
		await until(() => boots(endpoint) === 3, { what: '3 workers for 5 jobs' });
		for (const job of jobs) await endpoint.api.untilState(job);
		expect(boots(endpoint)).toBe(3);
		expect(census()).toMatchObject({ most: 3 });
	}, 60_000);

	test('follows the queue delay: one at once for the first job, more when jobs wait too long, and idle ones go after the idle timeout', async () => {
		const endpoint = await deploy({ workersMin: 1, workersMax: 3, scaling: { type: 'QUEUE_DELAY', queueDelay: 2 }, idleTimeoutS: 3, dataCenterIds: ['W-1'] });
		await endpoint.api.untilReady();
		const at = Date.now();
		// One after the other: the long one has to be the first in line, or one worker could do both in time.
		const jobs = [await endpoint.api.run({ sleepMs: 5_000 }), await endpoint.api.run({ sleepMs: 2_000 })];
		await until(() => boots(endpoint) === 2, { what: 'a second worker' });
		const second = endpoint.trace().findLast(({ event }) => event === 'boot');
		expect((second?.at ?? 0) - at).toBeGreaterThan(1_900);
		for (const job of jobs) await endpoint.api.untilState(job);
		const stopped = await until(() => endpoint.trace().find(({ event }) => event === 'sigterm'), { what: 'an idle worker to be stopped' });
		const idleSince = Math.max(...endpoint.trace().flatMap(({ event, at: doneAt, worker }) => (event === 'done' && worker === stopped.worker ? [doneAt] : [])));
		expect(boots(endpoint)).toBe(2);
		expect(stopped.at - idleSince).toBeGreaterThan(2_000);
		expect(stopped.at - idleSince).toBeLessThan(4_000);
		await sleep(4_000);
		expect(livingWorkers(endpoint)).toBe(1);
	}, 90_000);

	test('is decided within milliseconds of the first job of a cold endpoint, and low priority starts none', async () => {
		const endpoint = await deploy({ workersMin: 0, workersMax: 1, idleTimeoutS: 1 });
		const low = await endpoint.api.run({ n: 0 }, { policy: { lowPriority: true } });
		await sleep(1_500);
		expect((await endpoint.api.status(low)).json).toMatchObject({ status: 'IN_QUEUE' });
		expect(boots(endpoint)).toBe(0);
		const before = Date.now();
		const job = await endpoint.api.run({ n: 1 });
		await endpoint.api.untilState(job);
		await endpoint.api.untilState(low);
		const { shares, decisions } = await explainEndpoint(stack, endpoint.id);
		const placed = decisions.find(({ kind }) => kind === 'place');
		console.log(`cold start: decided ${Date.parse(placed?.at ?? '') - before} ms after the job was sent`);
		expect(placed).toMatchObject({ by: 'west', text: expect.stringMatching(/on w-4090: ADA_24 in W-1/), inputs: { version: 1 } });
		expect(decisions.find(({ kind }) => kind === 'scale')).toMatchObject({ text: '0 → 1: first job of an endpoint without workers', inputs: { queued: 1, low: 1 } });
		expect(decisions.find(({ kind }) => kind === 'grants')).toMatchObject({ by: 'edge' });
		expect(shares).toMatchObject([{ region: 'west', workersMax: 1, held: 1 }]);
	}, 60_000);
});

describe('a worker that cannot live', () => {
	test('is shown unhealthy with its exit code and last lines, is tried on other hosts with pauses, and consumes no job', async () => {
		const id = await stack.deploy({
			directory: stack.home,
			command: shellCommand('sh', '-c', 'echo the model is missing; exit 3'),
			workersMin: 0,
			workersMax: 2,
			pools: ['ADA_24'],
		});
		const api = stack.api(id);
		const job = await api.run({});
		const explained = await until(
			async (note) => {
				const answer = await explainEndpoint(stack, id);
				note(answer.failures);
				return new Set(answer.failures.map(({ hostId }) => hostId)).size >= 2 && answer;
			},
			{ what: 'failures on two hosts', timeoutMs: 40_000, everyMs: 500 },
		);
		expect(explained.failures[0]).toMatchObject({ exitCode: 3, lastLog: expect.stringContaining('the model is missing'), reason: expect.stringContaining('exit code 3') });
		await until(async () => (await api.health()).workers.unhealthy > 0, { what: 'the heartbeat to count it as unhealthy' });
		await until(async () => ((await api.status(job)).json['why'] as { reason?: string } | undefined)?.reason === 'workers_failing', { what: 'the job to say that workers fail' });
		expect((await api.cancel(job)).json['status']).toBe('CANCELLED');
	}, 60_000);
});

describe('the place of workers', () => {
	test('is the first tier with room, over all regions; freed GPUs bring the endpoint back', async () => {
		const filler = await deploy({ workersMin: 4, workersMax: 4, pools: ['ADA_24'] });
		await filler.api.untilReady(4);
		const endpoint = await deploy({
			workersMin: 0,
			workersMax: 3,
			idleTimeoutS: 1,
			pools: ['ADA_24', 'AMPERE_80', 'ADA_48_PRO'],
			scaling: { type: 'QUEUE_DELAY', queueDelay: 0.5 },
		});
		const long = await endpoint.api.run({ sleepMs: 15_000 });
		expect(await hostOf(endpoint, long)).toBe('w-a100');
		const other = await endpoint.api.run({ sleepMs: 6_000 });
		expect(await hostOf(endpoint, other)).toBe('e-l40s');
		const third = await endpoint.api.run({ sleepMs: 3_000 });
		await until(
			async (note) => {
				const why = (await endpoint.api.status(third)).json['why'] as { text: string } | undefined;
				note(why);
				return why !== undefined && /busy|full/.test(why.text);
			},
			{ what: 'the third job to say that the others keep the GPUs' },
		);
		await remove(filler);
		expect(await hostOf(endpoint, third)).toMatch(/4090/);
		for (const job of [long, other, third]) await endpoint.api.untilState(job, undefined, 40_000);
		await until(() => livingWorkers(endpoint) === 0, { what: 'all workers idle out' });
		const again = await endpoint.api.run({ sleepMs: 2_000 });
		expect(await hostOf(endpoint, again)).toBe('w-4090');
	}, 120_000);

	test('is the better tier again for a worker that stays warm, once that has room and no job is in hand: the successor comes first', async () => {
		const filler = await deploy({ workersMin: 3, workersMax: 3, pools: ['ADA_24'], dataCenterIds: ['W-1'] });
		await filler.api.untilReady(3);
		const endpoint = await deploy({ workersMin: 1, workersMax: 1, idleTimeoutS: 1, pools: ['ADA_24', 'AMPERE_80'], dataCenterIds: ['W-1', 'W-2'] });
		await endpoint.api.untilReady();
		const job = await endpoint.api.run({ sleepMs: 4_000 });
		expect(await hostOf(endpoint, job)).toBe('w-a100');
		await remove(filler);
		expect(await endpoint.api.untilState(job)).toMatchObject({ status: 'COMPLETED' });
		const left = await until(() => endpoint.trace().find(({ event }) => event === 'sigterm'), { what: 'the worker on the worse tier to go' });
		expect(endpoint.starts(job)).toHaveLength(1);
		const next = await endpoint.api.run({ sleepMs: 1_500 });
		expect(await hostOf(endpoint, next)).toBe('w-4090');
		const [first, successor, ...more] = endpoint.trace().filter(({ event }) => event === 'boot');
		expect([left.worker, more]).toEqual([first?.worker, []]);
		expect(successor?.at).toBeLessThan(left.at);
	}, 90_000);

	test('obeys the data centre, and says so when it blocks', async () => {
		const endpoint = await deploy({ workersMin: 0, workersMax: 1, dataCenterIds: ['E-1'], pools: ['AMPERE_80'] });
		const job = await endpoint.api.run({ n: 1 });
		const why = await until(async () => (await endpoint.api.status(job)).json['why'] as { text: string } | undefined, { what: 'a reason' });
		expect(why.text).toMatch(/no region|E-1/);
		expect(boots(endpoint)).toBe(0);
	}, 30_000);

	test.each([
		['CUDA version', { cudaVersions: ['12.4'], pools: ['ADA_24'] }, /CUDA 12\.4: they have 12\.8/],
		['number of GPUs', { gpuCount: 4, pools: ['ADA_24'] }, /4 GPUs: the largest has 3/],
	])('refuses a %s that no host has, and says what there is', async (_what, spec, words) => {
		await expect(deploy({ workersMin: 0, workersMax: 1, ...spec })).rejects.toThrow(words);
	});

	test('is the host that holds the model, and the allowed data centre', async () => {
		const model = await deploy({ workersMin: 0, workersMax: 1, idleTimeoutS: 1, pools: ['ADA_24'], model: 'org/model' });
		expect(await hostOf(model, await model.api.run({ sleepMs: 2_000 }))).toBe('w-4090');
		await remove(model);
		const east = await deploy({ workersMin: 0, workersMax: 1, idleTimeoutS: 1, pools: ['ADA_24'], dataCenterIds: ['E-1'] });
		expect(await hostOf(east, await east.api.run({ sleepMs: 2_000 }))).toBe('e-4090');
	}, 60_000);
});
