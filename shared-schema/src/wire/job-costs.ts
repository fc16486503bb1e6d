/** Shapes of the answers that say what jobs cost (ours; RunPod has nothing like it). */
import * as z from 'zod';
import { RUNPOD_STATUSES } from './runpod-job.ts';

const ms = z.int().min(0);

const view = z.object({
	id: z.string(),
	status: z.enum(RUNPOD_STATUSES),
	workerId: z.string().nullable().describe('The worker of its last attempt; null: none has had it. What earlier attempts took stands in the bill of their workers only.'),
	gpuTypeId: z.string().nullable(),
	gpuCount: z.int().min(0).nullable(),
	dataCenterId: z.string().nullable(),
	priceKind: z.enum(['flex', 'active', 'mixed']).nullable().describe('`mixed`: the worker moved into or out of the endpoint’s minimum.'),
	executionTime: ms.nullable().describe('Milliseconds that the handler ran.'),
	startingMs: ms.describe('Its part of the time that its worker took to start: spread over the jobs of the worker by their running time.'),
	runningMs: ms.describe('Time of its worker that falls to it: its execution time, less where the worker had several jobs in hand.'),
	idleMs: ms.describe('Its part of the time in which its worker waited for jobs.'),
	gpuSeconds: z.number().min(0).describe('The three times, for every GPU of the worker.'),
	amount: z.number().min(0).nullable().describe('US dollars at the price that the worker’s time was booked at; null: nothing is booked of the worker yet.'),
	final: z.boolean().describe('The job and its worker have ended. Until then starting and idle time is spread over what the worker ran so far.'),
});
export const jobCost = view.meta({ id: 'JobCost' });
export type JobCostAnswer = z.infer<typeof jobCost>;

export const jobCosts = z.object({ costs: z.array(view).describe('Newest first.') });
