/** Hosts that fit are taken out of service under an endpoint: its jobs wait, are told which of its rules keeps them off the other hosts, and run when the host is back. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changeEndpoint } from '../support/deploy.ts';
import { explainEndpoint, operatorWorkers, putHostOnDuty } from '../support/operator-api.ts';
import { deployRaw, type RawEndpoint } from '../support/raw-endpoint.ts';
import { SHORT_TIMERS } from '../support/short-timers.ts';
import { type Stack, startStack } from '../support/start-stack.ts';
import { until } from '../support/wait.ts';

const TOPOLOGY = {
	regions: {
		north: {
			dataCenters: {
				'N-1': { hosts: { 'n-new': { gpuType: 'NVIDIA GeForce RTX 4090', count: 2 } } },
				'N-2': { hosts: { 'n-old': { gpuType: 'NVIDIA GeForce RTX 4090', count: 3, cudaVersion: '12.4' } } },
			},
		},
		south: {
			dataCenters: {
				'S-1': {
					hosts: {
						's-big': { gpuType: 'NVIDIA L40S', count: 4 },
						's-model': { gpuType: 'NVIDIA A40', count: 1, models: ['org/m'] },
						's-bare': { gpuType: 'NVIDIA A40', count: 1 },
					},
				},
			},
		},
	},
};

interface Why {
	readonly reason: string;
	readonly text: string;
	readonly obstacles?: readonly { readonly constraint: string; readonly hosts: number }[];
}

let stack: Stack;

beforeAll(async () => {
	// Hosts hold what they were declared with; nothing is downloaded.
	stack = await startStack({ env: { ...SHORT_TIMERS, LONGSHORE_MODEL_MIRROR: 'none' }, topology: TOPOLOGY });
}, 300_000);
afterAll(() => stack?.stop(), 90_000);

const warm = { workersMin: 0, workersMax: 1, idleTimeoutS: 1 };

async function createVolume(dataCenter: string): Promise<string> {
	const response = await fetch(`${stack.url}/v2/network-volumes`, {
		method: 'POST',
		headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
		body: JSON.stringify({ name: 'data', size: 10, dataCenter }),
	});
	const text = await response.text();
	expect(response.status, text).toBe(201);
	return (JSON.parse(text) as { id: string }).id;
}

/** Why the job waits, once that is so for the reason. */
const whyOf = (endpoint: RawEndpoint, job: string, reason: string): Promise<Why> =>
	until(
		async (note) => {
			const why = (await endpoint.api.status(job)).json['why'] as Why | undefined;
			note(why);
			return why?.reason === reason && why;
		},
		{ what: `a wait for ${reason}`, timeoutMs: 30_000, everyMs: 200 },
	);

const placesOf = async (endpoint: RawEndpoint): Promise<string[]> =>
	(await explainEndpoint(stack, endpoint.id)).decisions.flatMap(({ kind, text }) => (kind === 'place' ? [text.replace(/^\S+ on /, '')] : []));

