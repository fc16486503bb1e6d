/** The twelve classic ways to break the promise, each as a change of the product's source that must find exactly the text it replaces. */

import type { Invariant } from '../ledger.ts';

/** One replacement in one file. `from` occurs there exactly once. */
export interface Patch {
	readonly file: string;
	readonly from: string;
	readonly to: string;
}

/** Who is expected to notice: histories of seeds and a length, or a test file by its project. */
export type Catcher =
	| { readonly layer: 'simulation'; readonly invariants: readonly Invariant[]; readonly seeds: readonly number[]; readonly hours: number }
	| { readonly layer: 'test'; readonly project: 'unit' | 'contract' | 'system'; readonly file: string };

export interface Mutant {
	readonly name: string;
	readonly patches: readonly Patch[];
	readonly catcher: Catcher;
}

const STORES = 'edge/src/stores';
const REPORT = 'shared-schema/src/job/report.ts';
/** The first history that breaks one of these counts; another break would be luck. */
const simulated = (...invariants: Invariant[]): Catcher => ({ layer: 'simulation', invariants, seeds: [1, 2, 3, 4], hours: 1 });
const unit = (file: string): Catcher => ({ layer: 'test', project: 'unit', file });

const TOKEN_CHECK = 'if (event.token !== job.token || region !== job.region || now >= job.ttlAt) return stop;';
const TERMINAL_CHECK = "if (isTerminal(job.phase)) return { verdict: isRepeat(job, event) ? 'duplicate' : 'stop', job: null, keep: 'nothing' };";

export const MUTANTS: readonly Mutant[] = [
	{
		name: 'a submit is acknowledged before its commit',
		patches: [
			{
				file: `${STORES}/job-store.ts`,
				from: 'return this.#submits.add(submission, Date.now(), inQueue + inProgress);',
				to: "setTimeout(() => void this.#submits.add(submission, Date.now(), inQueue + inProgress), 200);\n\t\treturn Promise.resolve('accepted');",
			},
		],
		catcher: simulated('I1', 'I9'),
	},
	{
		name: 'results of earlier attempts are taken',
		patches: [
			{ file: REPORT, from: 'if (job === null || event.epoch !== job.epoch) return stop;', to: 'if (job === null) return stop;' },
			{ file: REPORT, from: TOKEN_CHECK, to: 'if (now >= job.ttlAt) return stop;' },
		],
		catcher: simulated('I2', 'I4'),
	},
	{
		name: 'an error leaves the alarm handler',
		patches: [
			{
				file: `${STORES}/job-sweep.ts`,
				from: "if (action === 'delete') {",
				to: "if (watched.phase === 'timed_out' && row.job.phase !== 'timed_out') throw new Error('mutant');\n\tif (action === 'delete') {",
			},
			{ file: `${STORES}/job-store.ts`, from: "logError('sweep failed', error);", to: 'throw error;' },
		],
		catcher: simulated('I1'),
	},
	{
		name: 'a dispatch without an answer becomes a new attempt',
		patches: [
			{
				file: 'shared-schema/src/job/watch.ts',
				from: "return { job: { ...job, nextAt: now + timers.dispatchConfirmMs }, action: 'resend' };",
				to: "return { job: waitAgain(job, now), action: 'dispatch' };",
			},
		],
		catcher: unit('test/shared-schema/job/watch.test.ts'),
	},
	{
		name: 'a result overwrites a cancellation',
		patches: [
			{ file: REPORT, from: TERMINAL_CHECK, to: TERMINAL_CHECK.replace('if (isTerminal(job.phase))', "if (isTerminal(job.phase) && job.phase !== 'cancelled')") },
			{ file: REPORT, from: TOKEN_CHECK, to: 'if ((job.token !== null && event.token !== job.token) || region !== job.region) return stop;' },
		],
		catcher: simulated('I2', 'I3', 'I4'),
	},
	{
		name: 'a webhook is forgotten before it has got through',
		patches: [
			{
				file: `${STORES}/webhook-outbox.ts`,
				from: 'const outcome = await this.#send(plan, row, hook, now);',
				to: "const outcome = await this.#send(plan, row, hook, now);\n\t\tthis.#settle(row, { ...hook, tries: hook.tries + 1 }, 'delivered');\n\t\tif (hook.tries >= 0) return true;",
			},
		],
		catcher: simulated('I6'),
	},
	{
		name: 'a share that was lowered is given away before its region has confirmed that',
		patches: [{ file: 'edge/src/core/allocate-grants.ts', from: 'const held = share.held ?? share.workersMax;', to: 'const held = 0;\n\tif (share.workersMax >= 0) return held;' }],
		catcher: unit('test/edge/core/allocate-grants.test.ts'),
	},
	{
		name: 'a late progress update opens an ended job again',
		patches: [
			{ file: REPORT, from: TERMINAL_CHECK, to: TERMINAL_CHECK.replace('if (isTerminal(job.phase))', "if (isTerminal(job.phase) && event.kind !== 'progress')") },
			{ file: REPORT, from: TOKEN_CHECK, to: 'if ((job.token !== null && event.token !== job.token) || region !== job.region) return stop;' },
			{
				file: REPORT,
				from: "return { verdict: 'accepted', job: job.phase === 'running' ? null : startJob(job, event, now, timers), keep: event.kind };",
				to: "return { verdict: 'accepted', job: job.phase === 'running' ? null : { ...startJob(job, event, now, timers), endedAt: null, expiresAt: null }, keep: event.kind };",
			},
		],
		catcher: simulated('I2', 'I3', 'I4'),
	},
	{
		name: 'message ids do not name the attempt',
		patches: [{ file: 'regional-broker/src/ingress/dispatch.ts', from: '`${job.id}.${job.epoch}`, body);', to: 'job.id, body);' }],
		catcher: unit('test/regional-broker/ingress/dispatch.test.ts'),
	},
	{
		name: 'consumers are written without a look',
		patches: [
			{
				file: 'regional-broker/src/bus/streams.ts',
				from: 'if (info === null) {\n\t\tawait manager.consumers.add(stream, settings);\n\t\treturn true;\n\t}\n\tif (differences',
				to: 'await manager.consumers.add(stream, settings);\n\tif (info === null || name !== "") return true;\n\tif (differences',
			},
		],
		catcher: unit('test/regional-broker/bus/nats-bus.test.ts'),
	},
	{
		name: 'workers are billed by the wall clock',
		patches: [{ file: 'gpu-worker/src/agent/usage-reports.ts', from: 'const nowMs = host.clock.nowMs();', to: 'const nowMs = host.clock.wallMs() - 1_750_000_000_000;' }],
		catcher: simulated('I8'),
	},
	{
		name: 'a result is shown after its expiry',
		patches: [
			{
				file: `${STORES}/job-view.ts`,
				from: 'if (row === null || isExpired(row.job, now)) return null;\n\tconst { job, n, outputBytes } = row;\n\tconst { head, tail }',
				to: 'if (row === null || now < 0) return null;\n\tconst { job, n, outputBytes } = row;\n\tconst { head, tail }',
			},
		],
		catcher: simulated('I5'),
	},
];
