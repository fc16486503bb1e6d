import { describe, expect, test } from 'vitest';
import type { HistoryEvent } from '../history/event.ts';
import { judge } from './judge.ts';
import { at, begin, change, fault, goodJob, hook, phase, purge, RETENTION_MS, read, submit, work } from './made-up.ts';
import type { Invariant } from './violation.ts';

const brokenBy = (...events: readonly HistoryEvent[]): Invariant[] => [...new Set(judge([begin, ...events], {}, { isLong: true }).violations.map(({ invariant }) => invariant))];
/** What a test of the footprint leaves out is no news for the others. */
const steady: HistoryEvent[] = (['start', 'end'] as const).map((when) => ({ is: 'footprint', at: at(0), when, residentBytes: 100, descriptors: 10, messages: 0, files: 10 }));
const broken = (...events: readonly HistoryEvent[]): Invariant[] => brokenBy(...steady, ...events);

test('a history in which everything is right has no violation', () => {
	expect(broken(...goodJob, submit({ n: 2, id: 'j2', key: 'k', webhook: true }), submit({ n: 2, id: 'j2', key: 'k', webhook: true }), work('w2/b', 'j2'))).toEqual(['I1']);
	expect(broken(...goodJob, hook(120), change('cancel', 200, 'COMPLETED'))).toEqual([]);
});

describe('what breaks an invariant is found', () => {
	const cases: readonly [string, Invariant, readonly HistoryEvent[]][] = [
		['an acknowledged job that nobody ever saw end', 'I1', [submit(), read(30, 'IN_QUEUE')]],
		['an acknowledged job that is not known', 'I1', [submit(), read(30, null), read(60, null)]],
		['a job that was not known for a moment', 'I1', [submit(), work(), read(30, null), read(100, 'COMPLETED')]],
		['a job that ended as its recipe cannot', 'I2', [submit(), read(100, 'FAILED', { error: 'out of the blue' })]],
		['two ends for two readers', 'I2', [submit(), work(), work('w2/b'), read(100, 'COMPLETED'), read(200, 'COMPLETED', { by: 'w2/b' })]],
		['a webhook with another end than the status', 'I2', [...goodJob, hook(120, { state: 'FAILED', by: null })]],
		['an output that answers another submit', 'I2', [submit(), work(), read(100, 'COMPLETED', { n: 9 })]],
		['chunks in a wrong order', 'I2', [...goodJob, { is: 'stream', at: at(50), id: 'j1', chunks: [0, 2, 1], whole: true }]],
		['a running job that is queued again without a lost attempt', 'I3', [submit(), work(), read(30, 'IN_PROGRESS'), read(60, 'IN_QUEUE'), read(100, 'COMPLETED')]],
		['a job that runs on after its end', 'I3', [submit(), work(), read(100, 'COMPLETED'), read(200, 'IN_PROGRESS'), read(300, 'COMPLETED')]],
		['an output of an attempt that no worker made', 'I4', [submit(), read(100, 'COMPLETED')]],
		['a stale result that was accepted', 'I4', [...goodJob, { is: 'offer', at: at(200), id: 'j1', why: 'late', verdict: 'accepted' }]],
		['a result that is gone too early', 'I5', [submit(), work(), read(100, 'COMPLETED'), read(RETENTION_MS - 500, null)]],
		['a result that is there too late', 'I5', [submit(), work(), read(100, 'COMPLETED'), read(RETENTION_MS + 1_200, 'COMPLETED')]],
		['a webhook that never came', 'I6', [submit({ webhook: true }), work(), read(100, 'COMPLETED')]],
		['a webhook that nobody could take', 'I6', [submit({ webhook: true }), work(), read(100, 'COMPLETED'), hook(120, { status: 503 })]],
		['a webhook with a wrong signature', 'I6', [submit({ webhook: true }), work(), read(100, 'COMPLETED'), hook(120, { signed: false })]],
		['one end under two delivery numbers', 'I6', [submit({ webhook: true }), work(), read(100, 'COMPLETED'), hook(120), hook(140, { delivery: 'd2' })]],
		['more workers than the maximum', 'I7', [...goodJob, { is: 'census', at: at(50), endpoint: 'main', alive: 4, max: 3 }]],
		['two jobs under one key', 'I9', [...goodJob, submit({ key: 'k' }), submit({ key: 'k', id: 'j2' })]],
		['a purge of what came after it', 'I10', [purge(-100), submit({ recipe: 'purged' }), read(100, 'CANCELLED')]],
		['a purge that left what was there before', 'I10', [submit({ recipe: 'purged' }), work(), purge(20), read(40, 'IN_QUEUE'), read(100, 'COMPLETED')]],
		['an answer with another tenant’s text', 'I11', [...goodJob, { is: 'foreign', at: at(1), path: '/status/j1' }]],
		['a cancel that said something else than later readers', 'I12', [submit({ recipe: 'cancel' }), work(), change('cancel', 50, 'CANCELLED'), read(100, 'COMPLETED')]],
		['a retry after which nothing happened', 'I12', [submit({ recipe: 'fail' }), read(100, 'FAILED'), change('retry', 150, 'IN_QUEUE'), read(200, 'IN_QUEUE')]],
		['a door that was closed while a region was down', 'rate', [...goodJob, fault(-50, 100, { region: 'a' }), submit({ n: 2, id: null, outcome: 'unknown', status: 503 })]],
		['no job that ends after healing', 'rate', [phase('healed', 0), submit({ at: at(16_000), doneAt: at(16_010) }), work(), read(24_000, 'COMPLETED'), phase('drain', 25_000)]],
		['a job that ends long after the last submit', 'rate', [phase('healed', -20_000), phase('drain', 5_000), submit(), work(), read(66_000, 'COMPLETED')]],
	];
	test.each(cases)('%s: %s', (_, invariant, events) => expect(broken(...events)).toContain(invariant));

	test('what the stack holds grows', () => {
		const [start, end] = steady;
		if (start?.is !== 'footprint' || end?.is !== 'footprint') throw new Error('no footprints');
		for (const what of ['residentBytes', 'descriptors', 'messages', 'files'] as const) expect(brokenBy(start, { ...end, [what]: 200 })).toEqual(['I13']);
		expect(judge([begin, start, { ...end, files: 200 }], {}, { isLong: false }).violations).toEqual([]);
	});
});

