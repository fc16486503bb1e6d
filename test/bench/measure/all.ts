/** All measurements of one subject, in an order in which none disturbs the next. */
import {
	arrivalFigures,
	balancedFigures,
	chunkFigures,
	jobFigures,
	largeFigures,
	latencyFigures,
	machineFigure,
	memoryFigures,
	startFigures,
	submitFigures,
	syncFigures,
	waitingFigures,
} from '../figures.ts';
import { closedLoop, openLoop } from '../load.ts';
import type { BenchOptions } from '../options.ts';
import type { Figure } from '../report.ts';
import { type Subject, type Target, untilDrained } from '../subject.ts';
import { readUsage } from '../usage.ts';
import { measureBalanced } from './balanced.ts';
import { measureChunks } from './chunks.ts';
import { measureJobs } from './jobs.ts';
import { measureLarge } from './large.ts';
import { measureLatency } from './latency.ts';
import { measureStarts } from './starts.ts';
import { measureWaiting } from './waiting.ts';

const CLIENTS = [1, 16, 64] as const;
const SUBMITTERS = 64;
const IDLE_JOBS = 300;
const MACHINE_SECONDS = 2;
const CHUNKS = 200;
const LARGE_JOBS = 64;
/** Starts of each kind: each takes a second or two, most of it idle timeout. */
const START_ROUNDS = 20;
/** RunPod's largest body of `/run` is 10 MiB. */
const LARGE_BYTES = 10 * 1024 * 1024;
const WAITING_CALLERS = 1_000;
/** Arrivals per second when nothing else says how many. */
const RATE_PER_S = 500;

/** Runs what `options.only` names and returns the figures; each is said as soon as it is known. */
export async function measureAll(subject: Subject, options: BenchOptions, say: (text: string) => void): Promise<Figure[]> {
	const { only, jobs } = options;
	const figures: Figure[] = [];
	const add = (...more: readonly Figure[]): void => {
		figures.push(...more);
		for (const { name, value, unit } of more) say(`  ${name}: ${value.toFixed(2)} ${unit}`);
	};
	// First: they need free GPUs, and what the others deploy keeps its workers.
	if (only.includes('starts')) await measureAllStarts(subject, say, add);
	const small = await subject.deploy(16);
	const large = await subject.deploy(64);
	add(await measureMachine(large, 'before', say));
	if (only.includes('latency')) {
		say(`${IDLE_JOBS} single jobs on an idle machine …`);
		add(...latencyFigures(await measureLatency(small, IDLE_JOBS)));
	}
	if (only.includes('runsync')) await measureSync(large, options, say, add);
	if (only.includes('arrivals')) await measureArrivals(large, options, say, add);
	if (only.includes('jobs')) {
		for (const target of [small, large]) {
			say(`${jobs} jobs through ${target.slots} slots …`);
			add(...jobFigures(await measureJobs(subject, target, jobs)));
		}
	}
	if (only.includes('submits')) await measureSubmits(subject, large, options, say, add);
	if (only.includes('chunks') && subject.deployStreaming !== undefined) {
		say(`${CHUNKS} chunks each way of one job …`);
		add(...chunkFigures(await measureChunks(await subject.deployStreaming(), CHUNKS)));
	}
	if (only.includes('balanced')) await measureBalancer(subject, options, say, add);
	if (only.includes('waiting')) {
		say(`${WAITING_CALLERS} callers of /stream whose jobs wait …`);
		add(...waitingFigures(await measureWaiting(subject, await subject.deployUnserved(), large, WAITING_CALLERS)));
	}
	add(await measureMachine(large, 'after', say));
	add(...memoryFigures(readUsage(subject)));
	// Last: it forgets the peaks of what came before.
	if (only.includes('large')) {
		say(`${LARGE_JOBS} jobs of ${LARGE_BYTES / 1024 / 1024} MiB at one time …`);
		add(...largeFigures(await measureLarge(subject, large, LARGE_JOBS, LARGE_BYTES)));
	}
	return figures;
}

type Say = (text: string) => void;
type Add = (...figures: Figure[]) => void;

/** What the machine gives at this moment: the same edge process answering with nothing to do. Figures of two runs compare through it. */
async function measureMachine(target: Target, when: string, say: Say): Promise<Figure> {
	say('the edge with nothing to do, 64 clients …');
	return machineFigure(when, await closedLoop({ url: target.url, clients: 64, seconds: MACHINE_SECONDS, request: target.liveness }));
}

async function measureSync(target: Target, { seconds }: BenchOptions, say: Say, add: Add): Promise<void> {
	for (const clients of CLIENTS) {
		say(`runsync with ${clients} clients for ${seconds} s …`);
		add(...syncFigures(clients, await closedLoop({ url: target.url, clients, seconds, request: target.runSync })));
	}
}

async function measureArrivals(target: Target, { seconds, ratePerS = RATE_PER_S }: BenchOptions, say: Say, add: Add): Promise<void> {
	say(`runsync, Poisson arrivals at ${ratePerS}/s for ${seconds} s …`);
	add(...arrivalFigures(await openLoop({ url: target.url, ratePerS, seconds, request: target.runSync }), ratePerS));
	await untilDrained(target);
}

async function measureBalancer(subject: Subject, { seconds }: BenchOptions, say: Say, add: Add): Promise<void> {
	if (subject.deployBalanced === undefined) return;
	const target = await subject.deployBalanced();
	for (const clients of [1, 64]) {
		say(`a load-balanced app with ${clients} clients, on the road and straight, ${seconds} s each …`);
		add(...balancedFigures(await measureBalanced(target, clients, seconds)));
	}
}

async function measureAllStarts(subject: Subject, say: Say, add: Add): Promise<void> {
	for (const place of (await subject.starts?.()) ?? []) {
		say(`${START_ROUNDS} starts each way: ${place.name} …`);
		try {
			add(...startFigures(await measureStarts(place, START_ROUNDS)));
		} finally {
			await place.close?.();
		}
	}
}

async function measureSubmits(subject: Subject, served: Target, { seconds }: BenchOptions, say: Say, add: Add): Promise<void> {
	say(`submits with ${SUBMITTERS} clients for ${seconds} s while the queue is served …`);
	add(...submitFigures('queue served', await closedLoop({ url: served.url, clients: SUBMITTERS, seconds, request: served.run })));
	await untilDrained(served);
	say(`submits with ${SUBMITTERS} clients for ${seconds} s, no worker anywhere …`);
	const unserved = await subject.deployUnserved();
	add(...submitFigures('no worker', await closedLoop({ url: unserved.url, clients: SUBMITTERS, seconds, request: unserved.run }), 2_500));
}
