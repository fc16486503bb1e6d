import type { FrozenReport } from '@longshore/shared-schema/wire/bus';
import type { EndpointGrant } from '@longshore/shared-schema/wire/region';
import { describe, expect, it } from 'vitest';
import { FrozenWorkers, whyUnwanted } from '../../../regional-broker/src/fleet/frozen-workers.ts';
import type { KnownHost } from '../../../regional-broker/src/fleet/registry.ts';
import { specWith } from '../../support/endpoint-spec.ts';

const frozen = (id: string, more: Partial<FrozenReport> = {}): FrozenReport => ({
	id,
	endpointId: 'ep1',
	version: 1,
	ready: true,
	frozenAgoMs: 1_000,
	memoryBytes: 1,
	gpuMemoryBytes: 0,
	...more,
});
const host = (id: string, n: number, list: readonly FrozenReport[]): KnownHost => ({ figure: { id }, frozen: list, n }) as unknown as KnownHost;
const grant = (more: Partial<EndpointGrant> = {}, flashboot: 'OFF' | 'FLASHBOOT' = 'FLASHBOOT'): EndpointGrant => ({
	endpointId: 'ep1',
	accountId: 'a',
	revision: 1,
	version: 1,
	spec: specWith({ flashboot }),
	workersMax: 1,
	workersMin: 0,
	...more,
});
const none = new Set<string>();

describe('what a start may thaw', () => {
	const all = [
		frozen('old', { frozenAgoMs: 9_000 }),
		frozen('new', { frozenAgoMs: 10 }),
		frozen('busy', { ready: false }),
		frozen('other', { endpointId: 'ep2' }),
		frozen('stale', { version: 2 }),
	];
	const h1 = host('h1', 3, all);
	const workers = new FrozenWorkers({ hosts: () => [h1] });

	it('is of this endpoint and release and has its GPUs free, the one that ran last first', () => {
		expect(workers.thawable(h1, grant(), none).map(({ id }) => id)).toEqual(['new', 'old']);
	});

	it('is nothing that is being started already', () => {
		expect(workers.thawable(h1, grant(), new Set(['new'])).map(({ id }) => id)).toEqual(['old']);
	});

	it('is nothing where FlashBoot is off', () => {
		expect(workers.thawable(h1, grant({}, 'OFF'), none)).toEqual([]);
	});

	it('is nothing that the host has just refused to thaw, until its next report', () => {
		workers.refused('new', 'h1');
		expect(workers.thawable(h1, grant(), none).map(({ id }) => id)).toEqual(['old']);
		expect(workers.thawable({ ...h1, n: 4 }, grant(), none).map(({ id }) => id)).toEqual(['new', 'old']);
	});
});

it('is told by endpoint, with its host', () => {
	const workers = new FrozenWorkers({ hosts: () => [host('h1', 1, [frozen('a')]), host('h2', 1, [frozen('b'), frozen('c', { endpointId: 'ep2' })])] });
	expect([...workers.byEndpoint()].map(([endpointId, list]) => [endpointId, list.map(({ id, hostId }) => `${id}@${hostId}`)])).toEqual([
		['ep1', ['a@h1', 'b@h2']],
		['ep2', ['c@h2']],
	]);
});

it('is nobody’s when its endpoint is gone, has another release, or has FlashBoot off', () => {
	expect(whyUnwanted({ version: 1 }, grant())).toBeNull();
	expect(whyUnwanted({ version: 1 }, grant({ version: 2 }))).toBe('outdated');
	expect(whyUnwanted({ version: 1 }, grant({}, 'OFF'))).toBe('FlashBoot is off');
	expect(whyUnwanted({ version: 1 }, undefined)).toBe('endpoint no longer in this region');
});