test('each rule is obeyed, named by the jobs that wait for it, and they run when the host is back', async () => {
	const volume = await createVolume('N-2');
	const cases: readonly (readonly [Parameters<typeof deployRaw>[1], string, string, RegExp])[] = [
		[{ dataCenterIds: ['N-2'], pools: ['ADA_24'] }, 'n-old', 'data_center', /n-old is drained or cordoned; 4 hosts are not in N-2$/],
		[{ cudaVersions: ['12.4'], pools: ['ADA_24'] }, 'n-old', 'cuda', /n-old is drained or cordoned; 1 host has CUDA 12\.8, not 12\.4; 3 hosts have no ADA_24 GPUs$/],
		[{ networkVolumes: [volume], pools: ['ADA_24'] }, 'n-old', 'volume', new RegExp(`n-old is drained or cordoned; 4 hosts are not in N-2, where volume ${volume} lies$`)],
		[
			{ gpuCount: 3, pools: ['ADA_48_PRO', 'AMPERE_48'] },
			's-big',
			'gpu_count',
			/s-big is drained or cordoned; 2 hosts have fewer than 3 GPUs \(the largest 1\); 2 hosts have no ADA_48_PRO or AMPERE_48 GPUs$/,
		],
		[{ pools: ['ADA_48_PRO'] }, 's-big', 'gpu', /s-big is drained or cordoned; 4 hosts have no ADA_48_PRO GPUs$/],
	];
	const endpoints = await Promise.all(cases.map(([spec]) => deployRaw(stack, { ...warm, ...spec })));
	await putHostOnDuty(stack, 'north', 'n-old', 'drain');
	await putHostOnDuty(stack, 'south', 's-big', 'cordon');
	const jobs = await Promise.all(endpoints.map((endpoint) => endpoint.api.run({ n: 1 })));
	for (const [index, [, , constraint, text]] of cases.entries()) {
		const endpoint = endpoints[index] as RawEndpoint;
		const why = await whyOf(endpoint, jobs[index] as string, 'no_region');
		expect(why.text).toMatch(text);
		expect(why.obstacles?.map((obstacle) => obstacle.constraint)).toEqual(expect.arrayContaining(['draining', constraint]));
		const explained = await explainEndpoint(stack, endpoint.id);
		expect(explained.obstacles).toEqual(why.obstacles);
		expect(explained.decisions.findLast(({ kind }) => kind === 'grants')?.text).toMatch(text);
		expect(endpoint.trace()).toEqual([]);
	}
	await putHostOnDuty(stack, 'north', 'n-old', 'undrain');
	await putHostOnDuty(stack, 'south', 's-big', 'undrain');
	for (const [index, endpoint] of endpoints.entries()) {
		expect(await endpoint.api.untilState(jobs[index] as string, undefined, 60_000)).toMatchObject({ status: 'COMPLETED' });
		const hosts = (await placesOf(endpoint)).map((text) => text.split(':')[0]);
		expect(new Set(hosts)).toEqual(new Set([cases[index]?.[1]]));
		await changeEndpoint(stack.url, stack.apiKey, endpoint.id, 'DELETE');
	}
}, 150_000);

test('a host that is full is named with the rule that keeps jobs off those with room', async () => {
	const filler = await deployRaw(stack, { workersMin: 3, workersMax: 3, dataCenterIds: ['N-2'], pools: ['ADA_24'] });
	await filler.api.untilReady(3);
	const endpoint = await deployRaw(stack, { ...warm, cudaVersions: ['12.4'], pools: ['ADA_24'] });
	const job = await endpoint.api.run({ n: 1 });
	expect((await whyOf(endpoint, job, 'no_capacity')).text).toMatch(/ADA_24 full in N-2, n-new has room and CUDA 12\.8, not 12\.4$/);
	await changeEndpoint(stack.url, stack.apiKey, filler.id, 'DELETE');
	expect(await endpoint.api.untilState(job, undefined, 40_000)).toMatchObject({ status: 'COMPLETED' });
	await changeEndpoint(stack.url, stack.apiKey, endpoint.id, 'DELETE');
}, 90_000);

test('the host that holds the model goes first; while it is out of service another one runs the job, and the decision says why', async () => {
	const endpoint = await deployRaw(stack, { ...warm, pools: ['AMPERE_48'], model: 'org/m' });
	await putHostOnDuty(stack, 'south', 's-model', 'drain');
	await until(async () => !(await operatorWorkers(stack)).some(({ hostId }) => hostId === 's-model'), { what: 'the drained host to be empty' });
	expect(await endpoint.api.untilState(await endpoint.api.run({ n: 1 }), undefined, 40_000)).toMatchObject({ status: 'COMPLETED' });
	expect((await placesOf(endpoint)).at(-1)).toBe('s-bare: AMPERE_48 in S-1, does not hold org/m: s-model does and takes no workers now');
	await putHostOnDuty(stack, 'south', 's-model', 'undrain');
	await until(async () => (await endpoint.api.health()).workers.ready === 0, { what: 'the worker to idle out' });
	await until(
		async (note) => {
			expect(await endpoint.api.untilState(await endpoint.api.run({ n: 2 }), undefined, 40_000)).toMatchObject({ status: 'COMPLETED' });
			const last = (await placesOf(endpoint)).at(-1);
			note(last);
			return last === 's-model: AMPERE_48 in S-1, holds the model';
		},
		{ what: 'the host with the model to be taken again', timeoutMs: 60_000, everyMs: 2_000 },
	);
	await changeEndpoint(stack.url, stack.apiKey, endpoint.id, 'DELETE');
}, 150_000);
