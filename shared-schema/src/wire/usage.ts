/** What hosts say of the time that their workers took: counters that only rise, so that hearing one twice changes nothing. Agent → broker → edge, answered end to end. */
import * as z from 'zod';
import { ID_PATTERN, USAGE_WORKERS_MAX } from '../limits.ts';

const id = z.string().regex(ID_PATTERN);
const totalMs = z.number().min(0);

/** One worker since its start, by its host's monotonic clock. `startingMs` until it first asks for work, `runningMs` with a job in hand, `idleMs` the rest. */
export const workerUsage = z.object({
	id,
	endpointId: id,
	version: z.int().min(1),
	/** GPUs that it holds. */
	gpus: z.int().min(0),
	startingMs: totalMs,
	runningMs: totalMs,
	idleMs: totalMs,
	/** It is gone: these are its last figures. */
	ended: z.boolean(),
});
export type WorkerUsage = z.infer<typeof workerUsage>;

/** On `usageSubject(host)`, and body of `POST usage`. */
export const usageReport = z.object({
	hostId: id,
	dataCenterId: id,
	gpuType: z.string().max(80),
	workers: z.array(workerUsage).min(1).max(USAGE_WORKERS_MAX),
});
export type UsageReport = z.infer<typeof usageReport>;

/** The edge has stored the figures: ended workers may be forgotten. No answer means: tell again. */
export const usageReply = z.object({ stored: z.boolean() });
export type UsageReply = z.infer<typeof usageReply>;
