import { describe, expect, test } from 'vitest';
import { DEFAULT_CATALOG } from '../../../../shared-schema/src/catalog/data.ts';
import { applyV2, specFromV2 } from '../../../../shared-schema/src/wire/rest-v2/endpoint-apply.ts';
import { createEndpointV2, updateEndpointV2 } from '../../../../shared-schema/src/wire/rest-v2/endpoint-body.ts';
import { problemsOfCreate, problemsOfSpec, problemsOfUpdate } from '../../../../shared-schema/src/wire/rest-v2/endpoint-problems.ts';

const minimal = { name: 'x', type: 'QUEUE', image: 'i', gpu: { pools: ['ADA_24'] } };
const onCpu = { name: 'x', type: 'QUEUE', image: 'i', cpu: [{ id: 'cpu5c', vcpuCount: 2 }] };

function problems(body: object): string {
	const parsed = createEndpointV2.parse(body);
	return [...problemsOfCreate(parsed), ...problemsOfSpec(specFromV2(parsed), parsed, DEFAULT_CATALOG)].join('\n');
}

describe('a new endpoint', () => {
	test.each([minimal, onCpu, { ...minimal, gpu: { types: ['Tesla T4'] } }])('that holds together has no problem: %j', (body) => expect(problems(body)).toBe(''));

	test.each<[string, object, RegExp]>([
		['min above max', { ...minimal, workers: { min: 4, max: 3 } }, /^workers\.min: 4 must not exceed workers\.max \(3\): lower min or raise max$/],
		['min above the default of max', { ...minimal, workers: { min: 4 } }, /workers\.max \(3\)/],
		['a load balancer that scales by queue delay', { ...minimal, type: 'LOAD_BALANCER', scaling: { type: 'QUEUE_DELAY', queueDelay: 4 } }, /^scaling\.type: .*REQUEST_COUNT/],
		[
			'an idle timeout that would not apply',
			{ ...minimal, scaling: { type: 'REQUEST_COUNT', requestCount: 1 }, workers: { idleTimeout: 9 } },
			/^workers\.idleTimeout: .*leave it out/,
		],
		['too many words', { ...minimal, args: Array.from({ length: 101 }, () => 'a').join(' ') }, /^args: has 101 words, at most 100/],
		['a long word', { ...minimal, args: 'a'.repeat(4_001) }, /^args: .*4000 characters/],
		[
			'a large environment',
			{ ...minimal, env: Object.fromEntries(Array.from({ length: 5 }, (_, n) => [`A${n}`, 'x'.repeat(32_768)])) },
			/^env: has 163850 characters in all, at most 131072/,
		],
		['GPU and CPU at once', { ...minimal, ...onCpu }, /^gpu, cpu: exactly one of gpu and cpu/],
		['neither', { name: 'x', type: 'QUEUE', image: 'i' }, /exactly one of gpu and cpu/],
		['no pool', { ...minimal, gpu: { count: 1 } }, /^gpu\.pools: at least one/],
		['a model on CPUs', { ...onCpu, model: 'org/model' }, /^model: needs a GPU endpoint/],
		['an unknown type', { ...minimal, gpu: { types: ['RTX 4090'] } }, /^gpu\.types: "RTX 4090" .*did you mean NVIDIA GeForce RTX 4090\?/],
		['a mistyped exclusion', { ...minimal, gpu: { pools: ['ADA_48_PRO'], excludedTypes: ['NVIDIA L4OS'] } }, /^gpu\.excludedTypes: "NVIDIA L4OS" .*did you mean NVIDIA L40S?\?/],
		['an exclusion from another pool', { ...minimal, gpu: { pools: ['ADA_48_PRO'], excludedTypes: ['NVIDIA A40'] } }, /"NVIDIA A40" is in none of the pools ADA_48_PRO/],
		['everything excluded', { ...minimal, gpu: { pools: ['ADA_24'], excludedTypes: ['NVIDIA GeForce RTX 4090'] } }, /excludes every GPU type of ADA_24/],
		[
			'a CUDA range without a version',
			{ ...minimal, gpu: { pools: ['ADA_24'], allowedCudaVersions: ['12.2', '12.4'], minCudaVersion: '12.10' } },
			/^gpu\.minCudaVersion: 12\.10 is above every version.*12\.2, 12\.4/,
		],
		['an unknown CPU flavour', { ...onCpu, cpu: [{ id: 'cpu9c' }] }, /^cpu\.0\.id: "cpu9c" .*did you mean cpu/],
		['too many CPUs', { ...onCpu, cpu: [{ id: 'cpu5c', vcpuCount: 64 }] }, /^cpu\.0\.vcpuCount: 64 does not fit cpu5c: choose a power of two from 1 to 32/],
		['three CPUs', { ...onCpu, cpu: [{ id: 'cpu5c', vcpuCount: 3 }] }, /power of two/],
		['a flavour twice', { ...onCpu, cpu: [{ id: 'cpu5c' }, { id: 'cpu5c', vcpuCount: 2 }] }, /^cpu\.1: cpu5c with 2 vCPUs is listed twice/],
	])('%s', (_what, body, words) => expect(problems(body)).toMatch(words));
});

describe('an update', () => {
	const of = (before: object, change: object): string => {
		const spec = specFromV2(createEndpointV2.parse(before));
		const body = updateEndpointV2.parse(change);
		return [...problemsOfUpdate(body, spec), ...problemsOfSpec(applyV2(spec, body), body, DEFAULT_CATALOG)].join('\n');
	};

	test.each<[string, object, object, RegExp]>([
		['keeps a GPU endpoint one', minimal, { cpu: [{ id: 'cpu5c' }] }, /^cpu: this is a GPU endpoint/],
		['keeps a CPU endpoint one', onCpu, { gpu: { pools: ['ADA_24'] } }, /^gpu: this is a CPU endpoint/],
		['names exclusions with their pools', minimal, { gpu: { excludedTypes: ['NVIDIA L4'] } }, /^gpu\.excludedTypes: comes with gpu\.pools/],
		['leaves a pool', minimal, { gpu: { pools: [] } }, /^gpu\.pools: at least one/],
		['holds min and max together', { ...minimal, workers: { min: 2 } }, { workers: { max: 1 } }, /workers\.min: 2 must not exceed workers\.max \(1\)/],
	])('%s', (_what, before, change, words) => expect(of(before, change)).toMatch(words));

	test('may change the scaler of an endpoint with an idle timeout', () => {
		expect(of({ ...minimal, workers: { idleTimeout: 60 } }, { scaling: { type: 'REQUEST_COUNT', requestCount: 2 } })).toBe('');
	});
});
