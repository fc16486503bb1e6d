import { expect, test } from 'vitest';
import { FAULT_KINDS } from './fault-kinds.ts';
import { planFaults } from './schedule.ts';
import { CI_TIER, soakOf } from './tiers.ts';
import { dealJobs } from './workload.ts';

const plan = (seed: number, tier = CI_TIER) => planFaults({ seed, forMs: tier.faultsMs, everyMs: tier.faultEveryMs, regions: ['a', 'b'], kinds: FAULT_KINDS });
const seeds = Array.from({ length: 200 }, (_, seed) => seed);

test('one seed gives one schedule and one workload, another seed others', () => {
	expect(plan(7)).toEqual(plan(7));
	expect(plan(8)).not.toEqual(plan(7));
	const [one, same, other] = [dealJobs(7), dealJobs(7), dealJobs(8)].map((deal) => Array.from({ length: 200 }, deal));
	expect(same).toEqual(one);
	expect(other).not.toEqual(one);
});

test('every seed brings the faults and kinds that its tier asks for, with room for some that cannot be carried out', () => {
	for (const seed of seeds) {
		const faults = plan(seed);
		expect(faults.length).toBeGreaterThanOrEqual(66);
		expect(new Set(faults.map(({ kind }) => kind.name)).size).toBeGreaterThanOrEqual(26);
		expect(faults.every(({ atMs, forMs }) => atMs >= 0 && atMs + forMs <= CI_TIER.faultsMs)).toBe(true);
	}
	for (const seed of [1, 2, 3]) expect(plan(seed, soakOf(30)).length).toBeGreaterThanOrEqual(470);
});

test('the edge and whole regions are never out of order at one time, and a quarter of the time nothing begins', () => {
	for (const seed of seeds) {
		const faults = plan(seed);
		const heavy = faults.filter(({ kind }) => kind.scope === 'edge' || kind.scope === 'region');
		for (const [index, fault] of heavy.entries()) expect(fault.atMs).toBeGreaterThanOrEqual((heavy[index - 1]?.atMs ?? -1e9) + (heavy[index - 1]?.forMs ?? 0));
		expect(faults.filter(({ atMs }) => atMs % 20_000 > 15_000)).toEqual([]);
	}
});

test('a CI run deals the jobs that its minimums ask for', () => {
	const deal = dealJobs(3);
	const jobs = Array.from({ length: 8_300 }, deal);
	const count = (of: (job: (typeof jobs)[number]) => boolean): number => jobs.filter(of).length;
	expect(count(({ webhook }) => webhook)).toBeGreaterThan(400);
	expect(count(({ twice }) => twice)).toBeGreaterThan(300);
	expect(count(({ watchExpiry }) => watchExpiry)).toBeGreaterThan(700);
	expect(count(({ retried }) => retried)).toBeGreaterThan(60);
	expect(count(({ recipe }) => recipe === 'cancel')).toBeGreaterThan(200);
	expect(new Set(jobs.map(({ recipe }) => recipe)).size).toBe(10);
});
