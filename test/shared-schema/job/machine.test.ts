/** The job machine as a whole: random lives of one job against what must hold in every one of them. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceptDispatch, assignRegion, refuseDispatch, waitAgain } from '../../../shared-schema/src/job/dispatch.ts';
import { endJob, retryJob, runMs } from '../../../shared-schema/src/job/finish.ts';
import { dueAt, isExpired, isTerminal, type Job } from '../../../shared-schema/src/job/job.ts';
import { applyReport, grantClaim, type ReportOutcome } from '../../../shared-schema/src/job/report.ts';
import { watchJob } from '../../../shared-schema/src/job/watch.ts';
import type { JobEvent } from '../../../shared-schema/src/wire/region.ts';
import { event, newJob, T0, timers } from './samples.ts';

const REGIONS = ['eu-1', 'us-1'] as const;

interface Attempt {
	readonly epoch: number;
	readonly token: string;
	readonly region: string;
}

/** One job, its clock, and every attempt that it ever had. */
interface World {
	job: Job;
	now: number;
	deleted: boolean;
	ends: number;
	accepted: number;
	/** The client has just started the job anew. */
	retried: boolean;
	readonly attempts: Attempt[];
}

type Step =
	| { readonly do: 'pass'; readonly ms: number }
	| { readonly do: 'assign'; readonly region: number }
	| { readonly do: 'answer'; readonly accept: boolean; readonly of: number }
	| {
			readonly do: 'report';
			readonly kind: JobEvent['kind'];
			readonly of: number;
			readonly fault: 'none' | 'token' | 'region' | 'epoch';
			readonly worker: number;
			readonly failed: boolean;
	  }
	| { readonly do: 'claim'; readonly of: number; readonly fault: 'none' | 'token' | 'region' | 'epoch'; readonly worker: number }
	| { readonly do: 'cancel' }
	| { readonly do: 'retry' }
	| { readonly do: 'gone' }
	| { readonly do: 'ring'; readonly regionGone: boolean; readonly regionFailing: boolean; readonly bootGone: boolean };

const fault = fc.oneof({ weight: 5, arbitrary: fc.constant('none' as const) }, { weight: 1, arbitrary: fc.constantFrom('token' as const, 'region' as const, 'epoch' as const) });
/** Which attempt a message belongs to, counted back from the newest. */
const of = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) });
const worker = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) });
const kind = fc.constantFrom<JobEvent['kind']>('started', 'progress', 'chunk', 'result', 'lost');
const rarely = fc.integer({ min: 0, max: 9 }).map((n) => n === 0);

const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.oneof(fc.nat({ max: 5_000 }), fc.nat({ max: 200_000 })) }) },
	{ weight: 5, arbitrary: fc.record({ do: fc.constant('assign' as const), region: fc.nat({ max: 1 }) }) },
	{ weight: 3, arbitrary: fc.record({ do: fc.constant('answer' as const), accept: fc.boolean(), of }) },
	{ weight: 6, arbitrary: fc.record({ do: fc.constant('report' as const), kind, of, fault, worker, failed: fc.boolean() }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('claim' as const), of, fault, worker }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('gone' as const) }) },
	{ weight: 3, arbitrary: fc.record({ do: fc.constant('ring' as const), regionGone: rarely, regionFailing: fc.boolean(), bootGone: rarely }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const) }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('retry' as const) }) },
);

/** The attempt that a message names, with its fault put in; `stale` when nothing of it may count. */
function named(world: World, index: number, broken: 'none' | 'token' | 'region' | 'epoch'): Attempt & { stale: boolean } {
	const attempt = world.attempts.at(-1 - index) ?? { epoch: 0, token: 'never-made-0123456', region: 'eu-1' };
	const { job } = world;
	const given = {
		epoch: broken === 'epoch' ? attempt.epoch + 1 : attempt.epoch,
		token: broken === 'token' ? 'forged-0123456789' : attempt.token,
		region: broken === 'region' ? (REGIONS.find((region) => region !== attempt.region) ?? 'x') : attempt.region,
	};
	return { ...given, stale: given.epoch !== job.epoch || given.token !== job.token || given.region !== job.region };
}

function take(world: World, step: Step): Job | null {
	const { job, now } = world;
	switch (step.do) {
		case 'pass':
			world.now += step.ms;
			return null;
		case 'assign': {
			if (job.phase !== 'waiting') return null;
			const attempt = { epoch: job.epoch + 1, token: `token-${world.attempts.length}-0123456789`, region: REGIONS[step.region] ?? 'eu-1' };
			world.attempts.push(attempt);
			return assignRegion(job, attempt.region, attempt.token, now, timers);
		}
		case 'answer': {
			const { epoch } = named(world, step.of, 'none');
			return step.accept ? acceptDispatch(job, epoch, 7, now, timers) : refuseDispatch(job, epoch, now);
		}
		case 'report':
			return report(world, step);
		case 'claim': {
			const attempt = named(world, step.of, step.fault);
			const granted = grantClaim(job, { ...attempt, hostBoot: `boot-${step.worker}`, workerId: `worker-${step.worker}` }, attempt.region, now, timers);
			if (granted !== null && (attempt.stale || isTerminal(job.phase))) throw new Error('a stale claim was granted');
			return granted;
		}
		case 'cancel':
			return isTerminal(job.phase) ? null : endJob(job, { phase: 'cancelled', error: null, executionMs: runMs(job, now) }, now, timers);
		case 'retry': {
			const anew = retryJob(job, now);
			// From here on it is another life with the same id: one more end and one more result are its own.
			if (anew !== null) [world.ends, world.accepted, world.retried] = [0, 0, true];
			return anew;
		}
		case 'gone':
			return job.phase === 'queued' ? waitAgain(job, now) : null;
		case 'ring': {
			world.now = Math.max(now, dueAt(job));
			const { job: after, action } = watchJob(job, { ...step, askedAt: null }, world.now, timers);
			if (action === 'delete') world.deleted = true;
			return after;
		}
	}
}

