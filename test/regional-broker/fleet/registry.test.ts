import { beforeEach, describe, expect, it } from 'vitest';
import { Registry } from '../../../regional-broker/src/fleet/registry.ts';
import type { HostReport, WorkerReport } from '../../../shared-schema/src/wire/bus.ts';
import type { HostFigure } from '../../../shared-schema/src/wire/region.ts';

let now = 0;
let registry: Registry;
beforeEach(() => {
	now = 0;
	registry = new Registry({ hostLeaseMs: 10_000, settleMs: 2_000, now: () => now });
});

const figure = (id: string, boot: string): HostFigure => ({
	id,
	boot,
	dataCenterId: 'A',
	gpuType: 'NVIDIA L4',
	gpus: 1,
	gpusFree: 1,
	cudaVersion: '12.8',
	models: [],
	draining: false,
});
const report = (id: string, boot: string, n: number, workers: WorkerReport[] = []): HostReport => ({ n, host: figure(id, boot), workers });
const worker = (id: string, jobs: string[]): WorkerReport => ({ id, endpointId: 'ep1', version: 1, phase: 'running', gpus: [], jobs, room: 0, startedAgoMs: 0, idleMs: 0 });

describe('reports', () => {
	it('replace what was known of a host, but not with an older one', () => {
		expect(registry.hear(report('h', 'b1', 2, [worker('w', ['j.1'])]))).toBe('new');
		expect(registry.hear(report('h', 'b1', 1))).toBe('stale');
		expect(registry.holders()).toEqual(new Map([['j.1', 'h']]));
		expect(registry.hear(report('h', 'b1', 3))).toBe('known');
		expect(registry.holders().size).toBe(0);
	});

	it('of a new boot give the old one up', () => {
		registry.hear(report('h', 'b1', 5));
		expect(registry.hear(report('h', 'b2', 1))).toBe('new');
		expect(registry.lostBoots()).toEqual(['b1']);
		expect(registry.hear(report('h', 'b1', 6))).toBe('stale');
		expect(registry.host('h')?.figure.boot).toBe('b2');
	});
});

describe('a silent host', () => {
	it('is given up at the end of its lease and not before', () => {
		registry.hear(report('h', 'b1', 1));
		now = 9_999;
		expect(registry.expire()).toEqual([]);
		expect(registry.nextExpiryInMs()).toBe(1);
		now = 10_000;
		expect(registry.expire().map(({ figure: { id } }) => id)).toEqual(['h']);
		expect([registry.hosts(), registry.lostBoots()]).toEqual([[], ['b1']]);
	});

	it('stays out when it speaks again, until the edge was told that it was lost', () => {
		registry.hear(report('h', 'b1', 1));
		now = 10_000;
		registry.expire();
		expect(registry.hear(report('h', 'b1', 2))).toBe('stale');
		registry.toldLost(['b1']);
		expect(registry.hear(report('h', 'b1', 3))).toBe('new');
		expect(registry.lostBoots()).toEqual([]);
	});
});

describe('a lost boot', () => {
	it('is owed to the edge until an answered heartbeat has named it, and is named for some time after that', () => {
		registry.hear(report('h', 'b1', 1));
		registry.hear(report('h', 'b2', 1));
		now = 3_600_000;
		registry.hear(report('h', 'b2', 2));
		registry.expire();
		expect([registry.lostBoots(), registry.owesLossOf('h'), registry.owesLossOf('i')]).toEqual([['b1'], true, false]);
		expect(registry.toldLost(['b1'])).toEqual(['h']);
		expect([registry.toldLost(['b1']), registry.owesLossOf('h'), registry.lostBoots()]).toEqual([[], false, ['b1']]);
		registry.expire();
		expect(registry.lostBoots()).toEqual([]);
	});

	it('is named for ten minutes to an edge that has heard of it', () => {
		registry.hear(report('h', 'b1', 1));
		now = 10_000;
		registry.expire();
		registry.toldLost(['b1']);
		now += 600_000;
		registry.expire();
		expect(registry.lostBoots()).toEqual(['b1']);
		now++;
		registry.expire();
		expect(registry.lostBoots()).toEqual([]);
	});
});

describe('completeness after a start', () => {
	it('is not there before the hosts of before are known', () => {
		registry.hear(report('h', 'b1', 1));
		now = 100_000;
		expect(registry.isComplete()).toBe(false);
	});

	it('comes with the last report of the hosts that were here', () => {
		registry.seed([figure('h', 'b1'), figure('i', 'b2')]);
		expect(registry.hosts().map(({ figure: { id }, n }) => [id, n])).toEqual([
			['h', 0],
			['i', 0],
		]);
		registry.hear(report('h', 'b1', 7));
		expect(registry.isComplete()).toBe(false);
		registry.hear(report('i', 'b9', 1));
		expect([registry.isComplete(), registry.lostBoots()]).toEqual([true, ['b2']]);
	});

	it('does not hide the boot that was here before, whichever the broker hears of first', () => {
		registry.hear(report('h', 'b2', 1));
		expect(registry.seed([figure('h', 'b1'), figure('i', 'b5')]).map(({ figure: { boot } }) => boot)).toEqual(['b1']);
		expect([registry.lostBoots(), registry.host('h')?.figure.boot]).toEqual([['b1'], 'b2']);
		registry.hear(report('h', 'b2', 2));
		expect(registry.lostBoots()).toEqual(['b1']);
	});

	it('comes when a host of before is given up instead of reporting', () => {
		registry.seed([figure('h', 'b1')]);
		now = 10_000;
		registry.expire();
		expect([registry.isComplete(), registry.lostBoots()]).toEqual([true, ['b1']]);
	});

	it('waits one interval where no host is remembered', () => {
		registry.seed([]);
		expect([registry.isComplete(), registry.settlesInMs()]).toEqual([false, 2_000]);
		now = 2_000;
		expect([registry.isComplete(), registry.settlesInMs()]).toEqual([true, null]);
	});

	it('proves absence only with reports from after the question, and some intervals after the start', () => {
		registry.seed([]);
		now = 5_999;
		registry.hear(report('h', 'b1', 1));
		expect(registry.heardAllSince(5_999)).toBe(false);
		now = 6_000;
		expect(registry.heardAllSince(5_999)).toBe(true);
		expect(registry.heardAllSince(6_000)).toBe(false);
	});
});
