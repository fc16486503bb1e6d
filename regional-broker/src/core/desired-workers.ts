/** Decides how many workers an endpoint should have in this region, from its scaler and its queue. */
import type { Scaling } from '@longshore/shared-schema/endpoint/endpoint';
import { type Anticipation, anticipateWorkers } from './anticipate-workers.ts';

export interface DesiredInput {
	readonly scaling: Scaling;
	readonly workersMin: number;
	readonly workersMax: number;
	/** Waiting jobs of normal priority: low priority never scales. */
	readonly queued: number;
	/** Jobs in workers' hands. */
	readonly running: number;
	/** Age of the longest waiting job. */
	readonly oldestWaitMs: number;
	/** Workers of the current release that start, idle or run; not those that drain. */
	readonly serving: number;
	/** Those of `serving` that have not become ready yet. */
	readonly starting: number;
	/** Jobs that ready workers could take now. */
	readonly slotsFree: number;
	/** Off when left out: then the scaler alone decides. */
	readonly anticipation?: Anticipation;
}

export interface Desired {
	readonly workers: number;
	readonly reason: string;
	/** When time alone will change the answer. */
	readonly recheckInMs: number | null;
}

/** Workers wanted, within the grant. Fewer than `serving` means: idle ones may go when their idle timeout ends. */
export function desiredWorkers(input: DesiredInput): Desired {
	const wanted = byScaler(input);
	if (wanted.workers > input.workersMax) return { workers: input.workersMax, reason: `${wanted.reason}; limited to ${input.workersMax} by the grant`, recheckInMs: null };
	const floor = Math.min(input.workersMin, input.workersMax);
	if (wanted.workers < floor) return { ...wanted, workers: floor, reason: `${floor} active workers` };
	return wanted;
}

function byScaler(input: DesiredInput): Desired {
	if (input.anticipation !== undefined) return anticipateWorkers(input, input.anticipation);
	return input.scaling.type === 'REQUEST_COUNT' ? byRequestCount(input, input.scaling.requestCount) : byQueueDelay(input, input.scaling.queueDelayS * 1_000);
}

function byRequestCount(input: DesiredInput, requestCount: number): Desired {
	const workers = Math.ceil((input.queued + input.running) / requestCount);
	return { workers, reason: `ceil((${input.queued} queued + ${input.running} running) / ${requestCount})`, recheckInMs: null };
}

function byQueueDelay(input: DesiredInput, delayMs: number): Desired {
	if (input.queued === 0) return { workers: 0, reason: 'no job waits', recheckInMs: null };
	if (input.serving === 0) return { workers: 1, reason: 'first job of an endpoint without workers', recheckInMs: null };
	const missing = input.queued - input.slotsFree - input.starting;
	if (missing <= 0)
		return { workers: input.serving, reason: `${input.slotsFree} free slots and ${input.starting} starting workers cover ${input.queued} waiting jobs`, recheckInMs: null };
	if (input.oldestWaitMs >= delayMs)
		return { workers: input.serving + missing, reason: `oldest job waits ${Math.round(input.oldestWaitMs)} ms, over ${delayMs} ms`, recheckInMs: null };
	return { workers: input.serving, reason: `oldest job waits less than ${delayMs} ms`, recheckInMs: delayMs - input.oldestWaitMs };
}
