/** Jobs per second from accepted to COMPLETED: a pile of jobs submitted as fast as possible, until the last one has ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LeanConnection } from '../lean-client.ts';
import { type Subject, type Target, untilDrained } from '../subject.ts';
import { cpuPerThousand, readUsage } from '../usage.ts';

const CONNECTIONS = 64;

export interface JobsResult {
	readonly slots: number;
	readonly jobs: number;
	readonly perS: number;
	readonly seconds: number;
	/** 429 answers on the way: the queue limit held the generator back. */
	readonly heldBack: number;
	readonly cpuSPerThousand: ReadonlyMap<string, number>;
}

/** Measures `jobs` jobs after a warm-up, then reads every single status: one that is not COMPLETED fails the benchmark. */
export async function measureJobs(subject: Subject, target: Target, jobs: number): Promise<JobsResult> {
	await pile(target, Math.min(500, jobs));
	const usageBefore = readUsage(subject);
	const { ids, firstAcceptMs, heldBack, endMs } = await pile(target, jobs);
	const cpuSPerThousand = cpuPerThousand(usageBefore, readUsage(subject), jobs);
	await verify(target, ids);
	const seconds = (endMs - firstAcceptMs) / 1_000;
	return { slots: target.slots, jobs, perS: jobs / seconds, seconds, heldBack, cpuSPerThousand };
}

interface Pile {
	readonly ids: readonly string[];
	readonly firstAcceptMs: number;
	readonly heldBack: number;
	readonly endMs: number;
}

async function pile(target: Target, jobs: number): Promise<Pile> {
	const before = await untilDrained(target);
	const ids: string[] = [];
	let firstAcceptMs = 0;
	let heldBack = 0;
	let asked = 0;
	const submit = async (): Promise<void> => {
		const connection = new LeanConnection(target.url);
		while (asked < jobs) {
			asked++;
			let answer = await connection.send(target.run);
			for (; answer.status === 429; answer = await connection.send(target.run)) {
				heldBack++;
				await sleep(20);
			}
			if (answer.status !== 200) throw new Error(`/run answered ${answer.status}: ${answer.body}`);
			if (firstAcceptMs === 0) firstAcceptMs = performance.now();
			ids.push((JSON.parse(answer.body) as { id: string }).id);
		}
		connection.close();
	};
	await Promise.all(Array.from({ length: CONNECTIONS }, submit));
	return { ids, firstAcceptMs, heldBack, endMs: await untilCompleted(target, before.jobs.completed + jobs) };
}

/** The moment at which `/health` counts `completed` jobs. */
async function untilCompleted(target: Target, completed: number): Promise<number> {
	let last = -1;
	for (let quietMs = 0; ; quietMs += 25) {
		const { jobs } = await target.api.health();
		if (jobs.completed >= completed) return performance.now();
		if (jobs.completed !== last) [last, quietMs] = [jobs.completed, 0];
		if (quietMs > 60_000) throw new Error(`no job completed for 60 s, ${completed - jobs.completed} to go: ${JSON.stringify(jobs)}`);
		await sleep(25);
	}
}

async function verify(target: Target, ids: readonly string[]): Promise<void> {
	if (new Set(ids).size !== ids.length) throw new Error('two jobs were given the same id');
	let next = 0;
	const read = async (): Promise<void> => {
		const connection = new LeanConnection(target.url);
		for (let id = ids[next++]; id !== undefined; id = ids[next++]) {
			const answer = await connection.send(target.statusOf(id));
			if (answer.status !== 200 || (JSON.parse(answer.body) as { status: string }).status !== 'COMPLETED') throw new Error(`job ${id}: ${answer.status} ${answer.body}`);
		}
		connection.close();
	};
	await Promise.all(Array.from({ length: 16 }, read));
}
