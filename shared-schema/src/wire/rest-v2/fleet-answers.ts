/** Shapes of the answers about an endpoint's workers and releases (REST v2). Members that are ours say so. */
import * as z from 'zod';
import { openPort } from '../open-port.ts';

const count = z.int().min(0);

const worker = z.object({
	id: z.string(),
	status: z.enum(['RUNNING', 'IDLE', 'INITIALIZING', 'THROTTLED', 'UNHEALTHY']),
	isStale: z.boolean().describe('Runs an older release than the current one.'),
	version: z.int().min(1),
	gpuCount: count,
	image: z.string().nullable(),
	uptimeSeconds: count.nullable(),
	gpuTypeId: z.string().nullable(),
	dataCenterId: z.string().nullable(),
	startedAt: z.iso.datetime().nullable(),
	region: z.string().describe('Ours.'),
	hostId: z.string().nullable().describe('Ours.'),
	isDraining: z.boolean().describe('Ours: takes no more jobs and goes when those in hand have ended.'),
	jobsInHand: count.describe('Ours.'),
	start: z
		.object({ kind: z.enum(['COLD', 'FROZEN']), readyMs: count.nullable() })
		.nullable()
		.describe('Ours: whether it is a new process or was kept frozen by FlashBoot, and how long it took until it could be given work (null: it cannot yet).'),
	preparing: z.string().nullable().describe('Ours: what its host still has to bring, such as `pulling image: 42 % of 5.1 GB`; null: it runs.'),
	ports: z.array(openPort).describe('Ours: where the endpoint’s exposed ports are reached on this worker.'),
});
export type WorkerV2 = z.infer<typeof worker>;

const summary = z.object({ running: count, idle: count, initializing: count, throttled: count, unhealthy: count, total: count });
export type WorkerSummaryV2 = z.infer<typeof summary>;

export const workersV2 = z
	.object({
		workers: z.array(worker),
		summary: summary.describe('The workers by status; they add up to `total`.'),
		endpointVersion: z.int().min(1),
		unreachableRegions: z.array(z.string()).describe('Ours: regions that did not answer, whose workers are missing here.'),
	})
	.meta({ id: 'EndpointWorkers' });
export type WorkersV2 = z.infer<typeof workersV2>;

const release = z.object({
	id: z.string(),
	version: z.int().min(1),
	source: z.enum(['GIT_BUILD', 'MANUAL']),
	buildId: z.null(),
	createdByUserId: z.string(),
	workerCount: count.describe('Workers that run it now.'),
	createdAt: z.iso.datetime(),
	diff: z.array(z.object({ field: z.string(), old: z.unknown(), new: z.unknown() })).describe('What it changed; null: not there.'),
});

export const releasesV2 = z
	.object({
		endpointVersion: z.int().min(1),
		rollout: z.object({
			inProgress: z.boolean(),
			workersOnLatest: count,
			workersTotal: count,
			percentOnLatest: z.int().min(0).max(100).describe('0 when there are no workers.'),
		}),
		releases: z.array(release).describe('Newest first.'),
		unreachableRegions: z.array(z.string()).describe('Ours: regions that did not answer, whose workers are not counted.'),
	})
	.meta({ id: 'EndpointReleases' });
export type ReleasesV2 = z.infer<typeof releasesV2>;

/** Body of `POST /v2/serverless/{id}/rollback`. */
export const rollbackV2 = z.strictObject({ version: z.int().min(1) }).meta({ id: 'Rollback' });
