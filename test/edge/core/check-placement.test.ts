import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changesPlacement, problemsOfPlacement } from '../../../edge/src/core/check-placement.ts';
import { rankUnits } from '../../../edge/src/core/grant-units.ts';
import { GPU_POOLS } from '../../../shared-schema/src/catalog/gpus.ts';
import { GPU_POOL_IDS } from '../../../shared-schema/src/catalog/pools.ts';
import type { EndpointSpec } from '../../../shared-schema/src/endpoint/endpoint.ts';
import { A100, host, L40S, spec } from './samples.ts';

const HOSTS = [
	host({ id: 'a', dataCenterId: 'EU-RO-1', cudaVersion: '12.8' }),
	host({ id: 'b', dataCenterId: 'EU-SE-1', gpuType: A100, cudaVersion: '12.4' }),
	host({ id: 'c', dataCenterId: 'US-TX-3', gpuType: L40S, cudaVersion: '12.8', gpus: 8 }),
];
const problems = (over: Partial<EndpointSpec>): string => problemsOfPlacement(spec(over), HOSTS, ['EU-RO-1', 'EU-CZ-1', 'US-KS-2']).join('\n');

test.each<[string, Partial<EndpointSpec>, RegExp]>([
	['a data centre that nobody serves', { dataCenterIds: ['EU-CZ-1'] }, /^dataCenterIds: no region serves EU-CZ-1: add one of EU-RO-1, EU-SE-1, US-TX-3, or leave/],
	['only such data centres', { dataCenterIds: ['EU-CZ-1', 'US-KS-2'] }, /no region serves EU-CZ-1 or US-KS-2/],
	['a mistyped data centre beside a good one', { dataCenterIds: ['EU-RO-1', 'EU-SE1'] }, /^dataCenterIds\.1: EU-SE1 is not a data centre \(did you mean EU-SE-1\?\)/],
	[
		'a CUDA version that no allowed pool offers',
		{ cudaVersions: ['11.8'] },
		/^gpu\.allowedCudaVersions: no host with ADA_24 in any data centre has CUDA 11\.8: they have 12\.8: allow one/,
	],
	[
		'a lowest CUDA version above all',
		{ gpuPools: ['AMPERE_80', 'ADA_48_PRO'], minCudaVersion: '13.0' },
		/^gpu\.minCudaVersion: no host with AMPERE_80 or ADA_48_PRO .* 13\.0 or newer: they have 12\.4, 12\.8/,
	],
	[
		'a CUDA version that only a data centre out of reach offers',
		{ gpuPools: ['AMPERE_80', 'ADA_24'], dataCenterIds: ['EU-SE-1'], cudaVersions: ['12.8'] },
		/in EU-SE-1 has CUDA 12\.8: they have 12\.4/,
	],
	['more GPUs than any host has', { gpuCount: 8 }, /^gpu\.count: no host with ADA_24 .* has 8 GPUs: the largest has 4/],
])('names %s', (_what, over, words) => expect(problems(over)).toMatch(words));

test.each<[string, Partial<EndpointSpec>]>([
	['nothing unusual', {}],
	['a served data centre beside one of the catalogue', { dataCenterIds: ['EU-CZ-1', 'EU-RO-1'] }],
	['a pool that has no host yet', { gpuPools: ['HOPPER_141'], cudaVersions: ['13.0'] }],
	['a CUDA version of one of its pools', { gpuPools: ['ADA_24', 'AMPERE_80'], cudaVersions: ['12.4'] }],
	['CPUs, whatever CUDA says', { gpuPools: [], gpuCount: 0, cudaVersions: ['9.0'] }],
])('has nothing against %s', (_what, over) => expect(problems(over)).toBe(''));

test('says nothing as long as no host is known', () => expect(problemsOfPlacement(spec({ dataCenterIds: ['X'] }), [], [])).toEqual([]));

test('refuses nothing that could be placed', () => {
	const anyHost = fc.record({
		id: fc.uuid(),
		dataCenterId: fc.constantFrom('A', 'B'),
		gpuType: fc.constantFrom(...GPU_POOLS.flatMap((pool) => pool.gpuTypes)),
		gpus: fc.integer({ min: 1, max: 8 }),
		cudaVersion: fc.constantFrom('12.4', '12.8', '12.10'),
	});
	const anySpec = fc.record({
		gpuPools: fc.subarray([...GPU_POOL_IDS], { minLength: 1 }),
		gpuCount: fc.integer({ min: 1, max: 8 }),
		cudaVersions: fc.subarray(['12.4', '12.8']),
		minCudaVersion: fc.constantFrom(null, '12.6', '12.9'),
		dataCenterIds: fc.subarray(['A', 'B']),
	});
	fc.assert(
		fc.property(anySpec, fc.array(anyHost, { maxLength: 8 }), (over, figures) => {
			const hosts = figures.map((figure) => host({ ...figure, gpusFree: figure.gpus }));
			const units = rankUnits(spec(over), [{ region: 'r', alive: true, hosts }]);
			fc.pre(units.length > 0);
			expect(problemsOfPlacement(spec(over), hosts, ['A', 'B'])).toEqual([]);
		}),
	);
});

describe('a change', () => {
	test('of where it may run is one of placement', () => {
		expect(changesPlacement(spec(), spec({ dataCenterIds: ['EU-RO-1'] }))).toBe(true);
		expect(changesPlacement(spec(), spec({ minCudaVersion: '12.4' }))).toBe(true);
	});
	test('of anything else is none', () => expect(changesPlacement(spec(), spec({ image: 'x', workersMax: 9, env: { A: '1' } }))).toBe(false));
});
