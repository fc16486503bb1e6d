import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GPU_POOL_IDS } from '../../../shared-schema/src/catalog/gpus.ts';
import { endpointSpec } from '../../../shared-schema/src/endpoint/endpoint.ts';
import { splitShellWords } from '../../../shared-schema/src/endpoint/shell-words.ts';
import { applyV2, type CreateEndpointV2, createEndpointV2, problemOfSpec, specFromV2, toEndpointV2, updateEndpointV2 } from '../../../shared-schema/src/wire/runpod-rest.ts';

const minimal = { name: 'x', type: 'QUEUE', image: 'i', gpu: { pools: ['ADA_24'] } } as const;
const create = (over: object = {}): CreateEndpointV2 => createEndpointV2.parse({ ...minimal, ...over });
const specOf = (over: object = {}): ReturnType<typeof specFromV2> => specFromV2(create(over));

describe('a new endpoint', () => {
	test("has RunPod's defaults", () => {
		expect(specOf()).toEqual({
			name: 'x',
			type: 'QUEUE',
			image: 'i',
			command: [],
			env: {},
			gpuPools: ['ADA_24'],
			excludedGpuTypes: [],
			gpuCount: 1,
			cudaVersions: [],
			dataCenterIds: [],
			workersMin: 0,
			workersMax: 3,
			idleTimeoutS: 5,
			scaling: { type: 'QUEUE_DELAY', queueDelayS: 4 },
			executionTimeoutMs: 600_000,
			ttlMs: 86_400_000,
			retriesMax: 1,
			flashboot: false,
			model: null,
		});
	});

	test('a CPU endpoint has no GPU and no pools', () => {
		const { gpu: _gpu, ...rest } = minimal;
		expect(specFromV2(createEndpointV2.parse({ ...rest, cpu: [{ id: 'cpu3c' }] }))).toMatchObject({ gpuCount: 0, gpuPools: [] });
	});

	test('an execution timeout of 0 means the default', () => {
		expect(specOf({ timeout: 0 }).executionTimeoutMs).toBe(600_000);
		expect(specOf({ timeout: 5_000 }).executionTimeoutMs).toBe(5_000);
	});

	test.each<[string, object]>([
		['an unknown member', { colour: 'red' }],
		['an unknown member of gpu', { gpu: { pools: ['ADA_24'], kount: 1 } }],
		['an unknown pool', { gpu: { pools: ['ADA_25'] } }],
		['no pool', { gpu: { pools: [] } }],
		['no name', { name: '' }],
		['a type of its own', { type: 'BATCH' }],
		['17 GPUs', { gpu: { pools: ['ADA_24'], count: 17 } }],
		['half a worker', { workers: { max: 1.5 } }],
		['an idle timeout of 0', { workers: { idleTimeout: 0 } }],
		['an idle timeout above an hour', { workers: { idleTimeout: 3_601 } }],
		['an execution timeout below 5 s', { timeout: 4_999 }],
		['a TTL above 7 days', { ttl: 604_800_001 }],
		['a bad variable name', { env: { 'A-B': '1' } }],
		['a variable that is no text', { env: { A: 1 } }],
		['request count 0', { scaling: { type: 'REQUEST_COUNT', requestCount: 0 } }],
		['mixed scaling', { scaling: { type: 'REQUEST_COUNT', queueDelay: 4 } }],
	])('%s is refused', (_what, over) => {
		expect(createEndpointV2.safeParse({ ...minimal, ...over }).success).toBe(false);
	});
});

