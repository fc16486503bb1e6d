/** Plays one history: a world, its jobs and faults, healing, the drain, and the judgement of what is left. */
import { drawFaults, type Fault } from './faults.ts';
import { judge, judgeRest } from './judge.ts';
import { BEGIN_MS, Kernel } from './kernel.ts';
import { strike } from './nemesis.ts';
import { settingsOf } from './settings.ts';
import { drawWorkload } from './workload.ts';
import { World } from './world.ts';

/** After healing every job must end within this. A job may run twice until its time-out, wait for a lease between, and queue behind others. */
const DRAIN_MS = 1_800_000;
const HOUR_MS = 3_600_000;
const FOUNDING_MS = 45_000;

export interface PlayOptions {
	readonly seed: number;
	readonly hours: number;
	/** Only these faults and jobs, by number; null: all. */
	readonly faults: readonly number[] | null;
	readonly jobs: readonly number[] | null;
}

export interface PlayResult {
	readonly seed: number;
	readonly hours: number;
	/** From the founding to the last expiry. */
	readonly simulatedHours: number;
	readonly hash: string;
	readonly events: number;
	readonly jobs: number;
	readonly faults: number;
	readonly counts: Record<string, number>;
	readonly violations: readonly { readonly invariant: string; readonly text: string; readonly atMs: number }[];
	/** What happened, line by line; of a broken history only. */
	readonly log: readonly string[];
	/** Numbers of the faults and jobs that came before its end. */
	readonly faultNumbers: readonly number[];
	readonly jobNumbers: readonly number[];
}

/** Plays the history of a seed to its end, or to the first broken invariant. The process cannot be used for anything else afterwards. */
export async function play({ seed, hours, faults: onlyFaults, jobs: onlyJobs }: PlayOptions): Promise<PlayResult> {
	const settings = settingsOf(seed, hours);
	const kernel = new Kernel(seed);
	const world = await World.build(kernel, settings);
	const { ledger, clients } = world;
	const crash = (error: unknown): void => {
		ledger.tell(`CRASH in ${kernel.current.name}: ${error instanceof Error ? error.stack : String(error)}`);
		ledger.broken('I13', `an error that nobody handled in ${kernel.current.name}: ${String(error)}`);
	};
	process.on('unhandledRejection', crash);
	process.on('uncaughtException', crash);
	kernel.plan(kernel.world, 0, () => void world.found());
	await kernel.run(BEGIN_MS + FOUNDING_MS);
	const faults = drawFaults(settings).filter(({ n }) => onlyFaults?.includes(n) ?? true);
	const { jobs: all, purgesAtMs } = drawWorkload(settings);
	const jobs = all.filter(({ n }) => onlyJobs?.includes(n) ?? true);
	const begin = BEGIN_MS - kernel.now;
	for (const plan of jobs) kernel.plan(clients.actor, begin + plan.atMs, () => void clients.submit(plan));
	for (const atMs of purgesAtMs) kernel.plan(clients.actor, begin + atMs, () => void clients.purge());
	for (const fault of faults) kernel.plan(kernel.world, begin + fault.atMs, () => strike(world, fault));
	await kernel.run(BEGIN_MS + hours * HOUR_MS);
	const from = kernel.now;
	world.heal();
	ledger.tell('all is healed');
	await kernel.run(from + DRAIN_MS);
	if (!kernel.stopped) await judge(world, jobs.length);
	if (!kernel.stopped) await kernel.run(kernel.now + 2 * settings.retentionAsyncMs + 600_000);
	if (!kernel.stopped) judgeRest(world);
	const isBroken = ledger.violations.length > 0;
	const past = kernel.now - BEGIN_MS;
	return {
		seed,
		hours,
		simulatedHours: past / HOUR_MS,
		hash: kernel.digest(),
		events: kernel.events,
		jobs: ledger.counts.get('jobs acknowledged') ?? 0,
		faults: faults.filter(({ atMs }: Fault) => atMs <= past).length,
		counts: { ...Object.fromEntries([...ledger.counts].sort()), executions: world.machines.executions },
		violations: ledger.violations.map(({ invariant, text, at }) => ({ invariant, text, atMs: Math.round(at - BEGIN_MS) })),
		log: isBroken ? ledger.log : [],
		faultNumbers: faults.filter(({ atMs }) => atMs <= past).map(({ n }) => n),
		jobNumbers: jobs.filter(({ atMs }) => atMs <= past).map(({ n }) => n),
	};
}