describe('what may happen is no violation', () => {
	const cases: readonly [string, readonly HistoryEvent[]][] = [
		['a lost attempt: queued again with one more retry', [submit(), work(), read(30, 'IN_PROGRESS'), read(60, 'IN_QUEUE', { retries: 1 }), read(100, 'COMPLETED', { retries: 1 })]],
		['a job whose attempts were lost too often', [submit(), read(100, 'FAILED', { error: 'job timed out after 10 retries: its host restarted' })]],
		[
			'another end after a retry',
			[submit({ recipe: 'fail' }), read(100, 'FAILED'), change('retry', 150, 'IN_QUEUE'), read(200, 'IN_QUEUE'), read(300, 'FAILED', { error: 'again' })],
		],
		['a retry without an answer that did nothing', [submit({ recipe: 'fail' }), read(100, 'FAILED'), change('retry', 150, null, 'unknown'), read(200, 'FAILED')]],
		['reads that overlap and see different things', [submit(), work(), read(30, 'IN_PROGRESS', { doneAt: at(300) }), read(100, 'COMPLETED')]],
		[
			'a door that was closed because the edge itself was down',
			[...goodJob, fault(-50, 100, { region: 'a' }), fault(-60, 100, { edge: true }), submit({ n: 2, id: null, outcome: 'unknown' })],
		],
		['chunks that begin anew after a lost attempt', [...goodJob, { is: 'stream', at: at(50), id: 'j1', chunks: [0, 1, 0, 1, 2], whole: true }]],
		['a purge while the job came', [submit({ recipe: 'purged' }), purge(5), read(100, 'CANCELLED')]],
		['a sync result that is gone after its own retention', [submit({ verb: 'runsync' }), work(), read(100, 'COMPLETED'), read(6_500, null)]],
	];
	test.each(cases)('%s', (_, events) => expect(broken(...events)).toEqual([]));
});

test('a run below a minimum is not passed, and says which; one without a beginning is no history', () => {
	const events = [begin, ...steady, ...goodJob, fault(10, 10)];
	expect(judge(events, { acknowledged: 1, faults: 1, 'kinds of faults': 1, reads: 4, expiries: 1 }, { isLong: true })).toMatchObject({
		passed: true,
		unmet: [],
		faults: { 'kill broker': 1 },
	});
	expect(judge(events, { faults: 60, webhooks: 1 }, { isLong: true })).toMatchObject({
		passed: false,
		violations: [],
		unmet: ['faults: 1, at least 60 are needed', 'webhooks: 0, at least 1 are needed'],
	});
	expect(judge([begin, ...steady, fault(1, 1, { done: false })], {}, { isLong: true }).faults).toEqual({});
	expect(() => judge(goodJob, {}, { isLong: false })).toThrow('no beginning');
});
