/** Edge → region: which workers of an endpoint there are right now, asked for by people and not kept. */
import * as z from 'zod';
import { ID_PATTERN, PORTS_MAX, WORKER_PREPARING_CHARS_MAX } from '../limits.ts';
import { openPort } from './open-port.ts';

const id = z.string().regex(ID_PATTERN);

/** Body of `POST workers`. */
export const workersRequest = z.object({ endpointId: id });

/** One worker on one of the region's hosts. */
export const regionWorker = z.object({
	id,
	/** The endpoint's release that it runs. */
	version: z.int().min(1),
	state: z.enum(['initializing', 'idle', 'running', 'unhealthy']),
	/** Takes no more jobs and goes when those in hand have ended. */
	draining: z.boolean(),
	gpuCount: z.int().min(0),
	gpuType: z.string().max(80),
	hostId: id,
	dataCenterId: id,
	/** Jobs in hand. */
	jobs: z.int().min(0),
	startedAgoMs: z.number().min(0),
	/** How it came to life, and how long that took until it could be given work (null: it cannot yet). */
	start: z.object({ kind: z.enum(['cold', 'frozen']), readyMs: z.number().min(0).nullable() }).optional(),
	/** What its host still has to bring before it runs; absent: it runs. */
	preparing: z.string().max(WORKER_PREPARING_CHARS_MAX).optional(),
	/** Where its exposed ports are reached. */
	ports: z.array(openPort).max(PORTS_MAX).optional(),
});
export type RegionWorker = z.infer<typeof regionWorker>;

/** Answer of `POST workers`. */
export const workersAnswer = z.object({ workers: z.array(regionWorker) });
export type WorkersAnswer = z.infer<typeof workersAnswer>;
