/** `GET /v2/{endpoint}/costs?limit=` and `GET …/costs/{job}`: what jobs cost, as long as they are kept: their parts of their workers' booked time. */
import { isTerminal, type Job } from '@longshore/shared-schema/job/job';
import type { JobCostAnswer } from '@longshore/shared-schema/wire/job-costs';
import { toRunpodStatus } from '@longshore/shared-schema/wire/runpod-job';
import type { EndpointRecord } from '../../core/endpoint-record.ts';
import { type BookedWorker, costOfJob, type JobRun, runShares } from '../../core/job-cost.ts';
import type { Env } from '../../env.ts';
import { addressOf, enterEndpoint, jobStoreOf } from '../../gate/endpoint.ts';
import { goneJob } from '../../gate/gone.ts';
import { type IntegerParameter, integerOf } from '../../gate/query.ts';

/** Entries of an answer when `limit` says nothing. */
export const COSTS_LIMIT_DEFAULT = 100;
export const COSTS_LIMIT: IntegerParameter = { name: 'limit', min: 1, max: 1_000 };

/** Costs of the newest jobs, newest first. */
export async function costs(env: Env, request: Request, endpointId: string): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'read', 'requests');
	const limit = integerOf(request, COSTS_LIMIT, COSTS_LIMIT_DEFAULT);
	const lists = await Promise.all(shardsOf(endpoint).map((shard) => jobStoreOf(env, endpoint.id, shard).list(Number.MAX_SAFE_INTEGER, limit)));
	const newest = lists
		.flat()
		.map(({ job }) => job)
		.sort((a, b) => b.createdAt - a.createdAt)
		.slice(0, limit);
	return Response.json({ costs: await price(env, endpoint, newest, null) });
}

/** The cost of one job. */
export async function costOfOne(env: Env, request: Request, endpointId: string, jobId: string): Promise<Response> {
	const endpoint = await enterEndpoint(env, request, endpointId, 'read', 'status');
	const job = await jobStoreOf(env, endpoint.id, addressOf(env, endpoint, jobId).shard).job(jobId);
	if (job === null) throw await goneJob(env, request, endpoint, jobId);
	const [answer] = await price(env, endpoint, [job], jobId);
	return Response.json(answer);
}

async function price(env: Env, endpoint: EndpointRecord, jobs: readonly Job[], near: string | null): Promise<JobCostAnswer[]> {
	const workers = [...new Set(jobs.flatMap(({ workerId }) => workerId ?? []))];
	if (workers.length === 0) return jobs.map((job) => show(job, undefined, undefined));
	const sinceMs = Math.min(...jobs.flatMap(({ startedAt }) => startedAt ?? []));
	const shards = shardsOf(endpoint).map((shard) => jobStoreOf(env, endpoint.id, shard).runs({ workers, sinceMs, near }));
	const [booked, ...runs] = await Promise.all([env.ENDPOINT_STORE.getByName(endpoint.id).bookedWorkers(workers), ...shards]);
	const bookedOf = new Map(booked.map((worker) => [worker.worker, worker]));
	const shares = runShares(runs.flat() satisfies JobRun[]);
	return jobs.map((job) => show(job, shares.get(job.id), bookedOf.get(job.workerId ?? '')));
}

function show(job: Job, sharedMs: number | undefined, booked: BookedWorker | undefined): JobCostAnswer {
	const cost = sharedMs === undefined || booked === undefined ? null : costOfJob(sharedMs, booked);
	return {
		id: job.id,
		status: toRunpodStatus(job.phase),
		workerId: job.workerId,
		gpuTypeId: booked?.gpuType ?? null,
		gpuCount: booked?.gpus ?? null,
		dataCenterId: booked?.dataCenter ?? null,
		priceKind: booked?.kind ?? null,
		executionTime: job.executionMs,
		startingMs: Math.round(cost?.startingMs ?? 0),
		runningMs: Math.round(cost?.runningMs ?? sharedMs ?? 0),
		idleMs: Math.round(cost?.idleMs ?? 0),
		gpuSeconds: cost?.gpuSeconds ?? 0,
		amount: cost?.amount ?? (job.workerId === null ? 0 : null),
		final: isTerminal(job.phase) && (job.workerId === null || booked?.ended === true),
	};
}

function shardsOf({ shards }: EndpointRecord): number[] {
	return Array.from({ length: shards }, (_, shard) => shard);
}