const updates = fc.record(
	{
		name: fc.string({ minLength: 1, maxLength: 20 }),
		image: fc.constantFrom('a:1', 'process:///tmp'),
		args: fc.array(fc.string({ maxLength: 8 }), { maxLength: 4 }).map((words) => words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')),
		env: fc.dictionary(fc.constantFrom('A', 'B_1', '_C'), fc.string()),
		gpu: fc.record(
			{ pools: fc.subarray([...GPU_POOL_IDS], { minLength: 1 }), count: fc.integer({ min: 1, max: 16 }), allowedCudaVersions: fc.subarray(['12.4', '12.8']) },
			{ requiredKeys: ['pools'] },
		),
		workers: fc.record({ min: fc.nat({ max: 10 }), max: fc.nat({ max: 10 }), idleTimeout: fc.integer({ min: 1, max: 3_600 }) }, { requiredKeys: [] }),
		scaling: fc.oneof(
			fc.record({ type: fc.constant('QUEUE_DELAY'), queueDelay: fc.integer({ min: 1, max: 3_600 }) }),
			fc.record({ type: fc.constant('REQUEST_COUNT'), requestCount: fc.integer({ min: 1, max: 10_000 }) }),
		),
		dataCenterIds: fc.subarray(['EU-RO-1', 'US-TX-3']),
		timeout: fc.constantFrom(0, 5_000, 604_800_000),
		ttl: fc.integer({ min: 10_000, max: 604_800_000 }),
		retries: fc.nat({ max: 10 }),
		flashboot: fc.constantFrom('OFF', 'FLASHBOOT', 'PRIORITY_FLASHBOOT'),
		model: fc.option(fc.string({ maxLength: 10 })),
	},
	{ requiredKeys: [] },
);

describe('an update', () => {
	test('without members changes nothing', () => {
		const spec = specOf({ args: 'a "b c"', workers: { min: 1 } });
		expect(applyV2(spec, updateEndpointV2.parse({}))).toEqual(spec);
	});

	test('gives a specification that the wire to regions takes, and is the same when sent twice', () => {
		fc.assert(
			fc.property(updates, updates, (first, second) => {
				const spec = applyV2(specFromV2(create(first)), updateEndpointV2.parse(second));
				expect(endpointSpec.parse(spec)).toEqual(spec);
				expect(applyV2(spec, updateEndpointV2.parse(second))).toEqual(spec);
			}),
		);
	});

	test('changes only what it names', () => {
		const spec = specOf({ workers: { min: 1, max: 5, idleTimeout: 30 }, env: { A: '1' } });
		expect(applyV2(spec, updateEndpointV2.parse({ workers: { max: 9 } }))).toEqual({ ...spec, workersMax: 9 });
		expect(applyV2(spec, updateEndpointV2.parse({ env: {} }))).toEqual({ ...spec, env: {} });
		expect(applyV2(spec, updateEndpointV2.parse({ model: null }))).toEqual(spec);
	});

	test('cannot change the type', () => {
		expect(updateEndpointV2.safeParse({ type: 'LOAD_BALANCER' }).success).toBe(false);
	});
});

describe('what is wrong with a specification', () => {
	const problem = (over: object, hasCpu = false): string | null => problemOfSpec(specOf(over), true, hasCpu);

	test('nothing, for the defaults', () => expect(problem({})).toBeNull());

	test.each<[object, RegExp]>([
		[{ workers: { min: 4, max: 3 } }, /workers\.min \(4\).*workers\.max \(3\)/],
		[{ workers: { min: 4 } }, /workers\.min \(4\).*workers\.max \(3\)/],
		[{ type: 'LOAD_BALANCER' }, /REQUEST_COUNT/],
		[{ args: Array.from({ length: 101 }, () => 'a').join(' ') }, /args.*100/],
		[{ args: 'a'.repeat(4_001) }, /args.*4000/],
	])('%o', (over, text) => expect(problem(over)).toMatch(text));

	test('GPU and CPU at once, or neither', () => {
		expect(problem({}, true)).toMatch(/exactly one of gpu and cpu/);
		expect(problemOfSpec(specOf(), false, false)).toMatch(/exactly one of gpu and cpu/);
	});

	test('a model without a GPU', () => {
		expect(problemOfSpec({ ...specOf(), gpuCount: 0, model: 'm' }, false, true)).toMatch(/model/);
	});
});

describe('the endpoint as shown', () => {
	test('shows a start command that splits into the same words, whatever they hold', () => {
		fc.assert(
			fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 12 }), { maxLength: 6 }), (command) => {
				const shown = toEndpointV2('id', '1970-01-01T00:00:00.000Z', 1, { ...specOf(), command }, 'https://e');
				expect(splitShellWords(shown['args'] as string)).toEqual(command);
			}),
		);
	});

	test('can be sent back as an update that changes nothing', () => {
		fc.assert(
			fc.property(updates, (over) => {
				const spec = specFromV2(create(over));
				const { id: _i, type: _t, createdAt: _c, version: _v, requestUrls: _r, ...body } = toEndpointV2('id', '1970-01-01T00:00:00.000Z', 1, spec, 'https://e');
				// The default profile of webhooks is spelled out when shown.
				expect(applyV2(spec, updateEndpointV2.parse(body))).toEqual({ webhookProfile: 'runpod', ...spec });
			}),
		);
	});

	test('names its URLs under the address that was called', () => {
		expect(toEndpointV2('abc', '2026-01-02T00:00:00.000Z', 3, specOf(), 'https://edge.example')).toMatchObject({
			id: 'abc',
			createdAt: '2026-01-02T00:00:00.000Z',
			version: 3,
			requestUrls: { run: 'https://edge.example/v2/abc/run', runSync: 'https://edge.example/v2/abc/runsync', status: 'https://edge.example/v2/abc/status/{job_id}' },
		});
	});
});
