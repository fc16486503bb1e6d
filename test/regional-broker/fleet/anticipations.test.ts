import { describe, expect, it } from 'vitest';
import { FIRST_TIMES } from '../../../regional-broker/src/core/usual-times.ts';
import { Anticipations } from '../../../regional-broker/src/fleet/anticipations.ts';
import type { JobEvent } from '../../../shared-schema/src/wire/region.ts';

const ON = { scaling: { type: 'QUEUE_DELAY', queueDelayS: 4, anticipate: { patience: 0.5, spareWorkers: 1 } }, idleTimeoutS: 30 } as const;
const OFF = { ...ON, scaling: { type: 'QUEUE_DELAY', queueDelayS: 4 } } as const;
const result = (endpointId: string, executionMs: number): JobEvent => ({
	kind: 'result',
	id: 'j',
	endpointId,
	epoch: 1,
	token: 'token-0123456789',
	hostBoot: 'b',
	workerId: 'w',
	agoMs: 0,
	executionMs,
});

describe('what is remembered', () => {
	it('is the setting, what was usual, and when how many workers were needed', () => {
		const anticipations = new Anticipations();
		expect(anticipations.of('ep', ON, 4, 2, 10, 1_000)).toMatchObject({ ...FIRST_TIMES, patience: 0.5, spareWorkers: 1, slotsPerWorker: 2, keepMs: 30_000, use: { needed: 3 } });
		anticipations.started('ep', 1_000);
		anticipations.passed([result('ep', 100), result('other', 9_000)]);
		const later = anticipations.of('ep', ON, 0, 1, 10, 5_000);
		expect(later?.startMs).toBeLessThan(FIRST_TIMES.startMs);
		expect(later?.runMs).toBeLessThan(FIRST_TIMES.runMs);
		expect(later).toMatchObject({ slotsPerWorker: 2, nowMs: 5_000, use: { needed: 0, lastMs: [5_000, 5_000, 5_000] } });
	});

	it('is nothing of endpoints that do not ask for it, and is forgotten when they no longer do', () => {
		const anticipations = new Anticipations();
		expect(anticipations.of('ep', OFF, 4, 1, 10, 0)).toBeUndefined();
		expect(anticipations.of('ep', { ...ON, scaling: { type: 'REQUEST_COUNT', requestCount: 1 } }, 4, 1, 10, 0)).toBeUndefined();
		anticipations.started('ep', 1);
		expect(anticipations.of('ep', ON, 0, 1, 10, 0)?.startMs).toBe(FIRST_TIMES.startMs);
		anticipations.started('ep', 1);
		anticipations.of('ep', OFF, 0, 1, 10, 0);
		expect(anticipations.of('ep', ON, 0, 1, 10, 0)?.startMs).toBe(FIRST_TIMES.startMs);
	});
});
