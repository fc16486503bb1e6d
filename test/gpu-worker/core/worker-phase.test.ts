import { type WorkerPhase, workerPhase as wirePhase } from '@longshore/shared-schema/wire/bus';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type WorkerFacts, workerPhase } from '../../../gpu-worker/src/core/worker-phase.ts';

const fresh: WorkerFacts = { exited: false, unhealthy: false, draining: false, contacted: false, jobs: 0 };
const anyFacts: fc.Arbitrary<WorkerFacts> = fc.record({
	exited: fc.boolean(),
	unhealthy: fc.boolean(),
	draining: fc.boolean(),
	contacted: fc.boolean(),
	jobs: fc.integer({ min: 0, max: 300 }),
});

describe('a worker', () => {
	test.each<[string, Partial<WorkerFacts>, WorkerPhase]>([
		['that has not yet been heard is initializing', {}, 'initializing'],
		['that asks for jobs and has none is idle', { contacted: true }, 'idle'],
		['with one job is running', { contacted: true, jobs: 1 }, 'running'],
		['with many jobs is running', { contacted: true, jobs: 256 }, 'running'],
		['told to finish is draining with its last job', { contacted: true, jobs: 1, draining: true }, 'draining'],
		['told to finish is draining without a job', { contacted: true, draining: true }, 'draining'],
		['told to finish before it was heard is draining', { draining: true }, 'draining'],
		['that reports a failed check is unhealthy, jobs or not', { contacted: true, jobs: 1, unhealthy: true }, 'unhealthy'],
		['that is gone has exited, whatever else was known', { contacted: true, jobs: 1, draining: true, unhealthy: true, exited: true }, 'exited'],
	])('%s', (_name, facts, phase) => {
		expect(workerPhase({ ...fresh, ...facts })).toBe(phase);
	});
});

describe('whatever is known of a worker', () => {
	test('one that is gone, broken or leaving is never shown as ready for jobs, and any other always is', () => {
		fc.assert(
			fc.property(anyFacts, (facts) => {
				const serves: readonly WorkerPhase[] = ['initializing', 'idle', 'running'];
				expect(serves.includes(workerPhase(facts))).toBe(!facts.exited && !facts.unhealthy && !facts.draining);
			}),
		);
	});

	test('idle means without a job: only such a worker may be stopped for idleness', () => {
		fc.assert(
			fc.property(anyFacts, (facts) => {
				if (facts.jobs > 0) expect(['idle', 'initializing']).not.toContain(workerPhase(facts));
				else expect(workerPhase(facts)).not.toBe('running');
			}),
		);
	});

	test('bad news hides good news and never the reverse', () => {
		const graver = ['initializing', 'idle', 'running', 'draining', 'unhealthy', 'exited'] as const;
		expect([...graver].sort()).toEqual([...wirePhase.options].sort());
		const rank = (facts: WorkerFacts): number => graver.indexOf(workerPhase(facts));
		fc.assert(
			fc.property(anyFacts, fc.constantFrom('exited', 'unhealthy', 'draining', 'contacted'), (facts, news) => {
				expect(rank({ ...facts, [news]: true })).toBeGreaterThanOrEqual(rank(facts));
			}),
		);
	});
});
