/** What keeps an endpoint off every host: each constraint in words, each host counted once, nothing said while one may run it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rankUnits } from '../../../edge/src/core/grant-units.ts';
import { describeObstacles, placementObstacles } from '../../../edge/src/core/placement-obstacles.ts';
import { NO_SUPPLY } from '../../../edge/src/core/supply.ts';
import type { EndpointSpec } from '../../../shared-schema/src/endpoint/endpoint.ts';
import type { HostFigure } from '../../../shared-schema/src/wire/region.ts';
import { A100, host, L40S, RTX4090, spec } from './samples.ts';

const obstacles = (over: Partial<EndpointSpec>, ...hosts: readonly HostFigure[]) => placementObstacles({ spec: spec(over) }, [{ region: 'eu', alive: true, hosts }]);
const textOf = (over: Partial<EndpointSpec>, ...hosts: readonly HostFigure[]) => describeObstacles(obstacles(over, ...hosts));
const drained = { id: 'fits', draining: true } as const;

describe('a host that would fit is out of service, and of the others is said', () => {
	test.each<[string, Partial<EndpointSpec>, HostFigure, HostFigure, string]>([
		['the data centre', { dataCenterIds: ['EU-SE-1'] }, host({ ...drained, dataCenterId: 'EU-SE-1' }), host(), '1 host is not in EU-SE-1'],
		['the CUDA version', { cudaVersions: ['12.4'] }, host({ ...drained, cudaVersion: '12.4' }), host(), '1 host has CUDA 12.8, not 12.4'],
		['the lowest CUDA version', { minCudaVersion: '12.9' }, host({ ...drained, cudaVersion: '13.0' }), host(), '1 host has CUDA 12.8, not 12.9 or newer'],
		['the number of GPUs', { gpuCount: 8 }, host({ ...drained, gpus: 8 }), host(), '1 host has fewer than 8 GPUs (the largest 4)'],
		['the GPU pools', { gpuPools: ['ADA_48_PRO', 'AMPERE_80'] }, host({ ...drained, gpuType: L40S }), host(), '1 host has no ADA_48_PRO or AMPERE_80 GPUs'],
		[
			'the excluded types',
			{ excludedGpuTypes: [RTX4090], gpuPools: ['ADA_24', 'AMPERE_80'] },
			host({ ...drained, gpuType: A100 }),
			host(),
			'1 host has no ADA_24 or AMPERE_80 GPUs',
		],
	])('%s', (_what, over, fits, other, text) => {
		expect(textOf(over, fits, other)).toBe(`no host may run this endpoint now: fits is drained or cordoned; ${text}`);
	});

	test('the volume', () => {
		const supply = { ...NO_SUPPLY, volumes: [{ id: 'vol-1', dataCenterId: 'EU-SE-1' }] };
		const found = placementObstacles({ spec: spec(), supply }, [
			{ region: 'eu', alive: true, hosts: [host({ ...drained, dataCenterId: 'EU-SE-1' }), host(), host({ id: 'h-2' })] },
		]);
		expect(describeObstacles(found)).toBe('no host may run this endpoint now: fits is drained or cordoned; 2 hosts are not in EU-SE-1, where volume vol-1 lies');
		expect(found.map(({ constraint, hosts }) => [constraint, hosts])).toEqual([
			['draining', 1],
			['volume', 2],
		]);
	});
});

test('regions that are not heard do not count, and are named', () => {
	const [found] = placementObstacles({ spec: spec() }, [{ region: 'eu', alive: false, hosts: [host(), host({ id: 'h-2' })] }]);
	expect(found).toEqual({ constraint: 'silent', hosts: 2, text: '2 hosts that would do are in a region that is not heard' });
});

test('a full host is no obstacle: nothing is said', () => {
	expect(obstacles({}, host({ gpusFree: 0 }), host({ id: 'h-2', cudaVersion: '11.0' }))).toEqual([]);
	expect(describeObstacles([])).toBeNull();
});

test('something is said exactly when no region gets a share, and every host is counted', () => {
	const anyHost = fc.record({
		dataCenterId: fc.constantFrom('A', 'B'),
		gpuType: fc.constantFrom(RTX4090, A100),
		gpus: fc.integer({ min: 0, max: 3 }),
		cudaVersion: fc.constantFrom('12.4', '12.8'),
		draining: fc.boolean(),
	});
	const anySpec = fc.record({ dataCenterIds: fc.subarray(['A', 'B']), gpuCount: fc.integer({ min: 1, max: 3 }), cudaVersions: fc.subarray(['12.4', '12.8']) });
	fc.assert(
		fc.property(anySpec, fc.array(anyHost, { minLength: 1, maxLength: 6 }), fc.boolean(), (over, figures, alive) => {
			const regions = [{ region: 'eu', alive, hosts: figures.map((figure, n) => host({ ...figure, id: `h-${n}` })) }];
			const found = placementObstacles({ spec: spec(over) }, regions);
			expect(found.length > 0).toBe(rankUnits(spec(over), regions).length === 0);
			if (found.length > 0) expect(found.reduce((sum, { hosts }) => sum + hosts, 0)).toBe(figures.length);
		}),
	);
});
