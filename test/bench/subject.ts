/** What is measured: the local stack, or a peer that offers the same calls. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { shellCommand } from '../support/deploy.ts';
import { type Health, JobApi } from '../support/job-api.ts';
import { processFamily } from '../support/processes.ts';
import type { Stack } from '../support/start-stack.ts';
import { encodeRequest } from './lean-client.ts';
import type { StartsPlace } from './measure/starts.ts';

/** One endpoint under load, its requests prepared. */
export interface Target {
	readonly slots: number;
	readonly url: URL;
	readonly api: JobApi;
	readonly run: Buffer;
	readonly runSync: Buffer;
	readonly liveness: Buffer;
	statusOf(jobId: string): Buffer;
}

/** One load-balanced worker and the request that it is asked with, on the road and straight. */
export interface BalancedTarget {
	readonly url: URL;
	readonly request: Buffer;
}

/** Something with endpoints of echo workers. */
export interface Subject {
	/** An endpoint with this many warm slots. */
	deploy(slots: number): Promise<Target>;
	/** An endpoint whose jobs nobody takes. */
	deployUnserved(): Promise<Target>;
	/** An endpoint whose workers stream; absent where there is no such thing. */
	deployStreaming?(): Promise<Target>;
	/** A load-balanced worker; absent where there is no such thing. */
	deployBalanced?(): Promise<BalancedTarget>;
	/** Where starts of workers are measured; absent where there is no such thing. */
	starts?(): Promise<readonly StartsPlace[]>;
	/** Its processes now: number → kind. */
	processes(): ReadonlyMap<number, string>;
}

/** Worker processes behind each endpoint; its slots are divided among them. */
export const WORKERS = 4;

const BODY = JSON.stringify({ input: { text: 'The quick brown fox jumps over the lazy dog.', n: 42 } });

/** Prepares the requests to one endpoint. */
export function createTarget(baseUrl: string, endpointId: string, apiKey: string, slots: number): Target {
	const url = new URL(baseUrl);
	const prefix = `/v2/${endpointId}`;
	return {
		slots,
		url,
		api: new JobApi(baseUrl, endpointId, apiKey),
		run: encodeRequest('POST', url, `${prefix}/run`, apiKey, BODY),
		runSync: encodeRequest('POST', url, `${prefix}/runsync`, apiKey, BODY),
		liveness: encodeRequest('GET', url, '/livez', apiKey),
		statusOf: (jobId) => encodeRequest('GET', url, `${prefix}/status/${jobId}`, apiKey),
	};
}

/**
 * The local stack. `workersMax` is larger than the warm workers because RunPod's queue limit is 500 waiting jobs for each of them;
 * the queue delay keeps a region from ever starting more.
 */
export function stackSubject(stack: Stack, starts: () => Promise<readonly StartsPlace[]>): Subject {
	return {
		starts,
		deploy: (slots) => deployWarm(stack, 'echo.ts', slots, WORKERS),
		deployStreaming: () => deployWarm(stack, 'chunks.ts', 4, 1),
		deployBalanced: () => deployBalanced(stack),
		deployUnserved: async () => {
			const id = await stack.deploy({ name: 'bench-unserved', directory: import.meta.dirname, command: 'true', pools: ['BLACKWELL_180'], workersMin: 0, workersMax: 1_000 });
			return createTarget(stack.url, id, stack.apiKey, 0);
		},
		processes: () => classifyStack(stack),
	};
}

async function deployWarm(stack: Stack, program: string, slots: number, workers: number): Promise<Target> {
	const id = await stack.deploy({
		name: `bench-${program}-${slots}`,
		directory: resolve(import.meta.dirname, 'worker'),
		command: shellCommand(process.execPath, program),
		env: { CONCURRENCY: String(slots / workers) },
		workersMin: workers,
		workersMax: 64,
		idleTimeoutS: 3_600,
		scaling: { type: 'QUEUE_DELAY', queueDelay: 3_600 },
	});
	const target = createTarget(stack.url, id, stack.apiKey, slots);
	await target.api.untilReady(workers);
	return target;
}

async function deployBalanced(stack: Stack): Promise<BalancedTarget> {
	const id = await stack.deploy({
		name: 'bench-balanced',
		type: 'LOAD_BALANCER',
		directory: resolve(import.meta.dirname, 'worker'),
		command: shellCommand(process.execPath, 'app.ts'),
		workersMin: 1,
		workersMax: 1,
		scaling: { type: 'REQUEST_COUNT', requestCount: 1_000 },
	});
	await stack.api(id).untilReady();
	const url = new URL(stack.url);
	return { url, request: encodeRequest('POST', url, `/lb/${id}/any/path`, stack.apiKey, BODY) };
}

/** Waits until nothing is queued or running. */
export async function untilDrained(target: Target, timeoutS = 120): Promise<Health> {
	for (const deadline = performance.now() + timeoutS * 1_000; ; await sleep(100)) {
		const health = await target.api.health();
		if (health.jobs.inQueue === 0 && health.jobs.inProgress === 0) return health;
		if (performance.now() > deadline) throw new Error(`the queue of ${target.api.base} did not drain within ${timeoutS} s: ${JSON.stringify(health.jobs)}`);
	}
}

function classifyStack(stack: Stack): Map<number, string> {
	const { pids } = stack.local();
	const kinds = new Map<number, string>();
	for (const { pid } of processFamily(stack.pid)) kinds.set(pid, 'supervisor');
	for (const host of Object.values(pids.hosts)) for (const { pid } of processFamily(host)) kinds.set(pid, pid === host ? 'host' : 'worker');
	for (const pid of Object.values(pids.brokers)) kinds.set(pid, 'broker');
	for (const pid of Object.values(pids.nats)) kinds.set(pid, 'nats');
	if (pids.edge !== undefined) kinds.set(pids.edge, 'edge');
	return kinds.set(process.pid, 'generator');
}
