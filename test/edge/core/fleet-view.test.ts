import { describe, expect, test } from 'vitest';
import { type RegionFleet, showReleases, showWorkers } from '../../../edge/src/core/fleet-view.ts';
import type { ReleaseNote } from '../../../edge/src/core/release-note.ts';
import type { RegionWorker } from '../../../shared-schema/src/wire/region-workers.ts';
import { releasesV2, workersV2 } from '../../../shared-schema/src/wire/rest-v2/fleet-answers.ts';

const clock = { now: 100_000, iso: (atMs: number): string => new Date(atMs).toISOString() };
const release = (version: number): ReleaseNote => ({
	version,
	image: `image:${version}`,
	diffText: '[{"field":"image","old":"a","new":"b"}]',
	createdAt: version * 1_000,
	createdBy: 'acc',
});
const worker = (id: string, version: number, over: Partial<RegionWorker> = {}): RegionWorker => ({
	id,
	version,
	state: 'idle',
	draining: false,
	gpuCount: 1,
	gpuType: 'NVIDIA L4',
	hostId: 'h-1',
	dataCenterId: 'EU-RO-1',
	jobs: 0,
	startedAgoMs: 2_500,
	...over,
});
const fleets: RegionFleet[] = [
	{
		region: 'eu-1',
		workers: [
			worker('a', 1, { state: 'running', draining: true, jobs: 1 }),
			worker('b', 2, { ports: [{ port: 22, protocol: 'tcp', publicIp: '203.0.113.7', publicPort: 20_001 }] }),
		],
		throttled: 2,
	},
	{ region: 'us-1', workers: [worker('c', 2, { state: 'initializing', gpuCount: 0, preparing: 'pulling image: 42 % of 5.1 GB' })], throttled: 0 },
	{ region: 'cut-off', workers: null, throttled: 0 },
];

describe('workers', () => {
	const shown = showWorkers(fleets, [release(2), release(1)], 2, 1, clock);

	test('have the shape of REST v2, and say of which release and image they are', () => {
		expect(workersV2.parse(shown)).toEqual(shown);
		expect(shown.workers[0]).toMatchObject({
			id: 'a',
			status: 'RUNNING',
			isStale: true,
			version: 1,
			image: 'image:1',
			uptimeSeconds: 2,
			startedAt: '1970-01-01T00:01:37.500Z',
			gpuTypeId: 'NVIDIA L4',
			isDraining: true,
		});
		expect(shown.workers[1]).toMatchObject({ id: 'b', status: 'IDLE', isStale: false, image: 'image:2', region: 'eu-1' });
	});

	test('say what their hosts still have to bring, and where their ports are reached', () => {
		expect(shown.workers.map(({ preparing, ports }) => [preparing, ports.length])).toEqual([
			[null, 0],
			[null, 1],
			[null, 0],
			[null, 0],
			['pulling image: 42 % of 5.1 GB', 0],
		]);
		expect(shown.workers[1]?.ports[0]).toMatchObject({ port: 22, publicIp: '203.0.113.7', publicPort: 20_001 });
	});

	test('add up, those included that wait for room', () => {
		expect(shown.summary).toEqual({ running: 1, idle: 1, initializing: 1, throttled: 2, unhealthy: 0, total: 5 });
		expect(shown.workers).toHaveLength(5);
		expect(shown.workers.filter(({ status }) => status === 'THROTTLED').every(({ startedAt, dataCenterId }) => startedAt === null && dataCenterId === null)).toBe(true);
	});

	test('of a region that does not answer are not made up', () => expect(shown.unreachableRegions).toEqual(['cut-off']));

	test('of a release that is not kept any more have no image', () => {
		expect(showWorkers(fleets, [release(2)], 2, 1, clock).workers[0]?.image).toBeNull();
	});
});

describe('releases', () => {
	test('say how far the current one has come', () => {
		const shown = showReleases(fleets, [release(2), release(1)], 'ep', 2, clock);
		expect(releasesV2.parse(shown)).toEqual(shown);
		expect(shown.rollout).toEqual({ inProgress: true, workersOnLatest: 2, workersTotal: 3, percentOnLatest: 66 });
		expect(shown.releases.map(({ id, workerCount, diff }) => [id, workerCount, diff.length])).toEqual([
			['ep-2', 2, 1],
			['ep-1', 1, 1],
		]);
	});

	test('are at 100 % exactly when no old worker is left, and at 0 without workers', () => {
		const only = (...workers: RegionWorker[]): RegionFleet[] => [{ region: 'eu-1', workers, throttled: 0 }];
		expect(showReleases(only(worker('a', 2)), [release(2)], 'ep', 2, clock).rollout).toMatchObject({ inProgress: false, percentOnLatest: 100 });
		expect(showReleases(only(), [release(2)], 'ep', 2, clock).rollout).toEqual({ inProgress: false, workersOnLatest: 0, workersTotal: 0, percentOnLatest: 0 });
		const almost = Array.from({ length: 300 }, (_, n) => worker(`w${n}`, n === 0 ? 1 : 2));
		expect(showReleases(only(...almost), [release(2)], 'ep', 2, clock).rollout).toMatchObject({ inProgress: true, percentOnLatest: 99 });
	});
});
