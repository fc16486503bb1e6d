import { expect, test } from 'vitest';
import { showDecisions } from '../../../edge/src/core/decisions-view.ts';
import { decisionsV2 } from '../../../shared-schema/src/wire/rest-v2/decisions-answer.ts';

test('decisions of the edge and of regions come in the order of time, with what is missing, what failed and who did not answer', () => {
	const shares = [{ region: 'eu', workersMax: 1, workersMin: 0, held: 2, since: 3, tiers: ['ADA_24'] }];
	const own = [{ at: '2026-01-01T00:00:02.000Z', kind: 'grants', text: 'eu: 2 → 1 workers', inputs: {} }];
	const eu = {
		decisions: [{ at: '2026-01-01T00:00:01.000Z', kind: 'blocked' as const, text: 'ADA_24 full in EU-RO-1', inputs: { missing: 1 } }],
		failures: [{ workerId: 'w1', hostId: 'h1', agoMs: 1_000, reason: 'worker ended with exit code 3', exitCode: 3, lastLog: 'boom' }],
		missing: 1,
		blocked: 'ADA_24 full in EU-RO-1',
	};
	const view = showDecisions(
		shares,
		own,
		[
			{ region: 'eu', answer: eu },
			{ region: 'us', answer: null },
		],
		[{ constraint: 'cuda', hosts: 2, text: '2 hosts have CUDA 12.8, not 12.4' }],
		(agoMs) => new Date(Date.parse('2026-01-01T00:00:03.000Z') - agoMs).toISOString(),
	);
	expect(decisionsV2.parse(view)).toEqual(view);
	expect(view.decisions.map(({ by, kind }) => `${by} ${kind}`)).toEqual(['eu blocked', 'edge grants']);
	expect(view.shares).toEqual([{ region: 'eu', workersMax: 1, workersMin: 0, held: 2, tiers: ['ADA_24'] }]);
	expect(view.missing).toEqual([{ region: 'eu', workers: 1, text: 'ADA_24 full in EU-RO-1' }]);
	expect(view.failures[0]).toMatchObject({ region: 'eu', exitCode: 3, lastLog: 'boom', at: '2026-01-01T00:00:02.000Z' });
	expect(view.unreachableRegions).toEqual(['us']);
});
