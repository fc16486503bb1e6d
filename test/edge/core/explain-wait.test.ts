/** Why a job waits: one sentence and a reason for each state of its regions. */
import { describe, expect, test } from 'vitest';
import { explainWait, type WaitFacts } from '../../../edge/src/core/explain-wait.ts';
import type { EndpointRoutes, RegionRoute } from '../../../shared-schema/src/wire/route.ts';

const NONE = { initializing: 0, idle: 0, running: 0, throttled: 0, unhealthy: 0, outdated: 0 };
const facts = (over: Partial<WaitFacts> = {}): WaitFacts => ({ phase: 'queued', region: 'eu-1', placeInLine: 3, paceMs: null, silentMsMax: 10_000, ...over });
const region = (over: Partial<RegionRoute> = {}): RegionRoute => ({
	region: 'eu-1',
	url: 'http://e',
	silentMs: 0,
	workersMax: 3,
	workers: NONE,
	queued: 3,
	slotsFree: 0,
	blocked: null,
	...over,
});
const routes = (regions: RegionRoute[], workersMax = 3): EndpointRoutes => ({ workersMax, regions, lostBoots: [] });

describe('explainWait', () => {
	test.each<[string, EndpointRoutes | null, string, RegExp]>([
		['no workers are allowed', routes([region({ workersMax: 0 })], 0), 'no_workers_allowed', /workers max above 0/],
		['no region can run it', routes([region({ workersMax: 0 })]), 'no_region', /GPU pools, data centres and CUDA/],
		['its region is silent', routes([region({ silentMs: 42_000 })]), 'region_silent', /eu-1 has not been heard for 42 s/],
		['a worker starts', routes([region({ workers: { ...NONE, initializing: 1 } })]), 'worker_starting', /1 worker starting in eu-1/],
		['workers fail to start', routes([region({ workers: { ...NONE, unhealthy: 1 } })]), 'workers_failing', /fail to start and are tried again/],
		['no host has room', routes([region({ blocked: 'AMPERE_80 full in EU-SE-1' })]), 'no_capacity', /AMPERE_80 full in EU-SE-1/],
		['all workers are busy', routes([region({ workers: { ...NONE, running: 2 } })]), 'workers_busy', /all 2 workers of at most 3 busy/],
		['it is about to start', routes([region({ workers: { ...NONE, idle: 1 } })]), 'dispatching', /on its way to a worker in eu-1/],
		['nothing is known yet', null, 'no_region', /no region/],
	])('says so when %s', (_name, given, reason, text) => {
		const why = explainWait(facts(), given);
		expect(why.reason).toBe(reason);
		expect(why.text).toMatch(text);
		expect(why.text).toMatch(/^3rd in line; /);
		expect(why.placeInLine).toBe(3);
	});

	test.each([
		['the one that has it', 'us-1', 'us-1'],
		['the one that it would go to, when none has it', null, 'eu-1'],
		['the one that it would go to, when the one that had it has lost its share', 'asia-1', 'eu-1'],
	])('names one region, in words and as a member: %s', (_name, at, named) => {
		const why = explainWait(facts({ region: at }), routes([region(), region({ region: 'us-1' }), region({ region: 'asia-1', workersMax: 0 })]));
		expect(why.region).toBe(named);
		expect(why.text).toContain(`on its way to ${named}`);
	});

	test('names no region where there is none', () => {
		expect(explainWait(facts(), routes([region({ workersMax: 0 })])).region).toBeNull();
	});

	test('names what keeps the endpoint off every host, in words and as a member', () => {
		const obstacles = [
			{ constraint: 'draining', hosts: 1, text: 'h-1 is drained or cordoned' },
			{ constraint: 'cuda', hosts: 2, text: '2 hosts have CUDA 12.8, not 12.4' },
		] as const;
		const why = explainWait(facts({ obstacles }), routes([region({ workersMax: 0 })]));
		expect(why.text).toBe('3rd in line; no host may run this endpoint now: h-1 is drained or cordoned; 2 hosts have CUDA 12.8, not 12.4');
		expect(why.obstacles).toEqual(obstacles);
		expect(explainWait(facts({ obstacles }), routes([region()]))).not.toHaveProperty('obstacles');
	});

	test('expects the start from the usual run time and the workers that serve', () => {
		const busy = routes([region({ workers: { ...NONE, running: 2 } })]);
		expect(explainWait(facts({ placeInLine: 4, paceMs: 1_000 }), busy).expectedStartInMs).toBe(2_000);
		expect(explainWait(facts({ placeInLine: 4 }), busy)).not.toHaveProperty('expectedStartInMs');
	});

	test.each([
		[1, '1st'],
		[2, '2nd'],
		[11, '11th'],
		[12, '12th'],
		[21, '21st'],
		[113, '113th'],
		[1_003, '1003rd'],
	])('writes place %i as %s', (placeInLine, word) => {
		expect(explainWait(facts({ placeInLine }), routes([region()])).text).toMatch(new RegExp(`^${word} in line`));
	});
});