function report(world: World, step: Extract<Step, { do: 'report' }>): Job | null {
	const attempt = named(world, step.of, step.fault);
	const fields = { epoch: attempt.epoch, token: attempt.token, hostBoot: `boot-${step.worker}`, workerId: `worker-${step.worker}` };
	const given = event(step.kind, { ...fields, ...(step.failed && step.kind === 'result' ? { error: 'boom' } : {}) });
	const outcome: ReportOutcome = applyReport(world.job, given, attempt.region, world.now, timers);
	if (attempt.stale || isTerminal(world.job.phase) || world.now >= world.job.ttlAt) {
		if (outcome.job !== null || outcome.keep !== 'nothing' || outcome.verdict === 'accepted') throw new Error(`a stale report counted: ${JSON.stringify({ given, outcome })}`);
	}
	if (outcome.verdict === 'accepted' && step.kind === 'result') world.accepted++;
	return outcome.job;
}

/** The rules, each with its name; `expect` is too slow for hundreds of thousands of them. */
function check(before: Job, after: Job, world: World): void {
	const ended = isTerminal(after.phase);
	if (ended && !isTerminal(before.phase)) world.ends++;
	const always: Record<string, boolean> = {
		'terminal is final, but for a retry by the client': !isTerminal(before.phase) || world.retried || isDeepStrictEqual(before, after),
		'epochs rise by one': after.epoch === before.epoch || after.epoch === before.epoch + 1,
		'retries never fall': world.retried || after.retries >= before.retries,
		'retries keep their limit': after.retries <= after.retriesMax,
		'what the client gave stays': after.id === before.id && after.ttlAt - after.createdAt === before.ttlAt - before.createdAt && after.sync === before.sync,
		'the TTL runs from the submission': world.retried || after.createdAt === before.createdAt,
		'a timer is set, in whole milliseconds': Number.isInteger(dueAt(after)),
		'exactly an ended job has an end and an expiry': ended === (after.endedAt !== null) && ended === (after.expiresAt !== null),
		'one end': world.ends <= 1,
		'one accepted result': world.accepted <= 1,
	};
	const ofEnded = {
		'an ended job has no token': after.token === null,
		'retention runs from the end': after.expiresAt === (after.endedAt ?? 0) + timers.retentionAsyncMs,
	};
	const ofOpen = {
		'the timer rings by the TTL': dueAt(after) <= after.ttlAt,
		'no error before the end': after.error === null,
		'exactly a waiting job has no attempt': (after.token === null) === (after.phase === 'waiting') && (after.region === null) === (after.phase === 'waiting'),
		'exactly a running job has a worker': (after.phase === 'running') === (after.startedAt !== null) && (after.workerId === null) === (after.startedAt === null),
	};
	for (const [rule, holds] of Object.entries({ ...always, ...(ended ? ofEnded : ofOpen) })) if (!holds) throw new Error(`${rule}: ${JSON.stringify({ before, after })}`);
}

function live(steps: readonly Step[], retriesMax: number, ttlMs: number): World {
	const world: World = { job: newJob({ retriesMax, ttlMs, executionTimeoutMs: 30_000 }), now: T0, deleted: false, ends: 0, accepted: 0, retried: false, attempts: [] };
	for (const step of steps) {
		if (world.deleted) break;
		const before = world.job;
		world.retried = false;
		world.job = take(world, step) ?? before;
		check(before, world.job, world);
	}
	return world;
}

const lives = fc.tuple(fc.array(step, { maxLength: 60, size: 'max' }), fc.nat({ max: 3 }), fc.constantFrom(10_000, 600_000, 86_400_000));

describe('in every life of a job', () => {
	test('terminal is final, one end, one accepted result, epochs rise by one, retries keep their limit, stale messages change nothing', () => {
		fc.assert(
			fc.property(lives, ([steps, retriesMax, ttlMs]) => void live(steps, retriesMax, ttlMs)),
			{ numRuns: 2_000 },
		);
	});

	test('timers alone bring it to its end by its TTL and then to its deletion at the end of its retention', () => {
		fc.assert(
			fc.property(lives, ([steps, retriesMax, ttlMs]) => {
				const world = live(steps, retriesMax, ttlMs);
				for (let rings = 0; !world.deleted; rings++) {
					if (rings > 1_000_000) throw new Error('no end in sight');
					const before = world.job;
					const due = dueAt(before);
					world.now = Math.max(world.now, due);
					world.job = take(world, { do: 'ring', regionGone: false, regionFailing: false, bootGone: false }) ?? before;
					if (!world.deleted && dueAt(world.job) <= world.now) throw new Error(`a timer that rings for ever: ${JSON.stringify(world.job)}`);
					check(before, world.job, world);
				}
				expect(world.ends).toBe(1);
				expect(isExpired(world.job, world.now)).toBe(true);
			}),
			{ numRuns: 300 },
		);
	});

	test('the random lives reach every phase, retries and late messages', () => {
		const seen = new Set<string>();
		fc.assert(
			fc.property(lives, ([steps, retriesMax, ttlMs]) => {
				const { job, attempts } = live(steps, retriesMax, ttlMs);
				seen.add(job.phase);
				if (job.retries > 1) seen.add('retried twice');
				if (attempts.length > 3) seen.add('many attempts');
			}),
			{ numRuns: 1_000 },
		);
		expect([...seen].sort()).toEqual(['cancelled', 'completed', 'failed', 'many attempts', 'queued', 'retried twice', 'running', 'sent', 'timed_out', 'waiting']);
	});
});
